"""One attempt at one task, from its claim to its end."""

import contextlib
import logging
import threading
import time
from asyncio import CancelledError, get_running_loop

from taskapi.exceptions import CannotStart, ProgramFailed, UnknownProgram
from taskapi.models import Reason, Signal, failure, postponed
from taskapi.programs import get_program
from taskapi.runner import orm, outcome
from taskapi.runner.driver import Driver, context_of
from taskapi.runner.hold import Hold
from taskapi.runner.task import RunningTask
from taskapi.runner.threads import in_thread

logger = logging.getLogger(__name__)

# How much later than the loop's own timers somebody else steps in.
MARGIN = 0.5
PRIVATE = ("_child", "_children", "_clock", "_ending", "_hold", "_loop", "_move", "_signal", "_task", "_timer")


class Run:
    """One attempt at one task, from its claim to its end.

    `ended(run, move)` is called once when the program and all that it started have stopped: with the Move that records
    what became of the task, or with None when that was decided elsewhere (it was killed). `report(reporter)` is called
    when its program has said something.

    All callbacks and no coroutine of its own: a hundred thousand of these wait at once.
    """

    __slots__ = ("claim", "dropped", "due", "ended", "grace", "over", "report", "stopping", *PRIVATE, "__weakref__")

    # One for all: it is held for a moment, and a hundred thousand of them would take ten megabytes.
    _lock = threading.Lock()

    def __init__(self, claim, grace, ended, report):
        self.claim, self.grace, self.ended, self.report = claim, grace, ended, report
        self.stopping = self.due = None
        self.over = self.dropped = self._ending = False
        self._loop = self._child = self._children = self._hold = self._move = self._signal = self._task = None
        self._clock = self._timer = None

    def begin(self, loop):
        """Starts the program. Call it on this loop, once."""
        with self._lock:
            self._loop = loop
        if self.stopping:
            self._finish(outcome.of_stop(self.claim, self.stopping))
            return
        self._task = RunningTask(self)
        try:
            coroutine = self._coroutine()
        except UnknownProgram:
            self._finish(failure(self.claim, Reason.ERROR, f"This server has no program {self.claim.program}."))
            return
        except Exception as error:
            self._finish(outcome.of_error(self.claim, error))
            return
        context = context_of(self)
        self._child = loop.create_task(Driver(coroutine, self), context=context)
        self._child.add_done_callback(self._done, context=context)
        if self.claim.timeout is not None:
            self._start_clock(self.claim.timeout)
            self._stop_clock()

    def stop(self, reason, signal=Signal.TERM):
        """Makes the program stop, from any thread: TERMINATING when it was killed, LOST when its worker stops.

        The signal says how: TERM and INT leave it the grace to clean up, KILL does not.
        """
        with self._lock:
            if self.stopping:
                return
            self.stopping, self._signal = reason, signal
            self.due = time.monotonic() + self.grace + 2 * MARGIN
            if hold := self._hold:
                hold.resumed.set()
            self._call(self._stop)

    def hold(self):
        """Holds the program at its next await or checkpoint, from any thread, until `go_on`."""
        with self._lock:
            if self._hold or self.stopping:
                return
            self._hold = Hold()
            self._call(self._stop_clock)

    def go_on(self):
        """Lets a held program continue, from any thread."""
        with self._lock:
            hold, self._hold = self._hold, None
            if hold:
                hold.resumed.set()
                self._call(self._resume, hold)

    @property
    def _exited(self):
        """What asgiref asks of its own contexts, for one of which this stands, before it looks for their thread."""
        if not self.over:
            orm.threads.give(self)
        return self.over

    def checkpoint(self):
        """See RunningTask.checkpoint()."""
        while (hold := self._hold) and not self.stopping and not on_a_loop():
            hold.resumed.wait()
        if self.stopping:
            raise CancelledError

    def gate(self):
        """What a coroutine of the program has to wait for before it goes on, or None."""
        hold = self._hold
        if hold is None or self.stopping or self._task.on_signal:
            return None
        return hold.gate(self._loop)

    def overdue(self):
        """True when its time to stop is over and its loop does not say that it has; it is to be given up then."""
        if not self.stopping and not self._hold:
            self.stop(Reason.TIMEOUT)
            return False
        return bool(self.stopping) and not self.over

    def give_up(self):
        """Ends it although its program goes on, because whatever that is in does not return."""
        self.dropped = True
        self._call(self.drop)
        self._close(outcome.of_stop(self.claim, self.stopping))

    def adopt(self, child):
        """Keeps track of an asyncio task that the program made, to be cancelled with it."""
        if self._children is None:
            self._children = set()
        self._children.add(child)
        child.add_done_callback(self._forget)
        if self._ending:
            child.cancel()

    def drop(self):
        """Lets nothing of the program go on; returns the asyncio tasks of it that will notice on their loop."""
        self.dropped = True
        left = [child for child in (self._child, *(self._children or ())) if child and not child.done()]
        for child in left:
            child.cancel()
        return left

    def _coroutine(self):
        program = get_program(self.claim.program)
        call = program.bind(self._task, self.claim.arguments)
        self.claim.arguments = None  # the program has its own
        return call() if program.is_async else self.call_plainly(call)

    def call_plainly(self, function):
        """A coroutine that calls a plain function where it holds up nobody."""
        return in_thread(function, f"task-{self.claim.pk}-program")

    def _call(self, function, *arguments):
        """Has the loop call it. Waking the loop is what makes a kill quick."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the program has ended
                self._loop.call_soon_threadsafe(function, *arguments)

    def _start_clock(self, seconds):
        self._clock = self._loop.call_later(seconds, self.stop, Reason.TIMEOUT)
        self.due = time.monotonic() + seconds + MARGIN

    def _stop_clock(self):
        """The program is held: its timeout does not run meanwhile."""
        if (hold := self._hold) is None or self._child is None or self.stopping or self._ending:
            return
        if self._clock:
            hold.left = max(0, self._clock.when() - self._loop.time())
            self._cancel_timers()
            self.due = None
        self._pass_on(Signal.STOP)

    def _resume(self, hold):
        hold.open()
        if self._child is None or self.stopping or self._ending:
            return
        if hold.left is not None:
            self._start_clock(hold.left)
        self._pass_on(Signal.CONT)

    def _pass_on(self, signal):
        """Tells a program that sees to signals itself. False when this one does not, or fails to."""
        if self._task.on_signal is None:
            return False
        try:
            self._task.on_signal(signal, self.grace)
        except Exception as error:
            logger.error("Task %s: %s cannot take a signal", self.claim.pk, self.claim.program, exc_info=error)
            return False
        return True

    def _stop(self):
        if self._child is None or self._child.done() or self._ending:
            return
        self._cancel_timers()
        if hold := self._hold:
            hold.open()
        if self._pass_on(self._signal):
            self._timer = self._loop.call_later(self.grace + MARGIN, self._lose_patience)
        elif self._signal == Signal.KILL:
            self.drop()
        else:
            self._child.cancel()
            self._timer = self._loop.call_later(self.grace, self._lose_patience)

    def _lose_patience(self):
        logger.warning("Task %s: %s did not stop within the grace", self.claim.pk, self.claim.program)
        self.drop()

    def _done(self, child):
        if self.over:
            return
        error = None if child.cancelled() else child.exception()  # asking marks it as seen
        self.claim.exit_code = self._task.exit_code
        try:
            move = self._move_after(child, error)
        except Exception as unexpected:  # a result or an error that cannot even be looked at
            move = outcome.of_error(self.claim, unexpected)
        self._finish(move)

    def _move_after(self, child, error):
        if self.stopping:
            return outcome.of_stop(self.claim, self.stopping)
        if isinstance(error, CannotStart):
            logger.warning("Task %s waits: %s", self.claim.pk, error)
            return postponed(self.claim)
        if child.cancelled():
            return failure(self.claim, Reason.ERROR, "The program cancelled itself.")
        if error:
            self._log(error)
            return outcome.of_error(self.claim, error)
        return outcome.of_result(self.claim, child.result(), self._task.progress_known)

    def _log(self, error):
        """For whoever wrote the program: where it failed, unless it says itself what is wrong."""
        trace = None if isinstance(error, ProgramFailed) else error
        logger.info(
            "Task %s: %s failed: %s", self.claim.pk, self.claim.program, outcome.describe(error), exc_info=trace
        )

    def _forget(self, child):
        self._children.discard(child)
        if self._ending and not self._children:
            self._close(self._move)

    def _finish(self, move):
        """The program has ended. The run has when what the program had started has too, or after the grace."""
        self._cancel_timers()
        self._ending, self._move = True, move
        if not self._children:
            self._close(move)
            return
        for child in list(self._children):
            child.cancel()
        self._timer = self._loop.call_later(self.grace, self._drop_children)

    def _drop_children(self):
        self.drop()
        self._close(self._move)

    def _close(self, move):
        with self._lock:
            if self.over:
                return
            self.over = True
        if self._task:
            self._task.closed = True
        if not self.dropped:
            self._task = self._child = None  # they refer to the run; a circle would wait for the garbage collector
        self.dropped = True  # whatever of the program comes later is dropped
        try:
            orm.threads.take_back(self)
        finally:
            self.ended(self, move)

    def _cancel_timers(self):
        for timer in filter(None, (self._clock, self._timer)):
            timer.cancel()
        self._clock = self._timer = None


def on_a_loop():
    """Whether this thread runs an event loop, so that waiting in it would stop others."""
    try:
        get_running_loop()
    except RuntimeError:
        return False
    return True
