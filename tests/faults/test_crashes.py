"""Processes that are killed or suspended at random moments, with forks, kills and ends under way."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from taskapi.models import Task, TaskEvent, Worker
from tests.conftest import database_url, wait_for
from tests.faults.load import ROUNDS, TASKS, Load, check
from tests.server import PROJECT, Gunicorn, RunServer, Server

QUICK = {"TASK_LEASE": "2s", "TASK_GRACE": "1s"}


@pytest.fixture
def server(transactional_db):
    with Server(database_url(), **QUICK) as server:
        yield server


@pytest.fixture
def second(server):
    with Server(database_url(), **QUICK) as second:
        yield second


@pytest.fixture
def gunicorn(transactional_db):
    with Gunicorn(database_url(), **QUICK) as gunicorn:
        yield gunicorn


@pytest.fixture
def runserver(transactional_db):
    with RunServer(database_url(), **QUICK) as runserver:
        yield runserver
        for child in children(runserver):
            os.kill(child, signal.SIGTERM)


def children(server):
    return [
        int(pid) for pid in Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    ]


def test_kill_9_at_random_moments(server):
    token = server.log_in()
    with Load(server, token) as load:
        for _ in range(ROUNDS):
            time.sleep(random.uniform(0.05, 0.6))
            server.kill()
            server.start()
    check(connection.cursor(), load)
    assert "Traceback" not in server.output()


def test_term_at_random_moments(server):
    token = server.log_in()
    with Load(server, token) as load:
        for _ in range(3):
            time.sleep(random.uniform(0.05, 0.6))
            assert server.stop() == 0
            server.start()
    check(connection.cursor(), load)


def test_what_waits_for_its_time_or_its_retry_survives_a_kill_9(server):
    token = server.log_in()
    due = timezone.now() + timedelta(seconds=4)
    later = {"name": "later", "run_at": due.isoformat(), "arguments": {"seconds": 0}}
    again = {"name": "again", "timeout": 0.05, "max_attempts": 2}
    server.call("POST", TASKS, [later, again], token)
    later, again = Task.objects.order_by("id")
    wait_for(lambda: list(again.events.values_list("reason", flat=True))[-1] == "retry")
    server.kill()
    server.start()
    wait_for(lambda: Task.objects.filter(pk=again.pk, status="failed", reason="timeout", attempt=2).exists())
    wait_for(lambda: Task.objects.filter(pk=later.pk, status="completed", started_at__gte=due).exists())


def test_a_process_suspended_for_longer_than_its_lease(server, second):
    token = server.log_in()
    rounds = max(1, ROUNDS // 10)
    with Load(server, token) as first_load, Load(second, token) as load:
        for done in range(rounds + 10):
            # One that is caught while it writes to SQLite keeps the others from judging it: then once more.
            if done >= rounds and Worker.objects.filter(lost=True).exists():
                break
            time.sleep(1)
            server.process.send_signal(signal.SIGSTOP)
            time.sleep(5)
            server.process.send_signal(signal.SIGCONT)
            time.sleep(1)
    load.accepted += first_load.accepted
    load.killed += first_load.killed
    check(connection.cursor(), load)
    assert TaskEvent.objects.filter(reason="lost").exists() or TaskEvent.objects.filter(reason="retry").exists()
    assert Worker.objects.filter(lost=True).exists()
    # It took up work again, as a new worker.
    second.stop()
    _, task = server.call("POST", TASKS, {"name": "after", "arguments": {"seconds": 0}}, token)
    wait_for(lambda: server.call("GET", f"{TASKS}{task['id']}/", token=token)[1]["status"] == "completed")


HOLD = """
import time, django
django.setup()
from django.db import transaction
from taskapi.models import Worker
with transaction.atomic():
    print(list(Worker.objects.select_for_update()), flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(connection.vendor == "sqlite", reason="its writers have no server that could end one")
def test_a_process_suspended_in_a_transaction_keeps_its_locks_for_a_lease(transactional_db):
    worker = Worker.objects.enlist("threads", 1)
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "SECRET_KEY": "test",
        "TASK_LEASE": "1s",
        "DJANGO_SETTINGS_MODULE": "taskmanager.settings",
    }
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        assert worker.retire()
        assert time.monotonic() - began < 10
        process.kill()


def test_a_dead_process_is_recovered_by_another_within_a_lease(server, second):
    token = server.log_in()
    second.environment["TASK_SLOTS"] = "1"
    tasks = [server.call("POST", TASKS, {"name": "a", "arguments": {"seconds": 600}}, token)[1] for _ in range(5)]
    wait_for(lambda: Task.objects.filter(status="running").count() == len(tasks))
    time.sleep(2.5)  # by now each has beaten for a lease, and may judge
    theirs = Task.objects.filter(worker__name__endswith=f":{server.process.pid}")
    ids = list(theirs.values_list("pk", flat=True))
    server.kill()
    before = time.monotonic()
    wait_for(lambda: Task.objects.filter(pk__in=ids, status="failed", reason="lost").count() == len(ids), seconds=30)
    assert ids
    assert time.monotonic() - before < 10, "it took several leases"


def test_several_processes_claim_each_task_once_and_kill_each_others(gunicorn):
    token = gunicorn.log_in()
    for _ in range(200):
        assert gunicorn.call("POST", TASKS, {"name": "a", "arguments": {"seconds": 0.3}}, token)[0] == 201
    wait_for(lambda: Task.objects.filter(status="completed").count() == 200, seconds=60)
    assert TaskEvent.objects.filter(status="running").count() == 200
    assert Task.objects.values("worker").distinct().count() > 1
    tasks = [gunicorn.call("POST", TASKS, {"name": "b", "arguments": {"seconds": 600}}, token)[1] for _ in range(20)]
    wait_for(lambda: Task.objects.filter(status="running").count() == 20)
    for task in tasks:
        assert gunicorn.call("DELETE", f"{TASKS}{task['id']}/", token=token)[0] == 200
    # It stops saying so when the owner has stopped the program.
    wait_for(lambda: not Task.objects.filter(reason="terminating").exists(), seconds=5)


def test_kill_9_of_one_of_several_processes(gunicorn):
    token = gunicorn.log_in()
    with Load(gunicorn, token) as load:
        for _ in range(max(3, ROUNDS // 5)):
            time.sleep(random.uniform(0.2, 1))
            os.kill(random.choice(children(gunicorn)), signal.SIGKILL)
    check(connection.cursor(), load)


def test_kill_9_of_the_main_process_leaves_no_orphan(gunicorn):
    token = gunicorn.log_in()
    with Load(gunicorn, token) as load:
        time.sleep(1)
        orphans = children(gunicorn)
        gunicorn.kill()
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in orphans), seconds=30)
        gunicorn.start()
        time.sleep(1)
    check(connection.cursor(), load)


def test_the_autoreloader_hands_tasks_back(runserver):
    token = runserver.log_in()
    body = [{"name": "a", "arguments": {"seconds": 600}, "max_attempts": attempts} for attempts in (1, 2)]
    runserver.call("POST", TASKS, body, token)
    wait_for(lambda: Task.objects.filter(status="running").count() == 2)
    time.sleep(2)  # the autoreloader looks every second, and what it sees first is no change
    (PROJECT / "taskmanager" / "wsgi.py").touch()
    once, twice = Task.objects.order_by("id")
    wait_for(lambda: list(twice.events.values_list("status", flat=True)) == ["pending", "running"] * 2, seconds=30)
    assert list(once.events.values_list("status", "reason")) == [("pending", ""), ("running", ""), ("failed", "lost")]
