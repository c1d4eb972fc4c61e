"""The processes of the topic `sleepers`: so many tasks, asleep at once."""

import asyncio
import threading
import time

from django.utils.module_loading import import_string

from bench.database import fill
from bench.measure import each, settled, usage, wait_until
from taskapi.engines import ENGINES
from taskapi.models import Task, Worker
from taskapi.runner import Run, task_factory

BATCH = 500
GRACE = 5
SETTLE = 0.5  # seconds from the claim of the last task to its sleep


def program(count, seconds):
    """The engine's side alone; see bench.sleepers."""
    fill(count + BATCH, arguments={"seconds": seconds})
    worker, runs = Worker.objects.enlist("bench", count), {}

    def ended(run, move):
        del runs[run.claim.pk]

    Task.objects.claim(worker, BATCH)  # what the first claim needs once is not counted
    before = settled()
    for _ in range(0, count, BATCH):
        for task in Task.objects.claim(worker, min(BATCH, count - len(runs))):
            runs[task.pk] = Run(task, GRACE, ended, report=lambda reporter: None)
    return run_through(runs, before, count)


def run_through(runs, before, count):
    """Begins them all on one loop, as the engine does, and waits for their ends."""
    loop = asyncio.new_event_loop()
    loop.set_task_factory(task_factory)
    threading.Thread(target=loop.run_forever, daemon=True).start()
    claimed = time.process_time()
    for run in list(runs.values()):
        loop.call_soon_threadsafe(run.begin, loop)
    asleep = when_asleep(loop)
    wait_until(lambda: not runs, pause=0.05)
    ended = (time.process_time() - claimed) / count
    return each(before, asleep, count) | {"cpu": (asleep["cpu"] - claimed) / count, "ended": ended}


def when_asleep(loop):
    """The usage of this process once the loop has taken the first step of all that were begun."""
    asleep = threading.Event()
    loop.call_soon_threadsafe(loop.call_soon, asleep.set)
    asleep.wait()
    return usage()


def whole(name, count, seconds):
    """The engine as it is."""
    engine = import_string(ENGINES.get(name, name))()
    fill(count, arguments={"seconds": seconds})
    before = settled()
    engine.start()
    wait_until(lambda: len(engine.runs) == count, seconds)
    time.sleep(SETTLE)
    at_once, asleep = len(engine.runs), usage()
    wait_until(lambda: not engine.runs, pause=0.05)
    ended = (time.process_time() - before["cpu"]) / count
    return each(before, asleep, count) | {"ended": ended, "at once": at_once}
