"""Commands of the operating system when something dies that should not: no process is left, whatever it was."""

import os
import signal
import time
from pathlib import Path

import pytest

from taskapi.models import FINAL, Reason, Task
from tests.conftest import needs, wait_for
from tests.engines.commands import RUN, processes

TASKS = "/taskapi/tasks/"
TREE = "sleep 61 & setsid sleep 62 & (setsid sh -c 'sleep 63 &' &) ; sleep 64"


@pytest.fixture
def token(server):
    needs(Path("/proc/self/stat").exists(), "/proc")
    server.stop()
    server.environment |= {"TASK_OPEN_PROGRAMS": "command", "TASK_LEASE": "2s"}
    server.start()
    return server.log_in()


@pytest.fixture
def fork(server, token):
    def fork(argv, **fields):
        body = {"name": "a", "program": "command", "arguments": {"argv": argv, "shell": True, "env": RUN}} | fields
        status, task = server.call("POST", TASKS, body, token)
        assert status == 201, task
        return Task.objects.get(pk=task["id"])

    return fork


def memory(server):
    """Bytes of the server that are in memory."""
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def ended(task):
    task.refresh_from_db()
    return task.status in FINAL


def parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_kill_9_of_the_server_leaves_no_process(server, fork):
    task = fork(TREE)
    wait_for(lambda: len(processes(task)) >= 4)
    server.kill()
    wait_for(lambda: not processes(task), seconds=5)
    server.start()
    wait_for(lambda: ended(task))
    assert task.reason == Reason.LOST


def test_a_kill_9_of_whoever_watches_over_a_command_leaves_no_process(server, fork):
    task = fork(TREE)
    [main] = [pid for pid in wait_for(lambda: processes(task)) if b"sleep 64" in command_line(pid)][:1]
    wait_for(lambda: len(processes(task)) >= 4)
    os.kill(parent(main), signal.SIGKILL)
    wait_for(lambda: ended(task))
    assert task.error == "The process that watched over it was killed, and so was it."
    wait_for(lambda: not processes(task), seconds=5)


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_term_of_the_server_leaves_no_process(server, fork):
    server.environment["TASK_GRACE"] = "0.5s"
    task = fork(TREE)
    wait_for(lambda: len(processes(task)) >= 4)
    assert server.stop() == 0
    assert not processes(task)


def test_endless_output_does_not_fill_the_memory_of_the_server(server, token, fork):
    warm = fork("yes | head -c 2000000")
    wait_for(lambda: ended(warm))
    before, tasks = memory(server), [fork("yes") for _ in range(3)]
    most, deadline = before, time.monotonic() + 3
    while time.monotonic() < deadline:
        most = max(most, memory(server))
        time.sleep(0.05)
    assert most - before < 20 * 2**20
    for task in tasks:
        assert server.call("DELETE", f"{TASKS}{task.pk}/", token=token)[0] == 200
        assert task.output.end_of(task.pk) < 2**20 + 100
        wait_for(lambda task=task: not processes(task))


def test_the_secrets_of_the_server_cannot_be_found_in_a_command(server, token, fork):
    task = fork("cat /proc/$$/environ /proc/$PPID/environ | tr '\\0' '\\n'")
    wait_for(lambda: ended(task))
    said = server.raw("GET", f"{TASKS}{task.pk}/output/", token=token)[2]
    assert b"TASK_ID=" in said
    assert b"SECRET_KEY" not in said
    assert b"DATABASE_URL" not in said
