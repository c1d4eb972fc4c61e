"""The fleet on PostgreSQL (BENCH_POSTGRES): short tasks through 1, 2 and 4 workers, kills from elsewhere, sleepers.

The baselines of the first are plain Procrastinate and Celery, as many workers with a job that does nothing: no users,
claims, events, fencing or progress, and Procrastinate keeps no results. Celery has its queue in Redis (BENCH_REDIS) and
its results in PostgreSQL; to survive a worker as those of the others do, its tasks are acknowledged late, and each
process reserves one at a time. The range is that of the rounds. All processes and servers share this machine.
"""

import os
import random
import tempfile
import time
from contextlib import ExitStack, contextmanager

import psycopg

from bench import celery, database
from bench.child import Child, run
from bench.measure import medians, percentile, wait_until
from bench.table import Row, compare, mebi, milli, rate, times

FLEET = {"TASK_ENGINE": "procrastinate"}
WORKERS = (1, 2, 4)
TASKS, SLOTS = 2_000, 50
CELERY_TASKS = 500  # it takes longer for each
ROUNDS = 3
KILLS, SLEEPERS = 300, 5_000

PLAIN_LEFT = "SELECT count(*) FROM procrastinate_jobs WHERE status <> 'succeeded'"
PLAIN_TOOK = """SELECT max(at) FILTER (WHERE type = 'succeeded') - min(at) FILTER (WHERE type = 'started')
    FROM procrastinate_events"""
OURS_LEFT = "SELECT count(*) FROM taskapi_task WHERE status <> 'completed'"
OURS_TOOK = "SELECT max(ended_at) - min(started_at) FROM taskapi_task"


def rows():
    url = os.environ.get("BENCH_POSTGRES")
    if not url:
        yield Row("PostgreSQL", "not measured:", "BENCH_POSTGRES", "", "is", "unset")
        return
    baselines = {"Procrastinate": procrastinate, "Celery": in_celery}
    if missing := celery.missing():
        yield Row("beside Celery", "not measured:", missing, "", "is", "missing")
        del baselines["Celery"]
    for count in WORKERS:
        rounds = [
            {name: rate_of(url, count) for name, rate_of in (baselines | {"ours": ours}).items()} for _ in range(ROUNDS)
        ]
        for name in baselines:
            yield beside(f"short tasks, workers: {count}, beside {name}", rounds, name)
    waits, memory = sleepers(url)
    yield compare("kill from another process: p50", None, percentile(waits, 0.5), milli)
    yield compare("kill from another process: p99", None, percentile(waits, 0.99), milli)
    yield compare(f"a worker with {SLEEPERS:,} sleeping tasks: memory more than idle", None, memory, mebi)


def beside(what, rounds, name):
    found, ratios = medians(rounds), [each["ours"] / each[name] for each in rounds]
    row = compare(what, found[name], found["ours"], rate, at_least=0.7)
    row.ratio += f" ({times(min(ratios))} to {times(max(ratios))})"
    return row


def in_celery(url, count):
    """Tasks a second."""
    with celery.at_work(url, CELERY_TASKS, count) as results:
        return CELERY_TASKS / seconds(results, celery.LEFT.format(tasks=CELERY_TASKS), celery.TOOK)


def procrastinate(url, count):
    """Jobs a second."""
    with database.postgres(url) as place:
        environment = {"BENCH_PLAIN": place.url}
        run("bench.plain:fill", TASKS, **environment)
        with at_work("bench.plain:work", count, SLOTS, **environment):
            return TASKS / seconds(place.url, PLAIN_LEFT, PLAIN_TOOK)


def ours(url, count):
    """Tasks a second."""
    with fleet(url) as place:
        run("bench.fleets:fork", TASKS, "sleep", 0, database=place, **FLEET)
        with at_work("bench.fleets:work", count, SLOTS, database=place, **FLEET):
            return TASKS / seconds(place.url, OURS_LEFT, OURS_TOOK)


@contextmanager
def fleet(url):
    """A database with the tables of both, and a user."""
    with tempfile.NamedTemporaryFile() as stamps, database.postgres(url) as place:
        place.stamps = stamps.name
        run("bench.database:prepare", database=place, **FLEET)
        yield place


@contextmanager
def at_work(target, count, *arguments, **options):
    """So many processes, begun at the same time."""
    with ExitStack() as stack:
        workers = [stack.enter_context(Child(target, *arguments, **options)) for _ in range(count)]
        for _ in ("ready", "begun"):
            for worker in workers:
                worker.ask()
        yield workers


def seconds(url, left, took):
    """How long it took until nothing was left, by the database's own notes."""
    with psycopg.connect(url, autocommit=True) as server:
        if not wait_until(lambda: server.execute(left).fetchone() == (0,), pause=0.2):
            raise TimeoutError
        return server.execute(took).fetchone()[0].total_seconds()


def sleepers(url):
    """(seconds from each kill to the stop of its program, bytes of all who sleep in one worker)."""
    with fleet(url) as place, at_work("bench.fleets:work", 1, SLEEPERS, database=place, **FLEET) as [worker]:
        before = worker.ask()
        ids = run("bench.fleets:fork", SLEEPERS, "stamped", 600, database=place, **FLEET)
        with psycopg.connect(place.url, autocommit=True) as server:
            running = "SELECT count(*) FROM taskapi_task WHERE status = 'running'"
            wait_until(lambda: server.execute(running).fetchone() == (SLEEPERS,), pause=0.5)
        after = worker.ask()
        killed = run("bench.fleets:kill", random.sample(ids, KILLS), database=place, **FLEET)
        time.sleep(1)
        stopped = place.stamped("stopped")
        waits = [stopped.get(task_id, float("inf")) - at for task_id, at in killed.items()]
        return waits, after["memory"] - before["memory"]
