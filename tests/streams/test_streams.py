"""wait, tail -f and the stream of events, on real servers: Waitress, runserver, ASGI."""

import http.client
import json
import random
import socket
import struct
import threading
import time
from datetime import timedelta

import pytest

from taskapi.models import Status, Task
from taskmanager.server import SILENCE, bind
from tests.conftest import database_url, wait_for
from tests.server import ASGI, RunServer, Server

TASKS = "/taskapi/tasks/"
LIMIT = 3


every_server = pytest.mark.parametrize("server", [Server, RunServer, ASGI], indirect=True)


@pytest.fixture
def server(request, transactional_db):
    kind = getattr(request, "param", Server)
    with kind(database_url(), TASK_OPEN_PROGRAMS="command", STREAM_LIMIT=LIMIT, TASK_GRACE="0.5s") as server:
        yield server


@pytest.fixture
def token(server):
    return server.log_in()


@pytest.fixture
def fork(server, token):
    def fork(argv=None, **fields):
        if argv:
            fields |= {"program": "command", "arguments": {"argv": argv, "shell": True}}
        return server.call("POST", TASKS, {"name": "a"} | fields, token)[1]["id"]

    return fork


@pytest.fixture
def open_stream(server, token):
    """open_stream(path) is the answer to a GET, to be read as it comes."""

    def open_stream(path, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        open_stream.connections.append(connection)
        names = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        connection.request("GET", path, headers={"Authorization": f"Token {token}"} | names)
        return connection.getresponse()

    open_stream.connections = []
    yield open_stream
    for connection in open_stream.connections:
        connection.close()


def next_event(answer):
    """The next server-sent event, as a dict of its fields; comments are passed over."""
    fields = {}
    while line := answer.readline().decode().rstrip("\n") or ("event" not in fields and " "):
        name, _, value = line.partition(": ")
        if name.strip():
            fields[name] = value
    return fields


def next_events(answer, count):
    """The next so many events that have an id."""
    found = []
    while len(found) < count:
        if "id" in (event := next_event(answer)):
            found.append(event)
    return found


def moves(found):
    return [(json.loads(event["data"])["id"], json.loads(event["data"])["status"]) for event in found]


@every_server
def test_wait_answers_when_the_task_has_ended(server, token, fork):
    task, before = fork(arguments={"seconds": 1}), time.monotonic()
    status, answer = server.call("GET", f"{TASKS}{task}/?wait=20", token=token)
    assert (status, answer["status"]) == (200, "completed")
    assert 0.9 < time.monotonic() - before < 10


def test_wait_answers_with_the_task_as_it_is_when_the_time_is_up(server, token, fork):
    task, before = fork(arguments={"seconds": 60}), time.monotonic()
    assert server.call("GET", f"{TASKS}{task}/?wait=1", token=token)[1]["status"] == "running"
    assert time.monotonic() - before >= 1
    server.call("DELETE", f"{TASKS}{task}/", token=token)
    assert server.call("GET", f"{TASKS}{task}/?wait=20", token=token)[1]["status"] == "killed"


@every_server
def test_follow_gives_output_as_it_comes_and_ends_with_the_task(fork, open_stream):
    task = fork("for i in 1 2 3; do echo $i; sleep 0.4; done")
    answer = open_stream(f"{TASKS}{task}/output/?follow=1")
    assert (answer.status, answer.headers["X-Offset"]) == (200, "0")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.readline() == b"1\n"
    assert Task.objects.get(pk=task).status == Status.RUNNING
    assert answer.read() == b"2\n3\n"


def test_follow_goes_on_where_it_was(fork, open_stream):
    task = fork("echo hello")
    assert open_stream(f"{TASKS}{task}/output/?follow=1&offset=2").read() == b"llo\n"


def test_follow_of_a_killed_task_ends_when_nothing_of_it_is_left(server, token, fork, open_stream):
    task = fork("trap 'echo bye; exit' TERM; echo ready; while :; do sleep 0.1; done")
    answer = open_stream(f"{TASKS}{task}/output/?follow=1")
    assert answer.readline() == b"ready\n"
    server.call("DELETE", f"{TASKS}{task}/", token=token)
    assert answer.read().endswith(b"bye\n")


def test_events_are_told_as_they_happen(server, token, fork, open_stream):
    answer = open_stream("/taskapi/events/")
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert next_event(answer)["event"] == "ready"
    task = fork(arguments={"seconds": 60})
    wait_for(lambda: Task.objects.get(pk=task).status == Status.RUNNING)
    server.call("DELETE", f"{TASKS}{task}/", token=token)
    found = next_events(answer, 3)
    assert moves(found) == [(task, "pending"), (task, "running"), (task, "killed")]
    assert json.loads(found[-1]["data"])["by"] == "ada"


@every_server
def test_a_stream_is_resumed_without_loss_or_repetition(fork, open_stream):
    first = open_stream("/taskapi/events/")
    start = next_event(first)["id"]
    tasks = [fork(arguments={"seconds": 0.1}) for _ in range(5)]
    wait_for(lambda: Task.objects.filter(status=Status.COMPLETED).count() == 5)
    everything = next_events(first, 15)
    part = next_events(open_stream("/taskapi/events/", Last_Event_ID=start), 7)
    rest = next_events(open_stream("/taskapi/events/", Last_Event_ID=part[-1]["id"]), 8)
    assert [event["id"] for event in part + rest] == [event["id"] for event in everything]
    assert {task for task, _ in moves(everything)} == set(tasks)


def test_history_that_is_gone_is_a_reset(fork, open_stream):
    task = fork(arguments={"seconds": 0})
    wait_for(lambda: Task.objects.get(pk=task).ended)
    Task.objects.update(ended_at="2020-01-01T00:00:00Z")
    Task.objects.prune(timedelta(days=1))
    for last in (0, 10**15):
        assert next_event(open_stream("/taskapi/events/", Last_Event_ID=last))["event"] == "reset"


def test_nobody_hears_of_other_peoples_tasks(server, token, fork, open_stream):
    answer = open_stream("/taskapi/events/")
    next_event(answer)
    stranger = server.log_in("grace")
    server.call("POST", TASKS, {"name": "hers", "arguments": {"seconds": 0}}, stranger)
    mine = fork(arguments={"seconds": 0})
    assert moves(next_events(answer, 3)) == [(mine, "pending"), (mine, "running"), (mine, "completed")]


@every_server
def test_streams_are_bounded_and_ls_goes_on(server, token, fork, open_stream):
    task = fork(arguments={"seconds": 60})
    streams = [open_stream("/taskapi/events/") for _ in range(LIMIT)]
    for stream in streams:
        next_event(stream)
    for path in ("/taskapi/events/", f"{TASKS}{task}/?wait=5", f"{TASKS}{task}/output/?follow=1"):
        status, headers, body = server.raw("GET", path, token=token)
        assert (status, headers["Retry-After"]) == (503, "5")
        assert f"{LIMIT} clients wait, follow or watch already" in body.decode()
    assert server.call("GET", TASKS, token=token)[0] == 200
    server.call("DELETE", f"{TASKS}{task}/", token=token)


# Django's runserver cannot tell before the next heartbeat.
@pytest.mark.parametrize("server", [Server, ASGI], indirect=True)
def test_a_client_that_has_gone_gives_its_place_back(server, token, fork, open_stream):
    fork(arguments={"seconds": 60})
    for _ in range(LIMIT):
        answer = open_stream("/taskapi/events/")
        next_event(answer)
        answer.close()
    for connection in open_stream.connections:
        connection.close()
    wait_for(lambda: server.raw("GET", f"{TASKS}1/?wait=1", token=token)[0] != 503)


@pytest.mark.parametrize("server", [Server, ASGI], indirect=True)
def test_so_does_one_that_has_sent_another_request_meanwhile(server, token, fork):
    task = fork(arguments={"seconds": 60})
    request = f"GET {TASKS}{task}/output/?follow=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {token}\r\n\r\n"
    for _ in range(LIMIT):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(request.encode() * 2)
            assert client.recv(100).startswith(b"HTTP/1.1 200")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # it resets when it closes
    wait_for(lambda: server.raw("GET", f"{TASKS}{task}/?wait=1", token=token)[0] != 503)


def test_who_comes_with_an_event_of_another_time_is_told_what_happens_from_now_on(server, fork, open_stream):
    fork(arguments={"seconds": 0})
    answer = open_stream("/taskapi/events/", Last_Event_ID=1_000_000)
    assert next_event(answer)["event"] == "reset"
    task = fork(arguments={"seconds": 0})
    while moves(next_events(answer, 1)) != [(task, "completed")]:
        pass  # what comes before it; without it, the reading times out


@pytest.mark.parametrize("server", [Server, ASGI], indirect=True)
def test_clients_that_go_at_any_moment_give_their_places_back(server, token, fork, open_stream):
    task = fork(arguments={"seconds": 60})
    for number in range(100):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            path = ("/taskapi/events/", f"{TASKS}{task}/output/?follow=1")[number % 2]
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {token}\r\n\r\n".encode())
            time.sleep(random.random() * 0.03)
    streams = [open_until_there_is_room(open_stream) for _ in range(LIMIT)]
    assert [next_event(stream)["event"] for stream in streams] == ["ready"] * LIMIT


def open_until_there_is_room(open_stream):
    return wait_for(lambda: (answer := open_stream("/taskapi/events/")).status == 200 and answer)


@every_server
def test_a_head_takes_no_place(server, token, fork):
    task = fork(arguments={"seconds": 60})
    for _ in range(LIMIT + 1):
        for path in ("/taskapi/events/", f"{TASKS}{task}/output/?follow=1"):
            status, headers, body = server.raw("HEAD", path, token=token)
            assert (status, headers["Content-Type"].partition(";")[0][:5], body) == (200, "text/", b"")


@pytest.mark.parametrize("server", [Server, ASGI], indirect=True)
def test_headers_come_before_there_is_output(fork, open_stream):
    answer = open_stream(f"{TASKS}{fork(arguments={'seconds': 3})}/output/?follow=1&offset=7")
    assert (answer.status, answer.headers["X-Offset"], answer.read()) == (200, "7", b"")


def test_a_client_whose_machine_is_gone_is_noticed():
    with bind("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == SILENCE * 1_000


def test_many_waiters_and_an_end(server, token, fork):
    task, ends = fork(arguments={"seconds": 1}), []

    def wait():
        ends.append(server.call("GET", f"{TASKS}{task}/?wait=20", token=token)[1]["status"])

    threads = [threading.Thread(target=wait) for _ in range(LIMIT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == ["completed"] * LIMIT


def test_streams_do_not_keep_the_server_from_stopping(server, fork, open_stream):
    answer = open_stream("/taskapi/events/")
    next_event(answer)
    before = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - before < 4
    assert answer.read() == b""
