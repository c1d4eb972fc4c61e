"""A fleet under fire: what its clients and its workers go through, and what must be true afterwards."""

import os
import random
import signal
import time
from datetime import timedelta

import psycopg
import pytest
from django.utils import timezone

from tests.conftest import wait_for
from tests.faults.cluster import cluster  # noqa: F401  a fixture
from tests.faults.load import Load, check
from tests.server import Server, WorkerProcess

SECONDS = int(os.environ.get("FLEET_SECONDS") or (60 if os.environ.get("CI") else 20))
LEASE, GRACE = 3, 1
ENVIRONMENT = {"TASK_LEASE": f"{LEASE}s", "TASK_GRACE": f"{GRACE}s"}


class FleetLoad(Load):
    """Forks commands, plain sleeps and what is due later, too."""

    def body(self):
        body, what = super().body(), self.random.random()
        if what < 0.1:
            body["run_at"] = (timezone.now() + timedelta(seconds=self.random.uniform(0, 4))).isoformat()
        elif what < 0.2:
            body |= {"program": "command", "arguments": {"argv": ["sh", "-c", "sleep 0.2; exit $((TASK_ID % 2))"]}}
        elif what < 0.25:
            body["arguments"] = {"seconds": 5}
        return body


class Fleet:
    """Workers, to whom things happen; who is gone is replaced."""

    def __init__(self, url, seed, size=3):
        self.url, self.random, self.size = url, random.Random(seed), size
        self.workers, self.gone, self.suspended = [], [], {}
        self.happened = dict.fromkeys(["kill", "term", "hurry", "suspend"], 0)

    def __enter__(self):
        self.fill()
        return self

    def __exit__(self, *error):
        for worker in self.suspended:
            worker.process.send_signal(signal.SIGCONT)
        for worker in self.workers:
            worker.__exit__(*error)
            self.gone.append((worker.process.returncode, ""))

    def fill(self):
        for worker in [worker for worker in self.workers if worker.process.poll() is not None]:
            self.workers.remove(worker)
            self.suspended.pop(worker, None)
            self.gone.append((worker.process.returncode, worker.output()))
            worker.log.close()
        while len(self.workers) < self.size:
            worker = WorkerProcess(self.url, "--slots", "50", TASK_OPEN_PROGRAMS="command", **ENVIRONMENT)
            self.workers.append(worker.__enter__())

    def step(self):
        """Something happens to one of them, perhaps."""
        self.wake()
        awake = [worker for worker in self.workers if worker not in self.suspended]
        if awake and self.random.random() < 0.12:
            what = self.random.choice(list(self.happened))
            self.happened[what] += 1
            getattr(self, what)(self.random.choice(awake))
        self.fill()

    def calm(self):
        """Nothing more happens; what has happened is got over."""
        self.wake()
        self.fill()

    def wake(self):
        for worker, until in list(self.suspended.items()):
            if time.monotonic() > until:
                worker.process.send_signal(signal.SIGCONT)
                del self.suspended[worker]

    def kill(self, worker):
        worker.kill()

    def term(self, worker):
        worker.process.terminate()

    def hurry(self, worker):
        worker.process.terminate()
        time.sleep(0.2)
        worker.process.terminate()

    def suspend(self, worker):
        """For a moment, or for longer than its lease."""
        worker.process.send_signal(signal.SIGSTOP)
        self.suspended[worker] = time.monotonic() + self.random.choice([1, 2.5 * LEASE])


@pytest.fixture
def web(cluster):  # noqa: F811
    environment = ENVIRONMENT | {"TASK_ENGINE": "procrastinate", "TASK_OPEN_PROGRAMS": "command"}
    with Server(cluster.url, **environment) as web:
        yield web


def settled(cluster):  # noqa: F811
    """Whether all tasks have ended."""
    with psycopg.connect(cluster.url, autocommit=True) as database:
        return not database.execute("SELECT id FROM taskapi_task WHERE ended_at IS NULL LIMIT 1").fetchall()


def check_fleet(cluster, load):  # noqa: F811
    """Each task has ended once, as it was promised, and no job is left over."""
    with psycopg.connect(cluster.url, autocommit=True) as database:
        check(database.cursor(), load)
        wait_for(lambda: database.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() == (0,), seconds=30)
