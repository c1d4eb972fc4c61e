"""Event loops on which programs run."""

import asyncio
import contextlib
import logging

from taskapi.runner.driver import task_factory

logger = logging.getLogger(__name__)

# Seconds for what is left of a program that was given up.
LINGER = 1


def new_loop():
    """An event loop for programs. Raises OSError when there are no descriptors for one."""
    loop = asyncio.new_event_loop()
    loop.set_task_factory(task_factory)
    return loop


def drive(run, loop):
    """Runs it on this event loop, in this thread, until its program and all that it started have ended; closes it.

    It is not asyncio.run(): that would look through every task of every loop in the process at the end, once for each.
    """
    tell = run.ended

    def ended(run, move):
        tell(run, move)
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(loop.stop)  # from another thread when the run was given up

    run.ended = ended
    loop.call_soon(run.begin, loop)
    try:
        run_until(loop, lambda: run.over)
        if left := run.drop():
            loop.run_until_complete(asyncio.wait(left, timeout=LINGER))
        with contextlib.suppress(TimeoutError):
            loop.run_until_complete(asyncio.wait_for(loop.shutdown_asyncgens(), LINGER))
    finally:
        loop.close()


def run_until(loop, over):
    """Runs the loop until it is stopped when over() is true: a program may stop a loop, or end it with an exit."""
    while not over():
        try:
            loop.run_forever()
        except (SystemExit, KeyboardInterrupt):  # these asyncio lets through to whoever runs the loop
            logger.warning("A program called for an exit of the server")
