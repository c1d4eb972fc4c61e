"""Commands are nicer than those that watch over them (nice(2)): a fork bomb would leave these no time to end it."""

import contextlib
import os
from _queue import SimpleQueue
from _thread import start_new_thread

BEFORE = os.getpriority(os.PRIO_PROCESS, 0)
NICE = min(19, BEFORE + 10)


def hurry():
    """Takes precedence over everything, where that is allowed (nice(2), and sched(7) for the autogroup)."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w") as file:
        file.write("-20")


def nicely():
    """A function that does some work at the niceness of commands, and returns what that returns."""
    return do_nicely if os.getpriority(os.PRIO_PROCESS, 0) < BEFORE else NiceThread().do


def do_nicely(work):
    """This way if it was allowed to hurry, and therefore is allowed to hurry again."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, NICE)
    try:
        return work()
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)


class NiceThread:
    """This way otherwise: to Linux, each thread has a niceness of its own (setpriority(2)), which processes inherit."""

    def __init__(self):
        self.works, self.results = SimpleQueue(), SimpleQueue()
        start_new_thread(self.serve, ())

    def do(self, work):
        self.works.put(work)
        result, error = self.results.get()
        if error:
            raise error
        return result

    def serve(self):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
        while True:
            self.results.put(attempt(self.works.get()))


def attempt(work):
    """(what it returns, None) or (None, the exception)."""
    try:
        return work(), None
    except Exception as error:
        return None, error
