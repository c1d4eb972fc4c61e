"""Whatever bytes are sent to a real server, it answers what HTTP has for that or hangs up, and goes on."""

import re
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import database_url
from tests.hostile.fuzzing import fuzzed_slowly, near, near_text
from tests.server import served

# Waitress answers 501 to a Transfer-Encoding that it does not know, 505 to a version.
FINE = re.compile(rb"HTTP/1\.[01] ([1-4]\d\d|501|505) ")
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
