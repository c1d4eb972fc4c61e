import asyncio
from typing import Annotated

from pydantic import Field

from taskapi.programs.registry import program


@program
async def sleep(task, seconds: Annotated[float, Field(ge=0, le=86_400)] = 10):
    """Do nothing for a while (sleep(1))."""
    await asyncio.sleep(seconds)
