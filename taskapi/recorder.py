"""Group commit: everything that programs bring about in this process is written here, many rows a transaction."""

import logging
import threading
import time
from collections import deque

from django.db import InterfaceError, OperationalError, connection, transaction

from taskapi.models import Move, Reason, Status, Task

logger = logging.getLogger(__name__)

# A group waits this long for company: less than anybody notices, enough for hundreds of ends.
GATHER = 0.004
GROUP = 500
UNSTORABLE = {"error": "What became of it could not be stored; the log of the server says why."}
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2


class Recorder:
    """Writes what became of the tasks of `worker`, which is set before the first of them is claimed.

    Nothing is dropped while the database is away: the group is tried again until it is in. What waits is bounded by
    the slots of the engine, which gives a slot to the next task only when `done` was called.
    """

    def __init__(self):
        self.worker = None
        self._queue = deque()
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

    def close(self, timeout):
        """Writes what is left. False when the database did not take all of it within so many seconds."""
        with self._change:
            self._closing, self._deadline = True, time.monotonic() + timeout
            self._change.notify()
        self._thread.join(timeout + 1)
        return self._drained

    def _loop(self):
        try:
            while group := self._gather():
                if not self._write_until_done(group):
                    return
                for claim, _, done in group:
                    done(claim)
            self._drained = True
        finally:
            connection.close()

    def _gather(self):
        """The next group; empty when closing and nothing is left."""
        with self._change:
            while not self._queue and not self._closing:
                self._change.wait()
        if not self._closing:
            time.sleep(GATHER)
        with self._change:
            return [self._queue.popleft() for _ in range(min(GROUP, len(self._queue)))]

    def _write_until_done(self, group):
        pause = FIRST_PAUSE
        while True:
            try:
                self._write(group)
                return True
            except (OperationalError, InterfaceError) as error:
                if self._deadline and time.monotonic() + pause > self._deadline:
                    logger.error("%d moves were not written before the end: %s", len(group), error)
                    return False
                logger.warning("The database did not take %d moves, trying again: %s", len(group), error)
                connection.close()
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            except Exception as error:
                group = self._isolate(group, error)

    def _write(self, group):
        moves = [move for _, move, _ in group if move]
        with transaction.atomic():
            won = Task.objects.record(self.worker, moves) if moves else set()
            # Who did not win may have been killed: then its worker, which is us, has to say that nothing runs.
            over = [claim for claim, _, _ in group if claim.pk not in won]
            if over:
                Task.objects.settle(self.worker, over)

    def _isolate(self, group, error):
        """A row that the database refuses must not hold up its group: writes the others, returns it made writable."""
        connection.close()
        if len(group) > 1:
            for entry in group:
                if not self._write_until_done([entry]):
                    break
            return []
        [(claim, move, done)] = group
        logger.error("Task %s: what became of it cannot be stored", claim.pk, exc_info=error)
        if move is None or move.fields == UNSTORABLE:
            return []
        return [(claim, Move(claim.pk, claim.attempt, Status.FAILED, Reason.ERROR, UNSTORABLE), done)]
