"""What an operator sees of real servers, of one process and of several: their figures, and their log."""

import json
import os
import re
import signal
import subprocess
import threading

import pytest

from taskapi.models import TaskEvent
from taskmanager import metrics, server
from tests.conftest import database_url, wait_for
from tests.faults.cluster import cluster  # noqa: F401  a fixture
from tests.faults.fleet import ENVIRONMENT, web  # noqa: F401
from tests.server import ASGI, Gunicorn, Server, WorkerProcess

TASKS = "/taskapi/tasks/"
TOKEN = "a-token-of-some-length"
OWN = {"METRICS_TOKEN": TOKEN, "LOG_FORMAT": "json", "ACCESS_LOG": "1", "TASK_GRACE": "1s"}
LISTS = 'taskmanager_http_requests_total{method="GET",route="/taskapi/tasks/",status="200"}'


def figures(server):
    """{name and labels: value}, as Prometheus finds them."""
    status, _, body = server.raw("GET", "/metrics", Authorization=f"Bearer {TOKEN}")
    assert status == 200
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in body.decode().splitlines() if line[0] != "#"
    }


def lines(server):
    """The lines of its log that are JSON; those of the servers themselves are not."""
    return [json.loads(line) for line in server.output().splitlines() if line.startswith("{")]


def fork(server, token, **spec):
    body = json.dumps({"name": "a", "arguments": {"seconds": 0}} | spec).encode()
    own = {"Authorization": f"Token {token}", "Content-Type": "application/json", "X-Request-ID": "of-the-fork"}
    return json.loads(server.raw("POST", TASKS, body, **own)[2])["id"]


@pytest.mark.parametrize("kind", [Server, ASGI])
def test_a_server_tells_its_figures(transactional_db, kind):
    with kind(database_url(), **OWN) as server:
        token = server.log_in()
        for _ in range(3):
            server.call("GET", TASKS, token=token)
        fork(server, token)
        wait_for(lambda: figures(server).get('taskmanager_task_duration_seconds_count{program="sleep"}') == 1)
        found = figures(server)
    assert found[LISTS] == 3
    assert found['taskmanager_workers{state="alive"}'] == 1
    assert found["taskmanager_recorder_queue"] == 0
    assert found["taskmanager_recorder_flush_seconds_count"] >= 1
    assert found["process_resident_memory_bytes"] > 0


@pytest.mark.parametrize("kind", [Server, ASGI])
def test_a_request_can_be_followed_from_its_answer_to_its_task(transactional_db, kind):
    with kind(database_url(), **OWN) as server:
        token = server.log_in()
        task = fork(server, token, arguments={"seconds": 60})
        server.call("GET", f"{TASKS}{task}/?q=secret", token=token)
        [line] = [line for line in lines(server) if line.get("request_id") == "of-the-fork"]
        server.call("DELETE", f"{TASKS}{task}/", token=token)
        assert "secret" not in json.dumps(lines(server))
    assert (line["method"], line["path"], line["status"], line["logger"]) == ("POST", TASKS, 201, "taskmanager.access")
    assert line["user_id"] > 0
    forked, started, *_ = TaskEvent.objects.filter(task=task).order_by("id")
    assert (forked.request_id, started.request_id) == ("of-the-fork", "")


def test_the_log_says_of_which_task_it_tells(transactional_db):
    own = OWN | {"DJANGO_SETTINGS_MODULE": "tests.contract.settings"}
    with Server(database_url(), **own) as server:
        task = fork(server, server.log_in(), program="fail", arguments={})
        [line] = wait_for(lambda: [line for line in lines(server) if line.get("task_id") == task])
    assert line["logger"] == "taskapi.runner.run"
    assert "Traceback" in line["exception"]


def test_streams_are_counted_while_they_are_open(transactional_db):
    with Server(database_url(), **OWN) as server:
        token = server.log_in()
        assert figures(server)["taskmanager_streams_limit"] == 16
        curl = ["curl", "-sN", f"{server.url}/taskapi/events/", "-H", f"Authorization: Token {token}"]
        with subprocess.Popen(curl, stdout=subprocess.DEVNULL) as viewer:
            wait_for(lambda: figures(server)["taskmanager_streams_open"] == 1)
            viewer.kill()
        wait_for(lambda: figures(server)["taskmanager_streams_open"] == 0)


def test_several_processes_count_together(transactional_db, tmp_path):
    with Gunicorn(database_url(), processes=2, PROMETHEUS_MULTIPROC_DIR=tmp_path, **OWN) as server:
        token = server.log_in()
        for _ in range(20):
            server.call("GET", TASKS, token=token)
        assert [figures(server)[LISTS] for _ in range(5)] == [20] * 5
        assert figures(server)['taskmanager_workers{state="alive"}'] == 2
        assert not [name for name in figures(server) if name.startswith("process_")]


def test_what_a_killed_process_had_in_hand_is_forgotten_and_what_it_did_is_not(transactional_db, tmp_path):
    with Gunicorn(database_url(), processes=2, PROMETHEUS_MULTIPROC_DIR=tmp_path, **OWN) as server:
        token = server.log_in()
        for _ in range(20):
            server.call("GET", TASKS, token=token)
        [dead, _] = wait_for(lambda: len(live(tmp_path)) == 2 and sorted(live(tmp_path)))
        os.kill(dead, signal.SIGKILL)
        wait_for(lambda: figures(server) and dead not in live(tmp_path))
        assert figures(server)[LISTS] == 20


def live(directory):
    """The processes that have something in hand there."""
    return {int(re.search(r"_(\d+)\.db", file.name)[1]) for file in directory.glob("gauge_livesum_*.db")}


@pytest.fixture
def alone(transactional_db, settings):
    """What a process serves that serves nothing else."""
    settings.METRICS_TOKEN = TOKEN
    listener = server.bind("127.0.0.1", 0)
    alone, only = Server("", port=listener.getsockname()[1]), metrics.serve(listener)
    with alone.log:
        yield alone
        only.trigger.pull_trigger(only.close)  # in its own thread: it may be looking at what is closed
        wait_for(lambda: not [thread for thread in threading.enumerate() if thread.name == "metrics"])
        only.task_dispatcher.shutdown()


def test_a_process_that_serves_nothing_else_answers_them_alone(alone):
    assert figures(alone)["taskmanager_database_up"] == 1
    assert alone.raw("HEAD", "/metrics", Authorization=f"Bearer {TOKEN}")[::2] == (200, b"")
    assert alone.call("GET", "/metrics")[0] == 401
    assert alone.call("GET", "/taskapi/tasks/")[0] == 404


def test_and_takes_no_more_than_other_servers(alone):
    assert alone.call("POST", "/metrics", b"x" * 70_000)[0] == 413


def test_a_worker_of_the_fleet_has_figures_of_its_own(cluster, web):  # noqa: F811
    with WorkerProcess(cluster.url, "--metrics-port", "0", **(ENVIRONMENT | OWN)) as worker:
        worker.port = int(re.search(r"Metrics: http://\S+:(\d+)/metrics", worker.output())[1])
        assert worker.call("GET", "/metrics")[0] == 401
        fork(web, web.log_in())
        ended = 'taskmanager_tasks_ended_total{program="sleep",reason="",status="completed"}'
        wait_for(lambda: figures(worker).get(ended) == 1)
        assert figures(worker)['taskmanager_workers{state="alive"}'] == 1
