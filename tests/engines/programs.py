"""Programs for the tests of the engines."""

import asyncio
import math
import sys
from datetime import UTC, datetime

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


async def exits_in_a_child(task):
    """Call exit in an asyncio task of its own."""

    async def child():
        raise KeyboardInterrupt

    await asyncio.create_task(child())


async def exits_in_a_callback(task):
    """Call exit where asyncio lets it through to whoever runs the loop."""
    asyncio.get_running_loop().call_soon(sys.exit, 3)
    await asyncio.sleep(0.1)


async def stops_its_loop(task):
    """Stop the loop, which may be others' too."""
    asyncio.get_running_loop().stop()
    await asyncio.sleep(0.1)


RESULTS = {
    "date": datetime(2026, 1, 1, tzinfo=UTC),
    "nan": math.nan,
    "huge": 2**70,
    "nul": ["a\0b"],
    "surrogate": {"a": "\ud800"},
    "large": "x" * 2_000_000,
    "set": {1},
}


async def returns(task, kind: str):
    """Return what cannot be stored."""
    return RESULTS[kind]


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
    for function in (
        answer,
        crash,
        exits,
        exits_in_a_child,
        exits_in_a_callback,
        stops_its_loop,
        returns,
        unstorable,
        tidy,
        stubborn,
        parent,
        flaky,
        counts_tasks,
    )
}
