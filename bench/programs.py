"""Programs that say when they started and stopped, on the clock that all processes of a machine share."""

import asyncio
import os
import time

from taskapi.programs import program

STAMPS = os.open(os.environ.get("BENCH_STAMPS", os.devnull), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def stamp(what, task_id):
    os.write(STAMPS, f"{what} {task_id} {time.monotonic()}\n".encode())


@program
async def stamped(task, seconds: float = 0):
    """Say when it starts, sleep, say when it is cancelled."""
    stamp("started", task.id)
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        stamp("stopped", task.id)
        raise
