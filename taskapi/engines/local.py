"""Runs tasks in this process: claims them, has a subclass run each, keeps the lease, recovers what others left."""

import logging
import os
import threading
import time

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction

from taskapi.engines.base import Engine
from taskapi.models import Reason, Status, Task, Worker
from taskapi.recorder import Recorder
from taskapi.runner import Run

logger = logging.getLogger(__name__)

# How often the queue and the kills of other processes are looked at; what happens in this one is told at once.
LOOK = 0.5
CLAIM = 500
PRUNE_PAUSE = 60


class LocalEngine(Engine):
    """The base of the engines in this process. A subclass says how to run one: `begin(run)`."""

    name = None

    def __init__(self):
        self.lease = settings.TASK_LEASE
        self.grace = settings.TASK_GRACE.total_seconds()
        self.retention = settings.TASK_RETENTION
        self.slots = self.take_slots(settings.TASK_SLOTS)
        self._pid = None
        self._starting = threading.Lock()

    def take_slots(self, wanted):
        """How many tasks can run at once, when so many (None: as many as is good) are wanted."""
        raise NotImplementedError

    def begin(self, run):
        """Starts `run.begin(loop)` on some event loop of this process."""
        raise NotImplementedError

    def open(self):
        """Makes ready what `begin` needs, in a process that has just begun to run tasks."""

    def close(self):
        """Gives back what `open` took."""

    def start(self):
        with self._starting:
            if self._pid == os.getpid():
                return
            self._pid = os.getpid()
            self.runs = {}
            self.worker = None
            self._early = set()
            self._in_doubt = False
            self._next_prune = time.monotonic()
            self._wake = threading.Event()
            self._closing = threading.Event()
            self._retired = threading.Event()
            self.recorder = Recorder()
            self.open()
            self._keeper = threading.Thread(
                target=self._repeat, args=(self._keep, self._retired), name="keeper", daemon=True
            )
            self._dispatcher = threading.Thread(
                target=self._repeat, args=(self._dispatch, self._closing), name="dispatcher", daemon=True
            )
            self._keeper.start()
            self._dispatcher.start()
            logger.info("Engine %s started with %d slots", self.name, self.slots)

    def stop(self):
        if self._pid != os.getpid() or self._closing.is_set():
            return
        self._closing.set()
        self._wake.set()
        # It may have claimed a task that is not yet among the runs.
        self._dispatcher.join(self.grace + 5)
        self._await_runs(self.grace)
        for run in list(self.runs.values()):
            run.stop(Reason.LOST)
        self._await_runs(self.grace + 1)
        self.recorder.close(timeout=self.grace + 5)
        self.close()
        self._retired.set()
        self._keeper.join(self.grace + 5)
        if self.worker:
            self.worker.retire()
        self._pid = None
        logger.info("Engine %s stopped", self.name)

    def submit(self, tasks):
        self._revive()
        if self._pid:
            transaction.on_commit(self._wake.set)

    def interrupt(self, task_ids):
        self._revive()
        if not self._pid:
            return
        for task_id in task_ids:
            # Into the set first: the dispatcher puts a run into the table first and then looks into the set,
            # so that one of the two sees the other.
            self._early.add(task_id)
            if run := self.runs.get(task_id):
                self._early.discard(task_id)
                run.stop(Reason.TERMINATING)

    def _revive(self):
        """Starts again in a process that was forked from the one that had started."""
        if self._pid and self._pid != os.getpid():
            self.start()

    def _await_runs(self, seconds):
        deadline = time.monotonic() + seconds
        while self.runs and time.monotonic() < deadline:
            time.sleep(0.01)

    # The loops of the engine's own threads

    def _repeat(self, step, end):
        """Takes a step again and again until this event; a database that is away is waited for."""
        trouble = None
        while not end.is_set():
            try:
                step()
                trouble = None
            except (DatabaseError, InterfaceError) as error:
                if str(error) != trouble:
                    logger.warning("The database does not answer, trying again: %s", error)
                trouble = str(error)
                connection.close()
                end.wait(LOOK)
            except Exception:
                logger.exception("The %s goes on after an error", threading.current_thread().name)
                end.wait(LOOK)
        connection.close()

    def _dispatch(self):
        """One round: claims all that is due for all free slots."""
        self._wake.wait(LOOK)
        self._wake.clear()
        while self.worker and not self._closing.is_set():
            self._early.clear()
            tasks = self._claim()
            for task in tasks:
                self._launch(Run(task, self.grace, self.ended))
            if len(tasks) < CLAIM:
                return

    def _claim(self):
        """Tasks to run now. After an error it is in doubt whether the database claimed some for us: it is asked."""
        if self._in_doubt:
            tasks = Task.objects.adopt(self.worker, self.runs)
            self._in_doubt = False
            return tasks
        self._in_doubt = True
        tasks = Task.objects.claim(self.worker, min(CLAIM, self.slots - len(self.runs)))
        self._in_doubt = False
        return tasks

    def _launch(self, run):
        self.runs[run.task.pk] = run
        if run.task.pk in self._early:
            run.stop(Reason.TERMINATING)
        self.begin(run)

    def ended(self, run, move):
        """A program has ended, with this move. The slot is free when the move is written."""
        self.recorder.record(run.task.pk, move, self._release)

    def _release(self, task_id):
        self.runs.pop(task_id, None)
        self._wake.set()

    # Lease and recovery

    def _keep(self):
        """One round: heartbeat, kills from elsewhere, tasks that came due, workers that died."""
        if self.worker is None:
            self._enlist()
        if not self.worker.beat():
            self._yield()
            return
        self._note_beat()
        killed = Task.objects.filter(worker=self.worker, status=Status.KILLED, reason=Reason.TERMINATING)
        self.interrupt(killed.values_list("pk", flat=True))
        while not self._closing.is_set() and Task.objects.line_up_due():
            self._wake.set()
        if time.monotonic() - self._beating_since > self.lease.total_seconds():
            self._recover()
        self._prune()
        self._retired.wait(LOOK)

    def _prune(self):
        """One batch of tasks past their retention, and the next one soon when there are more."""
        if self.retention and time.monotonic() >= self._next_prune:
            more = Task.objects.prune(self.retention)
            self._next_prune = time.monotonic() + (0 if more else PRUNE_PAUSE)

    def _enlist(self):
        worker = Worker.objects.enlist(self.name, self.slots)
        self._beating_since = self._last_beat = time.monotonic()
        self.worker = self.recorder.worker = worker
        self._wake.set()

    def _note_beat(self):
        """A database that was away, or a process that slept, is nobody's death: the time to judge starts anew."""
        now = time.monotonic()
        if now - self._last_beat > self.lease.total_seconds() / 3:
            self._beating_since = now
        self._last_beat = now

    def _yield(self):
        """Our lease was taken: our tasks are somebody else's. Stops their programs and starts as a new worker."""
        logger.error("Worker %s has lost its lease; its %d programs are stopped", self.worker.pk, len(self.runs))
        for run in list(self.runs.values()):
            run.stop(Reason.LOST)
        self.worker = None

    def _recover(self):
        for worker in Worker.objects.silent(self.lease):
            if worker.give_up(self.lease):
                logger.warning("Worker %s (%s) has died; its tasks are recovered", worker.pk, worker)
        for worker in Worker.objects.with_leftovers():
            while Task.objects.recover(worker):
                self._wake.set()
