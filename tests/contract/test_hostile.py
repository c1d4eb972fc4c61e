"""Whatever is sent to a real server is answered, with a 4xx in JSON that says what to do, and costs it little."""

import http.client
import socket
import time

import pytest

from tests.api.test_headers import DATA, SAFE
from tests.contract.conftest import TASKS, Answer

MIB = 2**20
JSON = b'{"name": "a"}'
BIG_CHUNK = b"10000\r\n" + b" " * 65_536 + b"\r\n"


def head(*lines, start=f"POST {TASKS} HTTP/1.1", host="localhost"):
    """The head of a request; without a host if that is None."""
    hosts = [] if host is None else [f"Host: {host}"]
    return "\r\n".join([start, *hosts, "Content-Type: application/json", *lines, "", ""]).encode("latin-1")


def get(path, *lines, **rest):
    return head(*lines, start=f"GET {path} HTTP/1.1", **rest)


@pytest.fixture
def send(server):
    """send(bytes) is the Answer; so it is when not all of them are taken."""

    def send(data):
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            try:
                connection.sendall(data)
            except OSError:
                pass
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return Answer(answer.status, answer.headers, answer.read())

    return send


@pytest.fixture
def token(ada):
    return f"Authorization: Token {ada.token}"


def check(answer, status, said):
    """Whether it is an error in JSON, with all headers that keep a browser safe."""
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/json"), answer
    assert said in str(answer.json)
    expected = SAFE | {"Content-Security-Policy": DATA}
    assert {name: answer.headers[name] for name in expected} == expected


HARDLY_HTTP = {
    "nonsense": (b"NONSENSE\r\n\r\n", 400, "Start line"),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "Start line"),
    "no host": (get(TASKS, host=None), 400, "ALLOWED_HOSTS"),
    "wrong host": (get(TASKS, host="evil.example"), 400, "ALLOWED_HOSTS"),
    "two hosts": (get(TASKS, "Host: evil.example"), 400, "ALLOWED_HOSTS"),
    "a cr in a header": (get(TASKS, "X: a\rY: b"), 400, "Bare CR or LF"),
    "a nul in a header": (get(TASKS, "X: a\0b"), 400, "Invalid header"),
    "a space in a header's name": (get(TASKS, "X Y: a"), 400, "Invalid header"),
    "no url": (get("http://[/"), 400, "URL"),
    "long url": (get(f"/{'a' * 100_000}"), 431, "32,768 bytes"),
    "long query": (get(f"{TASKS}?q={'a' * 100_000}"), 431, "32,768 bytes"),
    "long header": (get(TASKS, f"X: {'a' * 100_000}"), 431, "32,768 bytes"),
    "a header without end": (get(TASKS, f"X: {'a' * 10_000_000}")[:-4], 431, "32,768 bytes"),
    "many headers": (get(TASKS, *[f"X-{number}: a" for number in range(200)]), 431, "limit of 100"),
    "one header many times": (get(TASKS, *["X: a"] * 4_000), 431, "limit of 100"),
}


@pytest.mark.parametrize("name", HARDLY_HTTP)
def test_what_is_hardly_http(send, name):
    data, status, said = HARDLY_HTTP[name]
    check(send(data), status, said)


