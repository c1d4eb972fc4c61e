"""Engines: where tasks run. The seam is engines.base.Engine; TASK_ENGINE chooses one."""

import atexit
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

ENGINES = {
    "threads": "taskapi.engines.threads.ThreadEngine",
    "eventloop": "taskapi.engines.eventloop.EventLoopEngine",
    "immediate": "taskapi.engines.immediate.ImmediateEngine",
}


@cache
def get_engine():
    """The engine that TASK_ENGINE names, by short name or dotted path. Raises ImproperlyConfigured."""
    name = settings.TASK_ENGINE
    try:
        return import_string(ENGINES.get(name, name))()
    except ImportError as error:
        known = ", ".join(ENGINES)
        raise ImproperlyConfigured(
            f"TASK_ENGINE={name!r}: expected {known} or a dotted path to a class ({error})."
        ) from None


def start_engine():
    """Starts running tasks in this process, and stops in good order when it exits. Idempotent."""
    get_engine().start()
    atexit.register(stop_engine)


def stop_engine():
    get_engine().stop()
