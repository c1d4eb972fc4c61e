"""Celery as a baseline of the topic `fleet`: its workers take tasks from Redis and store results in PostgreSQL."""

import os
import secrets
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bench import database

# `make bench` makes it, when the fleet is to be measured.
PYTHON = Path(sys.prefix) / "bench" / "bin" / "python"
REDIS = os.environ.get("BENCH_REDIS", "redis://127.0.0.1:6379")
# A worker has as many processes as there are cores, which is Celery's default.
WORKER = ("-m", "celery", "-A", "bench.celeries", "worker", "-Q", "idle", "--loglevel", "ERROR")

LEFT = "SELECT {tasks} - count(*) FROM celery_taskmeta WHERE status = 'SUCCESS'"
TOOK = "SELECT max(date_done) - min(date_done) FROM celery_taskmeta"


def missing():
    """What Celery lacks to be measured here; None if nothing."""
    if not PYTHON.exists():
        return f"{PYTHON}: make bench"
    broker = urlsplit(REDIS)
    try:
        socket.create_connection((broker.hostname, broker.port or 6379), timeout=5).close()
    except OSError:
        return f"Redis at {REDIS} (BENCH_REDIS)"
    return None


@contextmanager
def at_work(url, tasks, count):
    """So many workers, who have just begun with so many tasks; the URL of the database of their results."""
    with database.postgres(url) as place, ExitStack() as stack:
        environment = os.environ | {
            "BENCH_REDIS": REDIS,
            "BENCH_RESULTS": "db+" + urlsplit(place.url)._replace(scheme="postgresql+psycopg").geturl(),
            "BENCH_PREFIX": f"bench-{secrets.token_hex(4)}:",
        }
        environment.pop("DJANGO_SETTINGS_MODULE", None)  # it is none of Celery's
        stack.callback(run, environment, "clear")
        run(environment, "fill", tasks)
        for number in range(count):
            stack.enter_context(worker(environment, number))
        run(environment, "begin", count)
        yield place.url


def run(environment, what, count=0):
    subprocess.run([PYTHON, "-m", "bench.celeries", what, str(count)], env=environment, check=True)  # noqa: S603  ours


@contextmanager
def worker(environment, number):
    log = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    name = f"bench{number}@%h"
    process = subprocess.Popen([PYTHON, *WORKER, "-n", name], env=environment, **log)  # noqa: S603  ours
    try:
        yield
    finally:
        process.terminate()
        process.wait()
