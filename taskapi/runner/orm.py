"""The threads in which asyncio programs use the ORM.

Without a choice, asgiref has one thread for all of them: one that blocks keeps all others waiting, and a connection
that breaks stays broken. With one for each run, a thousand programs would hold a thousand connections. So there are a
few.
"""

import contextlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import SyncToAsync
from django.db import connections

THREADS = 16


class Threads:
    """Each run keeps to one of THREADS threads from its first use of the ORM to its end."""

    def __init__(self):
        self._lock = threading.Lock()
        # By process and number: what was forked has none of these threads.
        self._used = {}

    def give(self, run):
        """Has asgiref run in a thread what this run calls."""
        with self._lock:
            if run in SyncToAsync.context_to_thread_executor:
                return
            executor, users = self._used.get(number_of(run)) or (ThreadPoolExecutor(max_workers=1), set())
            users.add(id(run))
            self._used[number_of(run)] = executor, users
            SyncToAsync.context_to_thread_executor[run] = executor

    def take_back(self, run):
        """The run has ended. With its last user, a thread ends; a connection that is broken is closed before."""
        if run not in SyncToAsync.context_to_thread_executor:
            return
        with self._lock:
            del SyncToAsync.context_to_thread_executor[run]
            executor, users = self._used[number_of(run)]
            users.discard(id(run))
            with contextlib.suppress(RuntimeError):  # the interpreter is about to exit
                executor.submit(close_broken if users else connections.close_all)
            if not users:
                del self._used[number_of(run)]
                executor.shutdown(wait=False)


def number_of(run):
    return os.getpid(), run.claim.pk % THREADS


def close_broken():
    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()


threads = Threads()
