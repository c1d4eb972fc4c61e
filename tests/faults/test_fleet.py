"""A fleet of workers that are killed, drained and suspended, users who kill, a database that crashes."""

import logging
import os
import signal
import time

import pytest

from tests.conftest import wait_for
from tests.faults.cluster import cluster  # noqa: F401  a fixture
from tests.faults.fleet import ENVIRONMENT, SECONDS, Fleet, FleetLoad, check_fleet, settled, web  # noqa: F401
from tests.faults.load import TASKS
from tests.server import WorkerProcess

SEEDS = [int(seed) for seed in os.environ.get("FLEET_SEEDS", "1,7").split(",")]


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
        wait_for(lambda: fleet.calm() or settled(cluster), seconds=60)
        check_fleet(cluster, load)
        logs = [output for _, output in fleet.gone] + [worker.output() for worker in (web, *fleet.workers)]
    logging.info("%d tasks, %d killed, %s", len(load.accepted), len(load.killed), fleet.happened)
    for code, log in fleet.gone:
        assert code in (0, -signal.SIGKILL), log
    for log in logs:
        assert "Traceback" not in log


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


def status(web, token, task):  # noqa: F811
    return web.call("GET", f"{TASKS}{task}/", token=token)[1]["status"]
