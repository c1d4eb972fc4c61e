"""Group commit: everything that programs bring about in this process is written here, many rows a transaction."""

import contextlib
import logging
import threading
import time
from collections import deque
from itertools import islice

from django.db import DatabaseError, InterfaceError, InternalError, OperationalError, connection

from taskapi import metrics
from taskapi.models import Move, Reason, Status, Task, TaskOutput

logger = logging.getLogger(__name__)

# A group waits this long for company: less than anybody notices, enough for hundreds of ends.
GATHER = 0.004
GROUP = 500
# What programs say is written so often, or as soon as one has said so many bytes.
REPORT_PAUSE = 0.1
REPORT_SOON = 64 * 2**10
GROUP_BYTES = 8 * 2**20
# So many bytes go into one transaction; MariaDB takes 16 MiB in a statement, and doubles quotes and backslashes.
STATEMENT = 4 * 2**20
# Progress that comes with time alone is looked at so often, and for so many tasks at a time.
PACE = 0.5
PACED = 500
IDLE_IN_TRANSACTION = "25P03"  # PostgreSQL's documentation, appendix A
UNSTORABLE = {"error": "What became of it could not be stored; the log of the server says why."}
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2


class Recorder:
    """Writes what became of the tasks of `worker`, which is set before the first of them is claimed.

    Nothing is dropped while the database is away: the group is tried again until it is in. What waits is bounded by
    the slots of the engine, which gives a slot to the next task only when `done` was called, and by the limit of the
    output of each.
    """

    def __init__(self, company=lambda: GROUP):
        """`company()` is how many ends can come: once all have, nobody is waited for."""
        self.worker, self._company = None, company
        self._queue = deque()
        self._reporters = {}
        self._paced = {}
        self._next_report = self._next_pace = time.monotonic()
        self._change = threading.Condition()
        self._closing = False
        self._deadline = None
        self._drained = False
        self._thread = threading.Thread(target=self._loop, name="recorder", daemon=True)
        self._thread.start()

    def record(self, claim, move, done):
        """Writes this Move, or with None settles a killed task whose program has stopped; then calls done(claim)."""
        with self._change:
            self._queue.append((claim, move, done))
            self._change.notify()
        metrics.recorder_queue.inc()

    def report(self, reporter):
        """Writes, soon, what this Reporter has to say; it tells again when there is more."""
        with self._change:
            if reporter.told:
                self._reporters[key(reporter.claim)] = reporter
            if reporter.paced:
                self._paced[reporter] = None
            if reporter.pending > REPORT_SOON:
                self._next_report = 0
            self._change.notify()

    def close(self, timeout):
        """Writes what is left. False when the database did not take all of it within so many seconds."""
        with self._change:
            self._closing, self._deadline = True, time.monotonic() + timeout
            self._change.notify()
        self._thread.join(timeout + 1)
        return self._drained

    def _loop(self):
        with contextlib.suppress(DatabaseError, InterfaceError):
            connection.ensure_connection()  # before programs have taken all that there are
        try:
            while work := self._gather():
                group, reporters = work
                with metrics.flushes.time():
                    if not (self._write_reports(reporters) and self._write_until_done(group)):
                        return
                metrics.recorder_queue.dec(len(group))
                for claim, _, done in group:
                    done(claim)
            self._drained = True
        finally:
            connection.close()

    def _gather(self):
        """The next group of ends and the reporters to hear; None when closing and nothing is left."""
        with self._change:
            while not (self._queue or self._closing or self._due() <= time.monotonic()):
                self._change.wait(self._until_due())
        if self._queue and not self._closing and len(self._queue) < self._company():
            time.sleep(GATHER)
        with self._change:
            group = [self._queue.popleft() for _ in range(min(GROUP, len(self._queue)))]
            reporters = self._next_reporters(group)
            if self._closing and not group and not reporters:
                return None
            return group, reporters

    def _due(self):
        """When there is something to write even if no task ends."""
        report = self._next_report if self._reporters else float("inf")
        return min(report, self._next_pace if self._paced else float("inf"))

    def _until_due(self):
        due = self._due()
        return None if due == float("inf") else max(0, due - time.monotonic())

    def _next_reporters(self, group):
        """Those whose task ends with this group, and the others when it is time for them."""
        now, pop = time.monotonic(), self._reporters.pop
        ending = [reporter for claim, _, _ in group if (reporter := pop(key(claim), None))]
        if self._reporters and (now >= self._next_report or self._closing):
            self._next_report = now + REPORT_PAUSE
            ending += self._next_speakers()
        if now >= self._next_pace and not self._closing:
            self._next_pace = now + PACE
            # From the front to the end of the line, as long as they run.
            paced = [reporter for reporter in list(islice(self._paced, PACED)) if not self._paced.pop(reporter)]
            paced = [reporter for reporter in paced if reporter.paced]
            self._paced |= dict.fromkeys(paced)
            ending += paced
        return ending

    def _next_speakers(self):
        """Up to GROUP of them, and to about GROUP_BYTES of output."""
        chosen, room = [], GROUP_BYTES
        for pk in list(self._reporters)[:GROUP]:
            if room <= 0:
                self._next_report = 0
                break
            chosen.append(self._reporters.pop(pk))
            room -= chosen[-1].pending
        return chosen

    def _write_reports(self, reporters):
        batch, size = [], 0
        for reporter in reporters:
            for report in self._hear(reporter):
                batch.append(report)
                size += len(report.data)
                if size >= STATEMENT:
                    if not self._persist(self._report, batch):
                        return False
                    batch, size = [], 0
        if batch and not self._persist(self._report, batch):
            return False
        for reporter in reporters:
            reporter.stored()
        return True

    def _hear(self, reporter):
        """What it has to say; a program that says nonsense must not end this thread."""
        try:
            return reporter.take_all(self._end_of_output)
        except Exception as error:
            logger.error("Task %s: what it said cannot be understood", reporter.claim.pk, exc_info=error)
            return []

    def _end_of_output(self, task_id):
        ends = []
        self._persist(lambda ids: ends.append(TaskOutput.objects.end_of(ids[0])), [task_id])
        return ends[0] if ends else 0

    def _report(self, reports):
        try:
            Task.objects.report(self.worker, reports)
        except Exception as error:
            if is_away(error):
                raise
            connection.close()
            if len(reports) == 1:
                logger.error("Task %s: what it said cannot be stored", reports[0].task_id, exc_info=error)
                return
            for report in reports:
                self._report([report])

    def _write_until_done(self, group):
        return not group or self._persist(self._write, group)

    def _persist(self, write, group):
        """Calls write(group) until the database has taken it; False when that did not happen before the end."""
        pause = FIRST_PAUSE
        while True:
            try:
                write(group)
                return True
            except (DatabaseError, InterfaceError) as error:
                if not is_away(error):
                    raise
                if self._deadline and time.monotonic() + pause > self._deadline:
                    logger.error("%d moves or reports were not written before the end: %s", len(group), error)
                    return False
                logger.warning("The database did not take %d moves or reports, trying again: %s", len(group), error)
                connection.close()
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def _write(self, group):
        try:
            self._write_moves(group)
        except Exception as error:
            if is_away(error):
                raise
            self._isolate(group, error)

    def _write_moves(self, group):
        moves = [move for _, move, _ in group if move]
        won = Task.objects.record(self.worker, moves) if moves else set()
        # Who did not win may have been killed: then its worker, which is us, has to say that nothing runs. Not in the
        # same transaction, which would lock rows twice and so meet a kill that locks all of them in their order.
        over = [claim for claim, _, _ in group if claim.pk not in won]
        if over:
            Task.objects.settle(self.worker, over)

    def _isolate(self, group, error):
        """A row that the database refuses must not hold up its group: writes each alone, the refused ones writable."""
        connection.close()
        if len(group) > 1:
            for entry in group:
                self._write([entry])
            return
        [(claim, move, done)] = group
        logger.error("Task %s: what became of it cannot be stored", claim.pk, exc_info=error)
        if move and move.fields != UNSTORABLE:
            move = Move(claim.pk, claim.attempt, Status.FAILED, Reason.ERROR, UNSTORABLE)
            self._write([(claim, move, done)])


def is_away(error):
    """Whether the database is gone, rather than refuses what it was given.

    PostgreSQL calls it an InternalError when it ends the connection of a process that was suspended in a transaction.
    """
    if isinstance(error, (OperationalError, InterfaceError)):
        return True
    return isinstance(error, InternalError) and getattr(error.__cause__, "sqlstate", "") == IDLE_IN_TRANSACTION


def key(claim):
    return claim.pk, claim.attempt
