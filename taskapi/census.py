"""Figures of all processes and users together, from the database, as Prometheus collects them.

Whichever process is asked answers the same. As in taskapi.stats, what has ended is counted once and then followed, and
one computation serves all who ask at the same time. The figures are some seconds old: twenty times as long as reading
them took, and at least FRESH.
"""

from collections import Counter
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from prometheus_client.metrics_core import GaugeMetricFamily

from taskapi.metrics import OTHER, label
from taskapi.models import Status, Task, Worker
from taskapi.programs import programs
from taskapi.stats import RENEW, RENEW_SHARE, SETTLED, SHARE, Pace, Shared

FRESH, OLDEST = 2, 60  # seconds
# By how much the clock of a worker can be ahead. Without an end, SQLite would not take the index of what has ended.
AHEAD = timedelta(days=1)


class Census:
    """Not for several threads at once; see Shared."""

    def __init__(self):
        self._reading = Pace(SHARE, least=FRESH, most=OLDEST)
        self._counting = Pace(RENEW_SHARE, least=RENEW)

    def look(self):
        """(tasks by (status, program), (number of those that wait, for how many seconds the first does), workers)."""
        self._reading.step(self._read)
        return self._found

    def _read(self):
        now = timezone.now()
        self._counting.step(self._count, now - SETTLED)
        if now - self._mark > 2 * SETTLED:
            self._settled, self._mark = self._settled + ended(self._mark, now - SETTLED), now - SETTLED
        tasks = self._settled + ended(self._mark, now + AHEAD) + Task.objects.open().count_by_program()
        waiting, since = Task.objects.oldest_wait()
        waited = max(0, (now - since).total_seconds()) if since else 0
        self._found = tasks, (waiting, waited), Worker.objects.census()

    def _count(self, mark):
        """All that had ended before the mark, anew, because of what was pruned."""
        self._settled, self._mark = Task.objects.filter(ended_at__lt=mark).count_by_program(), mark


def ended(since, until):
    """How many ended from then until then, by (status, program)."""
    return Task.objects.filter(ended_at__gte=since, ended_at__lt=until).count_by_program()


class Collector:
    """Tells Prometheus what the census has found; without a database, that there is none."""

    def __init__(self):
        self.look = Shared(Census().look).get

    def describe(self):
        return []  # without this, registering would ask the database

    def collect(self):
        yield gauge(
            "streams_limit", "How many may wait, follow and watch at once, in each process.", settings.STREAM_LIMIT
        )
        try:
            found = self.look()
        except (DatabaseError, InterfaceError):
            connection.close()
            yield gauge("database_up", "Whether the database answers.", 0)
            return
        yield gauge("database_up", "Whether the database answers.", 1)
        yield from families(*found)


def families(tasks, waiting, workers):
    yield by_program(tasks)
    yield gauge("tasks_waiting", "Tasks that are due and wait for a slot.", waiting[0])
    yield gauge("oldest_wait_seconds", "For how long the first of them has waited.", waiting[1])
    yield gauge("slots", "How many tasks the living workers can run at once.", workers["slots"] or 0)
    running = sum(number for (status, _), number in tasks.items() if status == Status.RUNNING)
    yield gauge("slots_busy", "How many tasks are running.", running)
    family = GaugeMetricFamily(
        "taskmanager_workers", "Workers that have not ended, by their heartbeats.", labels=["state"]
    )
    for state in ("alive", "silent"):
        family.add_metric([state], workers[state])
    yield family


def by_program(tasks):
    """The tasks in each status, of each program; with noughts, which an alert can compare."""
    numbers = Counter({(status, program): 0 for status in Status for program in (*programs, OTHER)})
    for (status, program), number in tasks.items():
        numbers[status, label(program)] += number
    family = GaugeMetricFamily("taskmanager_tasks", "Tasks in the database.", labels=["status", "program"])
    for (status, program), number in numbers.items():
        family.add_metric([str(status), program], number)
    return family


def gauge(name, text, value):
    return GaugeMetricFamily(f"taskmanager_{name}", text, value)
