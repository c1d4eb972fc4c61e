"""A thread per task, in it an event loop, in it the program."""

import asyncio
import logging
import resource
import threading

from django.db import connections

from taskapi.engines.local import LocalEngine
from taskapi.models import postponed
from taskapi.runner import task_factory

logger = logging.getLogger(__name__)

DEFAULT_SLOTS = 1_000
# What an event loop holds open, and what the server needs besides.
DESCRIPTORS_EACH, DESCRIPTORS_KEPT = 3, 256


class ThreadEngine(LocalEngine):
    name = "threads"

    def take_slots(self, wanted):
        wanted = wanted or DEFAULT_SLOTS
        possible = (descriptors(wanted * DESCRIPTORS_EACH + DESCRIPTORS_KEPT) - DESCRIPTORS_KEPT) // DESCRIPTORS_EACH
        if possible < wanted:
            logger.warning("%d slots instead of %d: each needs %d descriptors", possible, wanted, DESCRIPTORS_EACH)
        return max(1, min(wanted, possible))

    def begin(self, run):
        try:
            threading.Thread(target=self._run, args=(run,), name=f"task-{run.task.pk}", daemon=True).start()
        except RuntimeError as error:
            logger.warning("Task %s waits: %s", run.task.pk, error)
            super().ended(run, postponed(run.task))

    def ended(self, run, move):
        super().ended(run, move)
        asyncio.get_running_loop().stop()

    def _run(self, run):
        try:
            loop = asyncio.new_event_loop()
        except OSError as error:
            logger.warning("Task %s waits: %s", run.task.pk, error)
            super().ended(run, postponed(run.task))
            return
        loop.set_task_factory(task_factory)
        loop.call_soon(run.begin, loop)
        try:
            loop.run_forever()
            loop.run_until_complete(run.close())
        finally:
            # asyncio.run() would look through every task of every loop in the process, for each of them.
            loop.close()
            connections.close_all()


def descriptors(wanted):
    """How many files this process may open, after asking for so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = wanted
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = max(soft, min(wanted, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    return wanted if soft == resource.RLIM_INFINITY else soft
