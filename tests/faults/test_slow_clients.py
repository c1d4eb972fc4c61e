"""Clients that are slow, silent or many: others do not notice, and they are dropped."""

import http.client
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from taskmanager import connections
from taskmanager.server import bind, create_server
from tests.conftest import database_url, wait_for
from tests.server import Server

TASKS = "/taskapi/tasks/"
HALVES = [
    b"",
    b"GET /taskapi/tasks/ HTTP/1.1\r\nHost: loc",
    b"POST /taskapi/tasks/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
    b"POST /taskapi/tasks/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n{",
]


@contextmanager
def serving(**environment):
    own = {"DJANGO_SETTINGS_MODULE": "tests.settings", "TASK_GRACE": "1s"}
    with Server(database_url(), **own | environment) as server:
        yield server


@pytest.fixture
def patient(transactional_db):
    """A server that lets nobody off within the time of a test."""
    with serving(REQUEST_TIMEOUT="1h") as server:
        yield server


@pytest.fixture
def impatient(transactional_db):
    with serving(REQUEST_TIMEOUT="1s") as server:
        yield server


@contextmanager
def half_open(server, count, data=HALVES):
    """So many connections, each of which has sent half of a request and says no more."""
    connections = []
    try:
        for number in range(count):
            connections.append(socket.create_connection(("127.0.0.1", server.port), timeout=30))
            connections[-1].sendall(data[number % len(data)])
        yield connections
    finally:
        for connection in connections:
            connection.close()


def said(connection):
    """All that the server says until it closes this connection."""
    try:
        return b"".join(iter(lambda: connection.recv(65_536), b""))
    except ConnectionResetError:
        return b""


def works(server, token):
    """Whether a user can fork, list and kill."""
    status, task = server.call("POST", TASKS, {"name": "a", "arguments": {"seconds": 600}}, token)
    listed = server.call("GET", TASKS, token=token)[0]
    killed = server.call("DELETE", f"{TASKS}{task['id']}/", token=token)[0]
    return (status, listed, killed) == (201, 200, 200)


def connections_of(server):
    """How many connections the server has open."""
    with open(f"/proc/{server.process.pid}/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return sum(row[1].endswith(f":{server.port:04X}") and row[3] == "01" for row in rows)


def test_a_user_works_while_a_thousand_connections_are_half_open(patient):
    token = patient.log_in()
    with half_open(patient, 1_000):
        wait_for(lambda: connections_of(patient) >= 1_000)
        assert all(works(patient, token) for _ in range(5))
        assert connections_of(patient) >= 1_000
    assert "Traceback" not in patient.output()


def test_more_than_there_is_room_for_make_room_for_who_sends_a_request(patient):
    token = patient.log_in()
    with half_open(patient, 3_000):
        assert all(works(patient, token) for _ in range(5))
        assert connections_of(patient) <= 2_000
    assert patient.output().count("the quietest are closed") == 1
    assert "Traceback" not in patient.output()


def test_where_few_files_may_be_open_too(transactional_db):
    with serving(REQUEST_TIMEOUT="1h") as server:
        server.stop()
        server.command = lambda: ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh", *Server.command(server)]
        server.start()
        token = server.log_in()
        with half_open(server, 300):
            assert works(server, token)
        assert "Traceback" not in server.output()


def test_each_is_told_and_dropped(impatient):
    with half_open(impatient, 40) as connections:
        answers = {data: said(connection) for data, connection in zip(HALVES, connections[1:4], strict=False)}
        for answer in answers.values():
            assert answer.split()[1] == b"408"
            assert answer.endswith(b'{"detail":"Request Timeout: The request took too long to arrive."}')
        wait_for(lambda: connections_of(impatient) <= 10)  # those that have sent nothing
    assert "Traceback" not in impatient.output()


def test_who_sends_a_byte_now_and_then_is_dropped_too(impatient):
    with half_open(impatient, 1, [b"GET / HTTP/1.1\r\nX: "]) as [connection]:
        answers = []
        listener = threading.Thread(target=lambda: answers.append(said(connection)))
        listener.start()
        while listener.is_alive():
            try:
                connection.sendall(b"a")
            except OSError:
                break
            time.sleep(0.1)
        listener.join()
    assert answers == [b""] or answers[0].split()[1] == b"408"


def test_an_urgent_byte_does_not_keep_the_server_busy(patient):
    token = patient.log_in()
    with half_open(patient, 1, [b"GET /"]) as [connection]:
        connection.send(b"!", socket.MSG_OOB)
        time.sleep(0.3)
        assert works(patient, token)
    assert "priority event" not in patient.output()[:10_000]


def test_a_slow_body_has_the_time_that_it_needs(impatient):
    token, body = impatient.log_in(), b'{"name": "a"}'.ljust(200_000)
    connection = http.client.HTTPConnection("127.0.0.1", impatient.port, timeout=60)
    connection.putrequest("POST", TASKS)
    for name, value in [("Content-Type", "application/json"), ("Content-Length", len(body))]:
        connection.putheader(name, value)
    connection.putheader("Authorization", f"Token {token}")
    connection.endheaders()
    for start in range(0, len(body), 10_000):
        connection.send(body[start : start + 10_000])
        time.sleep(0.15)
    assert connection.getresponse().status == 201
    connection.close()


def test_large_bodies_that_never_end_share_a_bounded_room_and_small_ones_are_taken(patient):
    token = patient.log_in()
    part = f"POST {TASKS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: x\r\nContent-Length: 9999999\r\n\r\n".encode()
    with half_open(patient, 30, [part + b" " * 9_999_990]) as connections:
        assert works(patient, token)
        refused = 0
        for connection in connections:
            connection.sendall(b" " * 9)
            refused += said_first(connection).startswith(b"HTTP/1.1 503")
        assert 1 <= refused <= 10
    assert patient.call("POST", TASKS, b'{"name": "a"}'.ljust(9_000_000), token)[0] == 201


def said_first(connection):
    try:
        return connection.recv(65_536)
    except ConnectionResetError:
        return b""


def test_the_room_is_given_back_when_clients_go(patient):
    token = patient.log_in()
    part = f"POST {TASKS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: x\r\nContent-Length: 9999999\r\n\r\n".encode()
    for _ in range(3):
        with half_open(patient, 20, [part + b" " * 9_000_000]):
            pass
    wait_for(lambda: connections_of(patient) == 0)
    assert patient.call("POST", TASKS, b'{"name": "a"}'.ljust(9_000_000), token)[0] == 201


SIZE = 16 * 2**20


@pytest.fixture
def generous(monkeypatch):
    """A server, in this process, whose answers are large; it keeps one and a half of them."""

    def application(environ, start_response):
        start_response("200 OK", [("Content-Length", str(SIZE))])
        return [b"x" * SIZE]

    monkeypatch.setattr(connections, "UNTAKEN", SIZE * 3 // 2)
    server = create_server(application, bind("127.0.0.1", 0), threads=1)
    threading.Thread(target=server.run).start()
    yield server
    server.task_dispatcher.shutdown()
    server.close()


def asked(server):
    """A connection on which an answer waits."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.connect(server.socket.getsockname())
    connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    return connection


def test_answers_that_nobody_takes_are_bounded(generous):
    with asked(generous) as idle:
        time.sleep(0.5)
        with asked(generous) as slow:
            wait_for(lambda: len(generous.active_channels) == 2)
            wait_for(lambda: len(generous.active_channels) == 1)
            assert len(said(slow)) > SIZE
        assert len(said(idle)) < SIZE
