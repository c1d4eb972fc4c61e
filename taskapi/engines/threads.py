"""A thread per task, in it an event loop, in it the program."""

import logging
import threading

from django.db import connections

from taskapi.engines.local import LocalEngine
from taskapi.models import postponed
from taskapi.runner import abandon, drive, new_loop
from taskmanager.descriptors import descriptors

logger = logging.getLogger(__name__)

DEFAULT_SLOTS = 1_000
# What an event loop holds open, and what connections and the rest of the server need.
DESCRIPTORS_EACH, DESCRIPTORS_KEPT = 3, 4_096


class ThreadEngine(LocalEngine):
    name = "threads"

    def take_slots(self, wanted):
        wanted = wanted or DEFAULT_SLOTS
        found = descriptors(wanted * DESCRIPTORS_EACH + DESCRIPTORS_KEPT)
        possible = (found - min(DESCRIPTORS_KEPT, found // 2)) // DESCRIPTORS_EACH
        if possible < wanted:
            logger.warning("%d slots instead of %d: each needs %d descriptors", possible, wanted, DESCRIPTORS_EACH)
        return max(1, min(wanted, possible))

    def begin(self, run):
        try:
            threading.Thread(target=self._run, args=(run,), name=name_of(run), daemon=True).start()
        except RuntimeError as error:
            self._postpone(run, error)

    def give_up(self, run):
        super().give_up(run)
        for thread in threading.enumerate():
            if thread.name == name_of(run):
                abandon(thread)

    def _run(self, run):
        try:
            loop = new_loop()
        except OSError as error:
            self._postpone(run, error)
            return
        try:
            drive(run, loop)
        finally:
            connections.close_all()

    def _postpone(self, run, error):
        """No thread, or no descriptor for its loop: the task waits, it does not fail."""
        logger.warning("Task %s waits: %s", run.claim.pk, error)
        self.ended(run, postponed(run.claim))


def name_of(run):
    """The name of its thread."""
    return f"task-{run.claim.pk}-{run.claim.attempt}"
