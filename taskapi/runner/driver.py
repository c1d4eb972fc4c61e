"""Drives the coroutines of a program, so that they can be held at an await and dropped for good."""

import asyncio
import contextvars
import logging
from collections.abc import Coroutine

from asgiref.sync import SyncToAsync

logger = logging.getLogger(__name__)

# It is asgiref's own variable, by which it chooses the thread of what a program calls with sync_to_async, the ORM above
# all. See orm.py.
current_run = SyncToAsync.thread_sensitive_context


class Driver(Coroutine):
    """Passes on to a coroutine what asyncio sends it, while its run is neither held nor dropped.

    A held one waits for a gate instead of going on. A dropped one is not asked again: it is closed, and to asyncio it
    looks as if it had been cancelled.
    """

    __slots__ = ("_coroutine", "_error", "_run")

    def __init__(self, coroutine, run):
        self._coroutine, self._run, self._error = coroutine, run, None

    def send(self, value):
        return self._step(None)

    def throw(self, kind, value=None, traceback=None):
        return self._step(value if value is not None else kind)

    def close(self):
        try:
            self._coroutine.close()
        except RuntimeError as error:  # it awaited something while it was being closed
            logger.warning("Task %s: %s", self._run.claim.pk, error)

    def __getattr__(self, name):
        return getattr(self._coroutine, name)  # cr_frame and its like, by which inspect tells how far it is

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        return self.send(None)

    def _step(self, error):
        if self._run.dropped:
            self.close()
            raise asyncio.CancelledError
        if gate := self._run.gate():
            self._error = error or self._error
            return gate
        error, self._error = error or self._error, None
        return self._coroutine.send(None) if error is None else self._coroutine.throw(error)


def task_factory(loop, coroutine, **kwargs):
    """An asyncio task factory that tells the run about every task that its program makes."""
    run = current_run.get(None)
    if not hasattr(run, "adopt"):  # nobody's, or of a request
        return asyncio.Task(coroutine, loop=loop, **kwargs)
    if asyncio.iscoroutine(coroutine):
        coroutine = Driver(coroutine, run)
    child = asyncio.Task(coroutine, loop=loop, **kwargs)
    run.adopt(child)
    return child


def context_of(run):
    """A context for the program, by which what it starts is known to be its own."""
    context = contextvars.copy_context()
    context.run(current_run.set, run)
    return context
