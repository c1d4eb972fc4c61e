"""Runs a plain function in a thread, for a coroutine that waits for it."""

import asyncio
import contextlib
import contextvars
import logging
import threading
import weakref

from django.db import connections

from taskapi.exceptions import CannotStart

logger = logging.getLogger(__name__)

# Threads whose run has ended and that go on all the same, until whatever they are in returns.
_abandoned = weakref.WeakSet()


def abandon(thread):
    _abandoned.add(thread)


def abandoned():
    """How many threads of programs that do not stop this process has."""
    return sum(thread.is_alive() for thread in list(_abandoned))


async def in_thread(function, name):
    """What the function returns or raises, from a thread of its own; this coroutine waits even when cancelled.

    Closed before that, it leaves the thread to itself.
    """
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    context = contextvars.copy_context()

    def work():
        outcome = context.run(attempt, function)
        try:
            connections.close_all()
        except Exception as error:
            logger.warning("A program left a connection that cannot be closed: %s", error)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(deliver, done, *outcome)

    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        raise CannotStart(str(error)) from None
    try:
        return await persistently(done)
    finally:
        if done.cancel():
            abandon(thread)


def attempt(function):
    """(result, error) of the function."""
    try:
        return function(), None
    except StopIteration as error:  # no future takes it
        return None, RuntimeError(f"the program raised {error!r}")
    except BaseException as error:
        return None, error


def deliver(future, result, error):
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


async def persistently(future):
    """Waits for the future through every cancellation; then the future has its way."""
    while not future.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(future)
    return future.result()
