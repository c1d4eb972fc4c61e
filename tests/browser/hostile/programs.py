import asyncio
from typing import Annotated, Literal

from pydantic import Field

from taskapi.programs import program
from tests.browser.hostile.markup import markup

Text = Annotated[str, Field(title=markup("title"), description=markup("hint"))]
DEFAULT = markup("default")


async def repeat(task, text: Text = DEFAULT, end: Literal["return", "raise", "stay"] = "return"):
    task.print(text.replace("argument", "output"))
    task.progress(0.5, text.replace("argument", "progress"))
    if end == "raise":
        raise ValueError(text.replace("argument", "error"))
    if end == "stay":
        await asyncio.sleep(600)
    return {text.replace("argument", "key"): text.replace("argument", "value")}


# A docstring is a literal, which could not be made of anything.
repeat.__doc__ = markup("summary")
program(repeat)
