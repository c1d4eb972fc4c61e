"""The processes of the topic `kill`: an owner of many sleeping tasks, and those who kill some of them."""

import asyncio
import random
import threading
import time

from bench.database import fill
from bench.kill import PAUSE
from bench.measure import wait_until
from bench.naive import move
from taskapi.engines.eventloop import EventLoopEngine
from taskapi.models import Status, Task

SLEEP = 600


def start(count):
    """An engine with so many tasks asleep, and their ids."""
    engine = EventLoopEngine()
    fill(count, program="stamped", arguments={"seconds": SLEEP})
    engine.start()
    wait_until(lambda: len(engine.runs) == count)
    time.sleep(1)
    return engine, list(engine.runs)


def owner(count):
    _, ids = start(count)
    yield ids


def owner_kills(count, kills):
    engine, ids = start(count)
    killed = kill_some(random.sample(ids, kills), engine.kill)
    time.sleep(1)
    return killed


def kill(ids):
    """In a process that runs no tasks."""
    return kill_some(ids, EventLoopEngine().kill)


def kill_some(ids, kill):
    """Kills one after the other; returns when each was, by its id."""
    killed = {}
    for task in Task.objects.filter(pk__in=ids):
        killed[task.pk] = time.monotonic()
        kill(task)
        time.sleep(random.uniform(0, PAUSE))  # noqa: S311  not a secret
    return killed


def bare(count, kills):
    """Seconds from each kill to its CancelledError, on a loop with nothing but sleeps."""
    fill(kills)
    loop, stopped = asyncio.new_event_loop(), {}
    threading.Thread(target=loop.run_forever, daemon=True).start()
    sleeps = asyncio.run_coroutine_threadsafe(sleep_many(count, stopped), loop).result()
    coroutines = dict(zip(Task.objects.values_list("pk", flat=True), sleeps, strict=False))

    def kill(task):
        move(task, Status.KILLED)
        loop.call_soon_threadsafe(coroutines[task.pk].cancel)

    killed = kill_some(list(coroutines), kill)
    time.sleep(1)
    return [stopped[coroutines[pk]] - at for pk, at in killed.items()]


async def sleep_many(count, stopped):
    return [asyncio.create_task(sleep(stopped)) for _ in range(count)]


async def sleep(stopped):
    try:
        await asyncio.sleep(SLEEP)
    finally:
        stopped[asyncio.current_task()] = time.monotonic()
