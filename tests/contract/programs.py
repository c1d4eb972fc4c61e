import asyncio

from taskapi.exceptions import ProgramFailed
from taskapi.programs import program


@program
async def talk(task, text: str = "hello\n", times: int = 1, pause: float = 0.0):
    """Say something."""
    for _ in range(times):
        task.write(text)
        await asyncio.sleep(pause)


@program
async def fail(task, text: str = "no, not so"):
    """Raise an error."""
    raise ValueError(text)


@program
async def leave(task, code: int = 3):
    """End with an exit code."""
    raise ProgramFailed("It had enough.", exit_code=code)


@program
async def answer(task, size: int = 0):
    """Return so many characters."""
    return {"text": "x" * size}


@program
async def linger(task, seconds: float = 1.0):
    """Take its time to clean up."""
    try:
        task.print("here")
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(seconds)
        task.print("gone")
