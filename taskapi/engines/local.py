"""Runs tasks in this process: claims them, has a subclass run each, hands back what it cannot finish."""

import logging
import os
import threading
import time

from django.conf import settings
from django.db import transaction

from taskapi.engines.base import Engine
from taskapi.engines.keeper import LOOK, Keeper, repeat
from taskapi.models import Reason, Signal, Task
from taskapi.recorder import Recorder
from taskapi.runner import Run

logger = logging.getLogger(__name__)

CLAIM = 500
# After the grace, programs are given up; so many seconds later the last of their runs has ended.
PATIENCE = 2


class LocalEngine(Engine):
    """The base of the engines in this process. A subclass says how to run one: `begin(run)`."""

    name = None
    keeper_class = Keeper

    def __init__(self):
        self.grace = settings.TASK_GRACE.total_seconds()
        self.slots = self.take_slots(settings.TASK_SLOTS)
        self.hurried = threading.Event()
        self._pid = None
        self._starting, self._holding = threading.Lock(), threading.Lock()

    def take_slots(self, wanted):
        """How many tasks can run at once, when so many (None: as many as is good) are wanted."""
        raise NotImplementedError

    def begin(self, run):
        """Starts `run.begin(loop)` on some event loop of this process."""
        raise NotImplementedError

    def open(self):
        """Makes ready what `begin` needs, in a process that has just begun to run tasks."""

    def hand_back(self):
        """Nothing more is claimed: leaves to others what was meant to be."""

    def close(self):
        """Gives back what `open` took."""

    def start(self):
        with self._starting:
            if self._pid == os.getpid():
                return
            self._pid = os.getpid()
            self.runs, self.held, self._holding = {}, set(), threading.Lock()
            self.wake, self.closing, self.retired = threading.Event(), threading.Event(), threading.Event()
            self.hurried.clear()
            self._early, self._in_doubt = {}, False
            self.recorder = Recorder(company=lambda: len(self.runs))
            self.keeper = self.keeper_class(self)
            self.open()
            self._threads = [
                repeat("dispatcher", self._dispatch, end=self.closing),
                repeat("keeper", self.keeper.round, end=self.retired),
            ]
            logger.info("Engine %s started with %d slots", self.name, self.slots)

    def stop(self):
        if self._pid != os.getpid() or self.closing.is_set():
            return
        dispatcher, keeper = self._threads
        self.closing.set()
        self.wake.set()
        try:
            # It may have claimed a task that is not yet among the runs.
            dispatcher.join(self.grace + LOOK)
            self.hand_back()
            self._await_runs(self.grace)
            for run in list(self.runs.values()):
                run.stop(Reason.LOST)
            self._await_runs(self.grace + PATIENCE)
            self.recorder.close(timeout=1 if self.hurried.is_set() else self.grace + 5)
        finally:
            self.retired.set()
            keeper.join(self.grace + LOOK)
            self.close()
            self._pid = None
            self.keeper.retire()
        logger.info("Engine %s stopped", self.name)

    def works(self):
        self._revive()
        alive = self._pid == os.getpid() and all(thread.is_alive() for thread in self._threads)
        return alive and not self.closing.is_set() and self.keeper.worker is not None

    def hurry(self):
        self.hurried.set()

    def submit(self, tasks):
        self._revive()
        if self._pid:
            transaction.on_commit(self.wake.set)

    def interrupt(self, task_ids, signal=Signal.TERM):
        self._revive()
        if not self._pid:
            return
        for task_id in task_ids:
            # Into the table first: the dispatcher puts a run into its own first and then looks into this one,
            # so that one of the two sees the other.
            self._early[task_id] = signal
            if run := self.runs.get(task_id):
                self._early.pop(task_id, None)
                run.stop(Reason.TERMINATING, signal)

    def hold(self, task_ids):
        self._revive()
        with self._holding:
            for run in self._those(task_ids):
                self.held.add(run.claim.pk)
                run.hold()

    def go_on(self, task_ids):
        self._revive()
        with self._holding:
            for run in self._those(task_ids):
                self.held.discard(run.claim.pk)
                run.go_on()

    def give_up(self, run):
        """Ends a run whose program does not come back, and gives its slot to another."""
        logger.error("Task %s: %s is given up; it goes on, and nothing can stop it", run.claim.pk, run.claim.program)
        run.give_up()

    def _those(self, task_ids):
        """The runs of these tasks in this process."""
        return [run for pk in task_ids if (run := self.runs.get(pk))] if self._pid else []

    def _revive(self):
        """Starts again in a process that was forked from the one that had started."""
        if self._pid and self._pid != os.getpid():
            self.start()

    def _await_runs(self, seconds):
        deadline = time.monotonic() + seconds
        while self.runs and time.monotonic() < deadline and not self.hurried.is_set():
            time.sleep(0.01)

    def _dispatch(self):
        """One round: claims all that is due for all free slots."""
        self.wake.wait(LOOK)
        self.wake.clear()
        worker = self.keeper.worker
        while worker and not self.closing.is_set():
            self._early.clear()
            claims = self._claim(worker)
            for claim in claims:
                self._launch(worker, Run(claim, self.grace, self.ended, self.recorder.report))
            self._in_doubt = False
            # With a limit for each user, a claim of a few may have left out some that are next.
            if len(claims) < CLAIM and not (claims and settings.TASK_USER_RUNNING):
                return

    def _claim(self, worker):
        """What to run now. After an error, tasks may have been claimed and not run: they are looked for."""
        if self._in_doubt:
            return Task.objects.adopt(worker, self.runs)
        self._in_doubt = True
        return Task.objects.claim(worker, min(CLAIM, self.slots - len(self.runs)))

    def _launch(self, worker, run):
        pk = run.claim.pk
        self.runs[pk] = run
        if signal := self._early.pop(pk, None):
            run.stop(Reason.TERMINATING, signal)
        if self.keeper.worker is not worker:
            run.stop(Reason.LOST)  # the lease was lost since the claim
        self.begin(run)

    def ended(self, run, move):
        """A program has ended, with this move. The slot is free when the move is written."""
        self.recorder.record(run.claim, move, self._release)

    def _release(self, claim):
        run = self.runs.get(claim.pk)
        if run and run.claim is claim:
            with self._holding:
                del self.runs[claim.pk]
                self.held.discard(claim.pk)
            self.wake.set()
