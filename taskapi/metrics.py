"""What this process does with tasks, counted for Prometheus; taskmanager.metrics shows it.

With PROMETHEUS_MULTIPROC_DIR, processes that answer at one address count together: sums go on after a process has died,
and what it had in hand ("livesum") goes with it.
"""

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from taskapi.programs import programs

disable_created_metrics()  # a second series for each, which nobody reads

SECOND, MINUTE, HOUR = 1, 60, 3_600
# Seconds. From what is at once for people to what has waited or run for too long.
WAITS = (0.01, 0.05, 0.25, SECOND, 5, 15, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 12 * HOUR)
DURATIONS = (0.1, 0.5, SECOND, 5, 15, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR)
FLUSHES = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, SECOND, 5, MINUTE)
# Programs that this server does not have, or no longer.
OTHER = "other"

ended = Counter("taskmanager_tasks_ended", "Tasks that have ended.", ["program", "status", "reason"])
tried_again = Counter("taskmanager_tasks_tried_again", "Attempts after which a task waits for another.", ["program"])
wait = Histogram(
    "taskmanager_task_wait_seconds", "From when a task was due until it started.", ["program"], buckets=WAITS
)
duration = Histogram(
    "taskmanager_task_duration_seconds", "From the last start of a task to its end.", ["program"], buckets=DURATIONS
)
workers_lost = Counter("taskmanager_workers_lost", "Workers that this process has found dead.")
recorder_queue = Gauge(
    "taskmanager_recorder_queue", "Ends of tasks that are not yet in the database.", multiprocess_mode="livesum"
)
flushes = Histogram("taskmanager_recorder_flush_seconds", "Groups written by the recorder.", buckets=FLUSHES)
abandoned_threads = Gauge(
    "taskmanager_abandoned_threads", "Threads of programs that do not stop.", multiprocess_mode="livesum"
)
streams_open = Gauge(
    "taskmanager_streams_open", "Clients that wait, follow or watch at the moment.", multiprocess_mode="livesum"
)


def label(program):
    """The label of a program: there are only as many as this server has programs."""
    return program if program in programs else OTHER


def moved(moves, to, reason, now):
    """Counts tasks that have moved to this status for this reason.

    Each is (its program, since when it was where it was): since it was due or since it has run. None: it had not run.
    """
    for program, since in moves:
        name = label(program)
        seconds = None if since is None else max(0, (now - since).total_seconds())
        if to == "running":
            wait.labels(name).observe(seconds)
        elif to == "pending":
            tried_again.labels(name).inc()
        else:
            ended.labels(name, to, reason if to == "failed" else "").inc()
            if seconds is not None:
                duration.labels(name).observe(seconds)