BODIES = {
    "two lengths": (head("Content-Length: 2", "Content-Length: 3") + b"{}x", 400, "Content-Length is invalid"),
    "a negative length": (head("Content-Length: -1"), 400, "Content-Length is invalid"),
    "no length": (head("Content-Length: many"), 400, "Content-Length is invalid"),
    "a length of 5,000 digits": (head(f"Content-Length: {'9' * 5_000}"), 400, "Content-Length is invalid"),
    "a length and chunks": (head("Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400, "leave one"),
    "chunks of no size": (head("Transfer-Encoding: chunked") + b"zz\r\n", 400, "chunk size"),
    "chunks without an end": (head("Transfer-Encoding: chunked") + b"2\r\n{}junk\r\n", 400, "terminated"),
    "tiny chunks": (head("Transfer-Encoding: chunked") + b"1\r\n \r\n" * 500_000, 400, "too small"),
    "a chunk's size without end": (head("Transfer-Encoding: chunked") + b"1" * 10 * MIB, 400, "too long"),
    "a trailer without end": (head("Transfer-Encoding: chunked") + b"0\r\n" + b"a: b\r\n" * MIB, 400, "too long"),
    "chunks in HTTP/1.0": (
        head("Transfer-Encoding: chunked", start=f"POST {TASKS} HTTP/1.0") + b"0\r\n\r\n",
        400,
        "HTTP/1.1",
    ),
    "a large body": (head(f"Content-Length: {11 * MIB}") + b" " * 11 * MIB, 413, "65,536 bytes without a token"),
    "a huge body": (head(f"Content-Length: {10**11}"), 413, "exceeds"),
    "large chunks": (head("Transfer-Encoding: chunked") + BIG_CHUNK * 20 + b"0\r\n\r\n", 413, "65,536 bytes"),
    "a large body, asked for first": (head("Expect: 100-continue", f"Content-Length: {MIB}"), 413, "65,536 bytes"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_of_somebody_without_a_token(send, name):
    data, status, said = BODIES[name]
    check(send(data), status, said)


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        ([f"Content-Length: {11 * MIB}"], b" " * 11 * MIB),
        (["Transfer-Encoding: chunked"], BIG_CHUNK * 161 + b"0\r\n\r\n"),
        (["Expect: 100-continue", f"Content-Length: {11 * MIB}"], b""),
    ],
)
def test_a_body_that_is_too_large_with_a_token(send, token, lines, body):
    check(send(head(token, *lines) + body), 413, "10,485,760 bytes")


def test_a_body_in_chunks_is_a_body(send, token):
    answer = send(head(token, "Transfer-Encoding: chunked") + b"d\r\n" + JSON + b"\r\n0\r\n\r\n")
    assert (answer.status, answer.json["name"]) == (201, "a")


def test_a_body_that_is_asked_for_first_is_a_body(server, token):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(head(token, "Expect: 100-continue", f"Content-Length: {len(JSON)}"))
        assert connection.recv(4_096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(JSON)
        assert connection.recv(4_096).startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "identity, gzip", "x" * 1_000])
def test_a_body_that_is_encoded(send, token, coding):
    check(send(head(token, f"Content-Encoding: {coding}", "Content-Length: 2") + b"{}"), 415, "Content-Encoding")


def test_a_length_below_that_of_the_body_and_what_follows(server, token):
    data = head(token, "Content-Length: 5") + JSON
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(data + b"\r\n\r\n")
        answers = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert [part[:3] for part in answers.split(b"HTTP/1.")[1:]] == [b"1 4", b"0 4"]


@pytest.mark.parametrize("count", [900, 3_000])
def test_thousands_of_parameters(send, token, count):
    answer = send(get(f"{TASKS}?{'&'.join(f'a{number}=' for number in range(count))}", token))
    assert (answer.status, len(answer.body) < 5_000) == (400, True)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (b"[" * 10 * MIB, "values"),
        (b'{"name": ' * MIB, "values"),
        (b"[" + b"{}," * 3 * MIB + b"{}]", "values"),
        (b"[" + b'{"":0},' * MIB + b"{}]", "values"),
        (b'{"name": "a", "arguments": [' + b'"",' * 3 * MIB + b'""]}', "values"),
    ],
    ids=["brackets", "braces", "objects", "pairs", "texts"],
)
def test_ten_mib_of_tiny_values_are_not_made(send, token, server, what, said):
    before = memory(server)
    check(send(head(token, f"Content-Length: {len(what)}") + what), 413, said)
    assert memory(server) - before < 64 * MIB


def memory(server):
    """Bytes that the process has had at most."""
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) * 1_024 for line in status if line.startswith("VmHWM"))


# What could end a header or begin another.


@pytest.mark.parametrize("text", ["a\r\nSet-Cookie: b=c", "\r\n\r\n<html>", "a\nb", "a\u2028b", "a\x85b"])
def test_a_line_end_in_a_name_stays_in_the_json(ada, text):
    task = ada.fork(name=text, run_at="2100-01-01T00:00:00Z")
    answer = ada.get(f"{TASKS}{task['id']}/")
    assert (answer.json["name"], answer.headers["Set-Cookie"]) == (text.strip(), None)


@pytest.mark.parametrize("path", [f"{TASKS}1%0d%0aSet-Cookie:%20a=b/", "/x%0d%0aSet-Cookie:%20a=b", "/%0d%0a%0d%0ahi/"])
def test_a_line_end_in_a_url_stays_in_the_json(ada, path):
    answer = ada.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/json")
    assert answer.headers["Set-Cookie"] is None


@pytest.mark.parametrize("key", ["a\r\n b", "a b", "\xe9", "", "a" * 256])
def test_an_idempotency_key_that_is_none(send, token, key):
    answer = send(head(token, f"Idempotency-Key: {key}", f"Content-Length: {len(JSON)}") + JSON)
    assert (answer.status, list(answer.json)) == (400, ["Idempotency-Key"])


@pytest.mark.parametrize("cursor", ["0-1%0d%0aX:y", "%0d%0a", "1-1%00"])
def test_a_cursor_with_a_line_end(ada, cursor):
    assert ada.get(f"{TASKS}?cursor={cursor}").status == 400


@pytest.mark.parametrize("host", ["evil.example", "localhost\r\n X: y", "localhost:80@evil.example"])
def test_no_location_is_made_of_a_hostile_host(send, token, host):
    answer = send(head(token, f"Content-Length: {len(JSON)}", host=host) + JSON)
    assert (answer.status, answer.headers["Location"]) == (400, None)


def test_it_has_cost_nobody_else_anything(ada):
    started = time.monotonic()
    assert ada.get(TASKS).status == 200
    assert time.monotonic() - started < 20
