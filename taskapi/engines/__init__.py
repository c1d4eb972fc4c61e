"""Engines: where tasks run. The seam is engines.base.Engine; TASK_ENGINE chooses one."""

import atexit
import os
import signal
import sys
import threading
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from taskapi.engines.base import Engine
from taskapi.programs import problems, unknown_open_programs

ENGINES = {
    "threads": "taskapi.engines.threads.ThreadEngine",
    "eventloop": "taskapi.engines.eventloop.EventLoopEngine",
    "procrastinate": "taskapi.engines.procrastinate.ProcrastinateEngine",
    "immediate": "taskapi.engines.immediate.ImmediateEngine",
}


@cache
def get_engine():
    """The engine that TASK_ENGINE names, by short name or dotted path. Raises ImproperlyConfigured."""
    name = settings.TASK_ENGINE
    try:
        found = import_string(ENGINES.get(name, name))
    except ImportError:
        found = None
    if not (isinstance(found, type) and issubclass(found, Engine)):
        known = ", ".join(ENGINES)
        raise ImproperlyConfigured(f"TASK_ENGINE={name!r}: expected {known} or the dotted path of an Engine.")
    return found()


def start_engine():
    """Starts running tasks in this process, and stops in good order when it exits. Idempotent.

    Raises ImproperlyConfigured when a function was to be a program and cannot be one, or an open program is none.
    """
    if problems:
        raise ImproperlyConfigured(f"{problems[0]} (python manage.py check shows all.)")
    if unknown := unknown_open_programs():
        raise ImproperlyConfigured(f"TASK_OPEN_PROGRAMS: there is no program {unknown[0]}.")
    get_engine().start()
    # Before Python shuts the pools of threads, which it does before it calls what is registered with atexit: in their
    # grace, programs still use the ORM and asyncio.to_thread().
    getattr(threading, "_register_atexit", atexit.register)(stop_engine)
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))  # the default would skip atexit


def stop_engine():
    """Stops running tasks. Under runserver at once: its autoreloader kills this process a moment after Ctrl-C."""
    if "RUN_MAIN" in os.environ:
        get_engine().hurry()
    get_engine().stop()
