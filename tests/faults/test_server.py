"""A real server process: the whole journey, a crowd of clients, clean and unclean ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from taskapi.models import FINAL, Status, Task, TaskEvent
from tests.conftest import database_url, wait_for
from tests.server import PROJECT

TASKS = "/taskapi/tasks/"


def threads_of(server):
    return list(Path(f"/proc/{server.process.pid}/task").iterdir())


def test_the_whole_journey(server):
    token = server.log_in()
    status, task = server.call("POST", TASKS, {"name": "nap", "arguments": {"seconds": 0.2}}, token)
    assert (status, task["status"]) == (201, "pending")
    path = f"{TASKS}{task['id']}/"
    wait_for(lambda: server.call("GET", path, token=token)[1]["status"] == "completed")
    assert server.call("DELETE", path, token=token)[0] == 409
    status, task = server.call("POST", TASKS, {"name": "long", "arguments": {"seconds": 600}}, token)
    path = f"{TASKS}{task['id']}/"
    wait_for(lambda: server.call("GET", path, token=token)[1]["status"] == "running")
    assert server.call("DELETE", path, token=token) == (200, {"detail": f"Task {task['id']} killed"})
    assert server.call("GET", path, token=token)[1]["status"] == "killed"
    names = [(task["name"], task["status"]) for task in server.call("GET", TASKS, token=token)[1]]
    assert names == [("long", "killed"), ("nap", "completed")]


def test_a_kill_frees_the_thread_within_milliseconds(server):
    token = server.log_in()
    before = len(threads_of(server))
    task = server.call("POST", TASKS, {"name": "long", "arguments": {"seconds": 600}}, token)[1]
    wait_for(lambda: len(threads_of(server)) == before + 1)
    server.call("DELETE", f"{TASKS}{task['id']}/", token=token)
    wait_for(lambda: len(threads_of(server)) == before, seconds=2)


def test_a_thousand_tasks_forked_by_sixteen_clients(server):
    tokens = [server.log_in(f"user{i}") for i in range(16)]
    before = len(threads_of(server))

    def client(number):
        body = {"name": f"of client {number}", "arguments": {"seconds": 0.5}}
        return [server.call("POST", TASKS, body, tokens[number])[0] for _ in range(1_000 // 16 + 1)]

    with ThreadPoolExecutor(16) as pool:
        answers = [status for statuses in pool.map(client, range(16)) for status in statuses]
    assert len(answers) >= 1_000
    assert set(answers) == {201}
    wait_for(lambda: Task.objects.filter(status=Status.COMPLETED).count() == len(answers), seconds=60)
    ends = TaskEvent.objects.filter(status__in=FINAL)
    assert ends.count() == ends.values("task").distinct().count() == len(answers)
    wait_for(lambda: len(threads_of(server)) == before)
    assert "locked" not in server.output()
    assert "Traceback" not in server.output()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly(server, sign):
    token = server.log_in()
    server.call("POST", TASKS, {"name": "a", "arguments": {"seconds": 0.3}}, token)
    assert server.stop(sign) == 0
    assert Task.objects.get().status == Status.COMPLETED
    assert "Traceback" not in server.output()


def test_a_second_signal_cuts_the_grace_and_still_hands_back(server):
    token = server.log_in()
    server.call("POST", TASKS, {"name": "a", "arguments": {"seconds": 600}, "max_attempts": 2}, token)
    wait_for(lambda: Task.objects.get().status == Status.RUNNING)
    server.process.send_signal(signal.SIGINT)
    time.sleep(0.7)
    before = time.monotonic()
    assert server.stop(signal.SIGINT) == 0
    assert time.monotonic() - before < 3
    assert Task.objects.get().status == Status.PENDING
    assert "Traceback" not in server.output()


def test_a_head_has_no_body(server):
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"HEAD /taskapi/tasks/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 401")
    assert answer.endswith(b"\r\n\r\n")


def test_a_target_that_is_no_url_is_a_json_400(server):
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.endswith(b'{"detail":"Bad Request: The URL or the Content-Length is invalid"}')
    assert "ERROR" not in server.output()


def test_pending_tasks_survive_a_kill_9_and_running_ones_say_that_they_are_lost(server):
    server.stop()
    server.environment |= {"TASK_SLOTS": "1", "TASK_LEASE": "2s"}
    server.start()
    token = server.log_in()
    for seconds in (600, 0):
        server.call("POST", TASKS, {"name": "a", "arguments": {"seconds": seconds}}, token)
    wait_for(lambda: Task.objects.filter(status=Status.RUNNING).exists())
    server.kill()
    server.start()
    wait_for(lambda: not Task.objects.exclude(status__in=FINAL).exists())
    ends = Task.objects.order_by("id").values_list("status", "reason")
    assert list(ends) == [("failed", "lost"), ("completed", "")]


def test_a_taken_port_is_one_line(server):
    command = [sys.executable, "manage.py", "up", "--port", str(server.port)]
    run = subprocess.run(command, cwd=PROJECT, env=server.environment, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.strip().count("\n") == 0
    assert "Choose another with --port" in run.stderr


def test_the_page_is_served(server):
    status, headers, body = server.raw("GET", "/")
    assert status == 200
    assert headers["Content-Type"].startswith("text/html")
    assert b"UNIX Task Manager" in body


def test_an_oversized_body_is_a_json_413(server):
    token = server.log_in()
    for size in (11 * 2**20, 50 * 2**20):
        head = f"POST {TASKS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {token}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head.encode())
            if size < 40 * 2**20:
                connection.sendall(b" " * size)
            answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"application/json" in answer


def test_idle_connections_do_not_keep_others_waiting(server):
    token = server.log_in()
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
    for connection in idle:
        connection.sendall(b"POST /taskapi/tasks/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
    assert server.call("GET", TASKS, token=token)[0] == 200
    for connection in idle:
        connection.close()


@pytest.mark.parametrize("engine", ["threads", "eventloop"])
def test_a_process_ends_promptly_while_its_programs_use_the_orm(user, transactional_db, engine):
    own = {"DATABASE_URL": database_url(), "SECRET_KEY": "test", "TASK_ENGINE": engine, "TASK_GRACE": "1s"}
    own["DJANGO_SETTINGS_MODULE"] = "taskmanager.settings"
    command = [sys.executable, "-m", "tests.faults.leaves"]
    done = subprocess.run(command, cwd=PROJECT, env=os.environ | own, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert set(Task.objects.values_list("reason", flat=True)) == {"lost"}
