import asyncio
from typing import Annotated

from pydantic import Field

from taskapi.programs.registry import program

Seconds = Annotated[float, Field(ge=0, le=86_400, description="How long, up to a day.")]


@program
async def sleep(task, seconds: Seconds = 10):
    """Do nothing for a while (sleep(1))."""
    task.expect(seconds)
    await asyncio.sleep(seconds)
