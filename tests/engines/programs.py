"""Programs for the tests of the engines."""

import asyncio

from taskapi.models import Task
from taskapi.programs import Program

STARTED, CLEANED_UP = [], []


async def answer(task, value: int = 42):
    """Return a value."""
    return {"value": value, "task": task.id, "attempt": task.attempt}


async def crash(task):
    """Raise an error whose text no database takes as it is."""
    raise ValueError("no\0 good \ud800")


async def exits(task):
    """Call exit, as a careless program may."""
    raise SystemExit(3)


async def unstorable(task):
    """Return what is no JSON."""
    return object()


async def tidy(task):
    """Sleep, and clean up when cancelled."""
    STARTED.append(task.id)
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.05)
        CLEANED_UP.append(task.id)


async def stubborn(task):
    """Swallow every cancellation."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass


async def parent(task):
    """Leave a child task behind."""
    children.append(asyncio.create_task(asyncio.sleep(60)))


async def flaky(task):
    """Fail until the third attempt."""
    if task.attempt < 3:
        raise RuntimeError(f"attempt {task.attempt}")


async def counts_tasks(task):
    """Ask the database."""
    return await Task.objects.acount()


children = []

TEST_PROGRAMS = {
    function.__name__: Program(function)
    for function in (answer, crash, exits, unstorable, tidy, stubborn, parent, flaky, counts_tasks)
}
