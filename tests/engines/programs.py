"""Programs for the tests of the engines."""

import asyncio
import math
import sys
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal

from asgiref.sync import sync_to_async
from django.db import connection

from taskapi.exceptions import ProgramFailed
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
    STARTED.append(task.id)
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


async def breaks_its_connection(task):
    """Leave the connection to the database unusable."""

    def close():
        connection.ensure_connection()
        connection.connection.close()

    await sync_to_async(close)()


async def occupies_the_orm(task, seconds: float):
    """Keep the thread of its database work busy."""
    await sync_to_async(time.sleep)(seconds)


async def says(task):
    """Report progress in a few ways."""
    task.progress(0.25, "a quarter\0")
    await asyncio.sleep(0.3)
    for letter in task.track("abcd"):
        task.print("letter", letter)
    task.write("no line end \ud800")


async def expects_after_words(task):
    """Say words before any number."""
    task.progress(None, "preparing")
    task.expect(Decimal(5))
    await asyncio.sleep(0.7)


async def expects_and_prints(task):
    """Expect to take a while, and print."""
    task.expect(1)
    for number in range(5):
        task.print(number)
        await asyncio.sleep(0.02)


class Odd(dict):
    """A result that cannot even be looked at."""

    def items(self):
        raise RuntimeError("no")


async def returns_odd(task):
    """Return what breaks whoever looks at it."""
    return Odd(a=1)


async def exits_oddly(task):
    """Set what is no exit status."""
    task.exit_code = 70_000


async def leaves_a_stubborn_child(task):
    """Return, and leave a child that swallows every cancellation."""
    asyncio.get_running_loop().create_task(stubborn(task))
    await asyncio.sleep(0.05)


async def cannot_take_signals(task):
    """Raise when told of a signal."""

    def fail(signal, grace):
        raise RuntimeError("no")

    task.on_signal = fail
    await asyncio.sleep(60)


async def fails_on_the_way(task):
    """Report progress, print, and fail."""
    task.progress(0.5, "half")
    task.print("so far so good")
    raise ProgramFailed("It is broken", exit_code=3)


async def overstates(task):
    """Report impossible progress."""
    task.progress(1.5)


async def prints(task, lines: int, width: int = 99):
    """Print many lines."""
    for number in range(lines):
        task.print(f"{number:0{width}}")
        await asyncio.sleep(0)
    return lines


async def prints_again(task):
    """Print in each attempt, and fail in all but the last."""
    task.print("attempt", task.attempt)
    if task.attempt < 3:
        raise RuntimeError


def plain(task, value: int = 1):
    """Be a plain function."""
    for _ in task.track(range(4)):
        time.sleep(0.01)
    return {"value": value, "tasks": Task.objects.count()}


def plain_crash(task):
    """Be a plain function that raises what no future takes."""
    raise StopIteration("no")


def plain_ticks(task):
    """Count, and ask from time to time whether to go on."""
    while True:
        task.checkpoint()
        TICKS[task.id] = TICKS.get(task.id, 0) + 1
        time.sleep(0.005)


async def ticks(task):
    """Count, in two coroutines, and clean up with an await when cancelled."""

    async def count():
        while True:
            TICKS[task.id] = TICKS.get(task.id, 0) + 1
            await asyncio.sleep(0.005)

    try:
        await asyncio.gather(count(), count())
    finally:
        await asyncio.sleep(0.01)
        CLEANED_UP.append(task.id)


def plain_blocks(task):
    """Never ask."""
    STARTED.append(task.id)
    RELEASE.wait()


async def blocks(task):
    """Keep the loop to itself."""
    STARTED.append(task.id)
    RELEASE.wait()


async def asks(task):
    """Compute without an await, but ask."""
    while True:
        task.checkpoint()


TICKS = {}
RELEASE = threading.Event()
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
        breaks_its_connection,
        occupies_the_orm,
        says,
        expects_after_words,
        expects_and_prints,
        returns_odd,
        exits_oddly,
        leaves_a_stubborn_child,
        cannot_take_signals,
        fails_on_the_way,
        overstates,
        prints,
        prints_again,
        plain,
        plain_crash,
        plain_ticks,
        plain_blocks,
        ticks,
        blocks,
        asks,
    )
}
