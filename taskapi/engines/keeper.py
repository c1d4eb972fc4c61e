"""The lease of an engine, and what has to be looked after meanwhile."""

import logging
import threading
import time

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from taskapi import metrics
from taskapi.models import ForkKey, Reason, Status, Task, Worker
from taskapi.models.queryset import BATCH
from taskapi.runner.threads import abandoned

logger = logging.getLogger(__name__)

# How often the queue and the kills of other processes are looked at; what happens in this one is told at once.
LOOK = 0.5
STRAYS_PAUSE = 5
PRUNE_PAUSE = 60


class Keeper:
    """Holds the lease of an engine's worker; a round takes `look` seconds.

    `worker` is None before the first heartbeat and after the lease was lost; then nothing is claimed.
    """

    def __init__(self, engine):
        self.engine = engine
        self.lease = settings.TASK_LEASE
        self.look = min(LOOK, self.lease.total_seconds() / 6)
        self.retention = settings.TASK_RETENTION
        self.worker = None
        self._beating_since = self._last_beat = self._next_prune = self._next_strays = time.monotonic()

    def round(self):
        """Heartbeat, kills from elsewhere, tasks that came due, workers that died, tasks past their retention.

        Of what there can be thousands it takes a batch, or the heart would not beat meanwhile, and the next at once.
        """
        self._watch()
        if self.worker is None:
            self._enlist()
        if not self.worker.beat():
            self._lose()
            return
        self._note_beat()
        self.pass_signals_on()
        found = self._line_up_due() if not self.engine.closing.is_set() else 0
        self._stop_strays()
        found += self._recover()
        if found:
            self.engine.wake.set()
        self._prune()
        self.engine.retired.wait(self.look if found < BATCH else 0)

    def retire(self):
        """Ends the worker, and hands back whatever its programs did not get done."""
        worker, self.worker = self.worker, None
        connection.close_if_unusable_or_obsolete()  # it may not have been used since the database was away
        try:
            if worker and worker.retire():
                while Task.objects.recover(worker):
                    pass
        except (DatabaseError, InterfaceError) as error:
            logger.error("What is left is not handed back, it is recovered after the lease: %s", error)

    def _enlist(self):
        self.worker = Worker.objects.enlist(self.engine.name, self.engine.slots)
        self.engine.recorder.worker = self.worker
        self._beating_since = self._last_beat = time.monotonic()
        self.engine.wake.set()

    def _lose(self):
        """Our lease was taken: our tasks are somebody else's. Stops their programs, to start as a new worker."""
        logger.error("Worker %s has lost its lease; its programs are stopped", self.worker.pk)
        self.worker = None
        for run in list(self.engine.runs.values()):
            run.stop(Reason.LOST)

    def _note_beat(self):
        """A database that was away, or a process that slept, is nobody's death: the time to judge starts anew."""
        now = time.monotonic()
        if now - self._last_beat > self.lease.total_seconds() / 2:
            self._beating_since = now
        self._last_beat = now

    def may_judge(self):
        """Whether its own heart has beaten for long enough to say of others that they are dead."""
        return time.monotonic() - self._beating_since > self.lease.total_seconds()

    def _recover(self):
        """Takes about a batch of tasks from workers that have died; returns how many there were."""
        if self.may_judge():
            for worker in Worker.objects.silent(self.lease):
                if worker.give_up(self.lease):
                    metrics.workers_lost.inc()
                    logger.warning("Worker %s (%s) has died; its tasks are recovered", worker.pk, worker)
        found = 0
        for worker in Worker.objects.with_leftovers():
            found += Task.objects.recover(worker)
            if found >= BATCH:
                break
        return found

    def _watch(self):
        """Steps in where the loop of a run should have acted and did not, because its program blocks it."""
        metrics.abandoned_threads.set(abandoned())
        now = time.monotonic()
        for run in [run for run in list(self.engine.runs.values()) if run.due is not None and run.due < now]:
            try:
                if run.overdue():
                    self.engine.give_up(run)
            except Exception as error:  # one run must not keep the heart from beating
                logger.error("Task %s cannot be given up", run.claim.pk, exc_info=error)

    def _line_up_due(self):
        """Gives a turn to a batch of tasks whose time has come; returns how many there were."""
        return Task.objects.line_up_due()

    def pass_signals_on(self):
        """Signals that were sent by way of other processes."""
        held = list(self.engine.held)  # before looking, so that what is stopped meanwhile is not let go
        mine = Task.objects.filter(worker=self.worker)
        killed = mine.filter(status=Status.KILLED, reason=Reason.TERMINATING)
        for task_id, signal in killed.values_list("pk", "signal"):
            self.engine.interrupt([task_id], signal)
        stopped = mine.filter(status=Status.RUNNING, reason=Reason.STOPPED)
        stopped = set(stopped.values_list("pk", flat=True))
        self.engine.hold(stopped.difference(held))
        self.engine.go_on(set(held) - stopped)

    def _stop_strays(self):
        """Stops the programs of tasks that are gone from the database, with their owner perhaps."""
        if time.monotonic() < self._next_strays:
            return
        self._next_strays = time.monotonic() + STRAYS_PAUSE
        known = set(self.engine.runs)
        mine = Task.objects.filter(worker=self.worker, status__in=[Status.RUNNING, Status.KILLED])
        if len(known) <= mine.filter(status=Status.RUNNING).count():
            return
        for task_id in known.difference(mine.values_list("pk", flat=True)):
            if run := self.engine.runs.get(task_id):
                run.stop(Reason.TERMINATING)

    def _prune(self):
        """Old keys, and one batch of tasks past their retention; the next one soon when there are more."""
        if time.monotonic() >= self._next_prune:
            more = ForkKey.objects.prune()
            more += Task.objects.prune(self.retention) if self.retention else 0
            self._next_prune = time.monotonic() + (0 if more else PRUNE_PAUSE)


def repeat(name, step, end):
    """A thread that takes a step again and again until this event; a database that is away is waited for."""

    def loop():
        trouble = None
        while not end.is_set():
            try:
                step()
                trouble = None
            except Exception as error:
                trouble = report(error, trouble)
                connection.close()
                end.wait(LOOK)
        connection.close()

    thread = threading.Thread(target=loop, name=name, daemon=True)
    thread.start()
    return thread


def report(error, trouble):
    """Logs an error of the engine's own threads, once as long as it stays the same; returns its text."""
    if not isinstance(error, (DatabaseError, InterfaceError)):
        logger.error("The engine goes on after an error", exc_info=error)
    elif str(error) != trouble:
        logger.warning("The database cannot be used, trying again (is it new? python manage.py migrate): %s", error)
    return str(error)
