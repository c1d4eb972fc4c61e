"""Runs tasks that are delivered, and keeps the rows of tasks and their jobs in step."""

import contextlib
import random
import threading
import time
from collections import deque
from itertools import islice

from django.db import DatabaseError, InterfaceError, connection

from taskapi.engines.eventloop import EventLoopEngine
from taskapi.engines.keeper import LOOK, Keeper, repeat
from taskapi.engines.local import CLAIM
from taskapi.engines.procrastinate import jobs
from taskapi.engines.procrastinate.delivery import Delivery
from taskapi.models import Task
from taskapi.programs import programs

DEFAULT_SLOTS = 1_000
# A claim that comes so soon after the last one waits so long for company: jobs come a few at a time.
SOON, GATHER = 0.06, 0.03
# How often rows and jobs are compared, about.
COMPARE_PAUSE = 5


class FleetKeeper(Keeper):
    """Besides a lease, looks after tasks and jobs that have lost each other."""

    def __init__(self, engine):
        super().__init__(engine)
        self._passing = threading.Lock()
        self._next_comparison = 0

    def pass_signals_on(self):
        with self._passing:  # the listener does so, too, and the older view must not come last
            if self.worker:
                super().pass_signals_on()

    def _line_up_due(self):
        return Task.objects.line_up_due(jobs.line_up)

    def _recover(self):
        found = super()._recover()
        if time.monotonic() < self._next_comparison:
            return found
        self._next_comparison = time.monotonic() + COMPARE_PAUSE * random.uniform(0.5, 1.5)  # noqa: S311  not a secret
        Task.objects.step_out(jobs.forgotten())
        if self.may_judge():
            jobs.remove_orphans(self.lease)
        return found


class FleetWorker(EventLoopEngine):
    """Runs the tasks that Procrastinate delivers: those of these programs (None: of all that there are)."""

    name = "procrastinate"
    keeper_class = FleetKeeper

    def __init__(self, slots=None, names=None):
        self._wanted = slots
        self.programs = names
        super().__init__()

    def take_slots(self, wanted):
        return self._wanted or wanted or DEFAULT_SLOTS

    def open(self):
        super().open()
        self._delivered, self._asked, self._jobs = deque(), {}, {}
        self._last_claim = 0
        queues = [jobs.queue_of(name) for name in self.programs or programs]
        self.delivery = Delivery(queues, self.slots, self.deliver)
        self._listener = repeat("listener", self._listen, end=self.retired)

    def stop(self):
        if self._pid and not self.closing.is_set():
            self.delivery.stop()
        super().stop()

    def hand_back(self):
        turns = self._asked | dict(list(self._delivered))
        self._delivered.clear()
        connection.close_if_unusable_or_obsolete()
        with contextlib.suppress(DatabaseError, InterfaceError):  # then others find them
            Task.objects.step_out(turns)

    def close(self):
        self.delivery.join(self.grace + LOOK)
        self._listener.join(self.grace + LOOK)
        super().close()

    def works(self):
        """Whether all its threads do."""
        return all(thread.is_alive() for thread in (*self._threads, self._listener, self._thread, self.delivery))

    def deliver(self, task_id, job_id):
        """A job has come: its task is to be claimed."""
        self._delivered.append((task_id, job_id))
        self.wake.set()

    def _claim(self, worker):
        if self._in_doubt:
            claims = Task.objects.adopt(worker, self.runs)
            for job in self._keep_jobs(claims).items():
                self.deliver(*job)
            return claims
        if not self._delivered:
            return []
        if time.monotonic() - self._last_claim < SOON:
            time.sleep(GATHER)
        self._asked = self._take_delivered()
        self._in_doubt = True
        claims = Task.objects.claim(worker, len(self._asked), self._asked)
        self._last_claim = time.monotonic()
        for job in self._keep_jobs(claims).values():
            self.delivery.release(job)
        return claims

    def _take_delivered(self):
        """{task id: job id} of what can be claimed now."""
        room = min(CLAIM, self.slots - len(self.runs))
        taken = [self._delivered.popleft() for _ in islice(list(self._delivered), max(0, room))]
        turns = dict(taken)
        for task, job in taken:
            if turns[task] != job:
                self.delivery.release(job)  # an earlier job of the same task
        return turns

    def _keep_jobs(self, claims):
        """Keeps the jobs of what was claimed until its run has ended; returns {task id: job id} of what was not."""
        asked, self._asked = self._asked, {}
        for claim in claims:
            if job := asked.pop(claim.pk, None):
                self._jobs[claim.pk, claim.attempt] = job
        return asked

    def _release(self, claim):
        super()._release(claim)
        if job := self._jobs.pop((claim.pk, claim.attempt), None):
            self.delivery.release(job)

    def _listen(self):
        """Hears of signals, until the connection breaks or the worker ends."""
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {jobs.CHANNEL}")
        while not self.retired.is_set():
            with connection.wrap_database_errors:
                notices = list(connection.connection.notifies(timeout=LOOK, stop_after=1))
            worker = self.keeper.worker
            if worker and str(worker.pk) in {notice.payload for notice in notices}:
                self.keeper.pass_signals_on()
