"""The baseline without Django: coroutines on one asyncio loop, and nothing else."""

import asyncio

from bench.measure import each, settled, usage


def sleepers(count, seconds):
    """What each of so many coroutines takes that sleep together; `ended` is the CPU until all have."""
    return asyncio.run(sleep_together(count, seconds))


async def sleep_together(count, seconds):
    before = settled()
    tasks = [asyncio.create_task(asyncio.sleep(seconds)) for _ in range(count)]
    await asyncio.sleep(0)
    asleep = usage()
    while not all(task.done() for task in reversed(tasks)):
        await asyncio.sleep(0.05)
    return each(before, asleep, count) | {"ended": (usage()["cpu"] - before["cpu"]) / count}
