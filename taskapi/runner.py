"""Runs ONE task: starts its program on an event loop, stops it when asked, and says what became of it."""

import asyncio
import contextlib
import contextvars
import json
import logging
import re
import threading
import traceback

import orjson
from django.conf import settings

from taskapi.exceptions import UnknownProgram
from taskapi.models import Move, Reason, failure
from taskapi.programs import get_program

logger = logging.getLogger(__name__)

ERROR_LIMIT = 2_000
# NUL as JSON writes it, and not the text of a backslash followed by "u0000".
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
PRIVATE = ("_child", "_children", "_ending", "_loop", "_move", "_timer")

current_run = contextvars.ContextVar("current_run", default=None)


class RunningTask:
    """What a program is given as `task`."""

    __slots__ = ("attempt", "id", "name")

    def __init__(self, claim):
        self.id, self.name, self.attempt = claim.pk, claim.name, claim.attempt


class Run:
    """One attempt at one task, from its claim to its end.

    `ended(run, move)` is called once, on the loop, when the program and all that it started have stopped: with the Move
    that records what became of the task, or with None when that was decided elsewhere (it was killed).

    All callbacks and no coroutine of its own: a hundred thousand of these wait at once.
    """

    __slots__ = ("ended", "grace", "over", "stopping", "task", *PRIVATE)

    # One for all: it is held for a moment, and a hundred thousand of them would take ten megabytes.
    _lock = threading.Lock()

    def __init__(self, task, grace, ended):
        self.task, self.grace, self.ended = task, grace, ended
        self.stopping = None
        self.over = self._ending = False
        self._loop = self._child = self._children = self._move = self._timer = None

    def begin(self, loop):
        """Starts the program. Call it on this loop, once."""
        with self._lock:
            self._loop = loop
        if self.stopping:
            self._finish(self._outcome_of_stop())
            return
        try:
            coroutine = get_program(self.task.program).start(RunningTask(self.task), self.task.arguments)
            self.task.arguments = None  # the program has its own
        except UnknownProgram:
            self._finish(failure(self.task, Reason.ERROR, f"This server has no program {self.task.program}."))
            return
        except Exception as error:
            self._finish(failure(self.task, Reason.ERROR, describe(error)))
            return
        context = context_of(self)
        self._child = loop.create_task(coroutine, context=context)
        self._child.add_done_callback(self._done, context=context)
        if self.task.timeout is not None:
            self._timer = loop.call_later(self.task.timeout, self._stop, Reason.TIMEOUT)

    def stop(self, reason):
        """Asks the program to stop, from any thread: TERMINATING when it was killed, LOST when its worker stops."""
        with self._lock:
            if self._loop is None:
                self.stopping = self.stopping or reason
                return
        # Waking the loop is what makes a kill quick: a cancel() from here would wait for its next event.
        with contextlib.suppress(RuntimeError):  # the loop is closed: the program has ended
            self._loop.call_soon_threadsafe(self._stop, reason)

    def adopt(self, child):
        """Keeps track of an asyncio task that the program made, to be cancelled with it."""
        if self._children is None:
            self._children = set()
        self._children.add(child)
        child.add_done_callback(self._forget)
        if self._ending:
            child.cancel()

    def _forget(self, child):
        self._children.discard(child)
        if self._ending and not self._children:
            self._close()

    def _stop(self, reason):
        if self.stopping or self._child is None or self._child.done():
            return
        self.stopping = reason
        self._child.cancel()
        self._cancel_timer()
        self._timer = self._loop.call_later(self.grace, self._abandon)

    def _abandon(self):
        """The program did not end within its grace: its task ends all the same."""
        self._child.remove_done_callback(self._done)
        logger.warning("Task %s: %s goes on after its end; it swallows cancellation", self.task.pk, self.task.program)
        self._finish(self._outcome_of_stop())

    def _done(self, child):
        if self.stopping:
            if not child.cancelled():
                child.exception()  # marks it as seen
            self._finish(self._outcome_of_stop())
        elif child.cancelled():
            self._finish(failure(self.task, Reason.ERROR, "The program cancelled itself."))
        elif error := child.exception():
            logger.info("Task %s: %s failed", self.task.pk, self.task.program, exc_info=error)
            self._finish(failure(self.task, Reason.ERROR, describe(error)))
        else:
            self._finish(self._outcome_of_result(child.result()))

    def _outcome_of_result(self, result):
        try:
            check_storable(result)
        except (TypeError, ValueError, RecursionError) as error:
            return failure(self.task, Reason.ERROR, f"The result cannot be stored as JSON: {error}.")
        return Move.completion(self.task, result)

    def _outcome_of_stop(self):
        if self.stopping == Reason.TIMEOUT:
            return failure(self.task, Reason.TIMEOUT, f"It took longer than its timeout of {self.task.timeout:g} s.")
        if self.stopping == Reason.LOST:
            return failure(self.task, Reason.LOST, "The server stopped before it had ended.")
        return None

    def _finish(self, move):
        """The program has ended. The run has when what the program had started has too, or after the grace."""
        self._cancel_timer()
        self._ending, self._move = True, move
        if not self._children:
            self._close()
            return
        for child in list(self._children):
            child.cancel()
        self._timer = self._loop.call_later(self.grace, self._close)

    def _close(self):
        self._cancel_timer()
        if not self.over:
            self.over = True
            self.ended(self, self._move)

    def _cancel_timer(self):
        if self._timer:
            self._timer.cancel()
            self._timer = None


def drive(run):
    """Runs it on an event loop of its own, in this thread, until its program and all that it started have ended.

    Raises OSError when there are no descriptors for a loop; then nothing has begun. It is not asyncio.run(): that
    would look through every task of every loop in the process at the end, once for each of them.
    """
    loop = asyncio.new_event_loop()
    loop.set_task_factory(task_factory)
    tell = run.ended

    def ended(run, move):
        tell(run, move)
        loop.stop()

    run.ended = ended
    loop.call_soon(run.begin, loop)
    try:
        run_until(loop, lambda: run.over)
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def run_until(loop, over):
    """Runs the loop until it is stopped when over() is true: a program may stop a loop, or end it with an exit."""
    while not over():
        try:
            loop.run_forever()
        except (SystemExit, KeyboardInterrupt):  # these asyncio lets through to whoever runs the loop
            logger.warning("A program called for an exit of the server")


def context_of(run):
    """A context for the program, by which what it starts is known to be its own."""
    context = contextvars.copy_context()
    context.run(current_run.set, run)
    return context


def task_factory(loop, coroutine, **kwargs):
    """An asyncio task factory that tells the run about every task that its program makes."""
    child = asyncio.Task(coroutine, loop=loop, **kwargs)
    if run := current_run.get():
        run.adopt(child)
    return child


def check_storable(result):
    """Raises TypeError or ValueError, with a sentence, for what no JSON column and no client can take."""
    text = json.dumps(result, allow_nan=False)
    if len(text) > settings.RESULT_LIMIT:
        raise ValueError(f"it is larger than the limit of {settings.RESULT_LIMIT:,} bytes")
    if NUL.search(text):
        raise ValueError("it has a NUL character in a string")
    orjson.dumps(result)


def describe(error):
    """An exception in a line or two for people: its type and message, no stack trace."""
    text = "".join(traceback.format_exception_only(error)).strip()
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()[:ERROR_LIMIT]
