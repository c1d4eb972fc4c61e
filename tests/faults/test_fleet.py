"""A fleet under fire: workers that are killed, drained and suspended, users who kill, a database that crashes."""

import logging
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
from tests.faults.load import TASKS, Load, check
from tests.server import Server, WorkerProcess

SECONDS = int(os.environ.get("FLEET_SECONDS") or (60 if os.environ.get("CI") else 20))
SEEDS = [int(seed) for seed in os.environ.get("FLEET_SEEDS", "1,7").split(",")]
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
        for worker, until in list(self.suspended.items()):
            if time.monotonic() > until:
                worker.process.send_signal(signal.SIGCONT)
                del self.suspended[worker]
        awake = [worker for worker in self.workers if worker not in self.suspended]
        if awake and self.random.random() < 0.12:
            what = self.random.choice(list(self.happened))
            self.happened[what] += 1
            getattr(self, what)(self.random.choice(awake))
        self.fill()

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


@pytest.mark.parametrize("seed", SEEDS)
def test_each_task_ends_exactly_once_whatever_happens(cluster, web, seed):  # noqa: F811
    token = web.log_in()
    with Fleet(cluster.url, seed) as fleet:
        with FleetLoad(web, token, pause=0.1) as load:
            began, restarted = time.monotonic(), False
            while (elapsed := time.monotonic() - began) < SECONDS:
                fleet.step()
                if elapsed > SECONDS / 2 and not restarted:
                    cluster.restart()
                    restarted = True
                time.sleep(0.25)
        with psycopg.connect(cluster.url, autocommit=True) as database:
            wait_for(lambda: fleet.step() or settled(database), seconds=60)
            check(database.cursor(), load, seconds=1)
            wait_for(lambda: database.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() == (0,), seconds=30)
        logs = [output for _, output in fleet.gone] + [worker.output() for worker in (web, *fleet.workers)]
    logging.info("%d tasks, %d killed, %s", len(load.accepted), len(load.killed), fleet.happened)
    for code, log in fleet.gone:
        assert code in (0, -signal.SIGKILL), log
    for log in logs:
        assert "Traceback" not in log


def settled(database):
    rows = database.execute("SELECT id FROM taskapi_task WHERE status IN ('pending', 'running') LIMIT 1").fetchall()
    return not rows


def test_a_drained_worker_hands_its_tasks_to_another(cluster, web):  # noqa: F811
    token = web.log_in()
    with WorkerProcess(cluster.url, **ENVIRONMENT) as first:
        body = {"name": "a", "arguments": {"seconds": 4}, "max_attempts": 2}
        tasks = [web.call("POST", TASKS, body, token)[1]["id"] for _ in range(5)]
        wait_for(lambda: {status(web, token, task) for task in tasks} == {"running"})
        with WorkerProcess(cluster.url, **ENVIRONMENT):
            assert first.stop() == 0
            wait_for(lambda: {status(web, token, task) for task in tasks} == {"completed"})


def test_a_kill_over_http_reaches_a_worker_at_once(cluster, web):  # noqa: F811
    token = web.log_in()
    with WorkerProcess(cluster.url, **ENVIRONMENT):
        task = web.call("POST", TASKS, {"name": "a", "arguments": {"seconds": 600}}, token)[1]["id"]
        wait_for(lambda: status(web, token, task) == "running")
        assert web.call("DELETE", f"{TASKS}{task}/", token=token)[0] == 200
        wait_for(lambda: web.call("GET", f"{TASKS}{task}/", token=token)[1]["reason"] == "", seconds=2)


def status(web, token, task):
    return web.call("GET", f"{TASKS}{task}/", token=token)[1]["status"]
