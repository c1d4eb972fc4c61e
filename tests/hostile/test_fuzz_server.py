"""Whatever a real server is sent and told to run: it answers, or hangs up where that is no HTTP, and goes on."""

import re
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import database_url
from tests.hostile.fuzzing import fuzzed_slowly, near, near_text, written
from tests.server import served

# Waitress answers 501 to a Transfer-Encoding that it does not know, 505 to a version.
FINE = re.compile(rb"HTTP/1\.[01] ([1-4]\d\d|501|505) ")
TASKS = "/taskapi/tasks/"
HEAD = b"POST /taskapi/tasks/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token %s\r\n"
BODY = b'Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{"name": "a"}'
EXAMPLES = [
    HEAD + BODY,
    b"GET /taskapi/tasks/?limit=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token %s\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nd\r\n" + BODY[-13:] + b"\r\n0\r\n\r\n",
    b"HEAD / HTTP/1.0\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: [::1]:1\r\n\r\n",
    b"GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nRange: bytes=0-1\r\n\r\n",
    b"CONNECT [ HTTP/1.1\r\nHost: localhost\r\n folded\r\nConnection: upgrade\r\n\r\n",
]
requests = st.one_of(
    near(*EXAMPLES),
    st.lists(near(*EXAMPLES), max_size=3).map(b"".join),
    near_text("/", "http://[", "//", "/%zz", "*", "http://localhost:99999999/").map(
        lambda place: b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % place.encode(errors="surrogateescape")
    ),
)


@pytest.fixture
def server(transactional_db):
    with served(database_url(), TASK_OPEN_PROGRAMS="command", TASK_GRACE="1s", TASK_ENGINE="eventloop") as server:
        yield server


def answers(server, data):
    """What comes back for these bytes until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65_536), b""))
        except ConnectionError:  # it has hung up before all was sent
            return b""


def test_any_bytes(server):
    token = server.log_in().encode()

    @fuzzed_slowly
    @given(data=requests)
    def attempt(data):
        answer = answers(server, data.replace(b"%s", token))
        assert FINE.match(answer) or not answer

    attempt()
    assert server.raw("GET", "/healthz")[0] == 200
    assert "Traceback" not in server.output()
    assert " ERROR " not in server.output()


strings = near_text("a", "%s", "-n", "--").map(lambda text: text.replace("\0", ""))
commands = st.fixed_dictionaries(
    {
        "argv": st.lists(strings, max_size=3).map(lambda rest: ["printf", *rest])
        | strings.map(lambda x: [f"/nowhere/{x}"])
    },
    optional={
        "stdin": strings,
        "env": st.dictionaries(near_text("HOME", "PATH", "_"), strings, max_size=2),
        "cwd": strings,
        "limits": st.fixed_dictionaries({}, optional={"open_files": st.integers(8, 20), "cpu_seconds": st.just(1)}),
    },
)


def test_any_command(server):
    token = server.log_in()

    @fuzzed_slowly
    @given(arguments=commands)
    def attempt(arguments):
        body = written({"name": "a", "program": "command", "arguments": arguments})
        status, task = server.call("POST", TASKS, body, token)
        assert status in (201, 400)
        task = server.call("GET", f"{TASKS}{task['id']}/?wait=30", token=token)[1] if status == 201 else {}
        assert task.get("status", "failed") in ("completed", "failed")
        assert task.get("reason", "") in ("", "exit", "error")
        assert "Traceback" not in task.get("error", "")

    attempt()
    assert "Traceback" not in server.output()
