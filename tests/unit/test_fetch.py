"""The program fetch: what it sends and returns, what it refuses, and which addresses it reaches."""

import asyncio
import base64
import contextlib
import gzip
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network

import pytest
from pydantic import ValidationError

from taskapi.exceptions import ProgramFailed
from taskapi.programs import Program, network
from taskapi.programs.fetch import encode, fetch
from tests.conftest import needs

PROGRAM = Program(fetch)


class FakeTask:
    def __init__(self):
        self.lines = []

    def print(self, *values):
        self.lines.append(" ".join(map(str, values)))


def start(url, task=None, **arguments):
    """The coroutine that a task with these arguments would run."""
    arguments = PROGRAM.check({"url": url} | arguments)
    return PROGRAM.bind(task or FakeTask(), arguments)()


def run(url, task=None, **arguments):
    return asyncio.run(start(url, task, **arguments))


def failure(url, task=None, **arguments):
    """The error of a fetch that fails."""
    with pytest.raises(ProgramFailed) as caught:
        run(url, task, **arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def respond(request, body=b"", status=200, **headers):
    """Answers a request of the local server; header_names become Header-Names."""
    request.send_response(status)
    for name, value in {"content_length": len(body), **headers}.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)


class LocalServer(ThreadingHTTPServer):
    daemon_threads = False  # closing it waits for them

    def handle_error(self, request, address):
        """A client that hangs up is no error here."""


@pytest.fixture
def allow(settings):
    """allow("127.0.0.1") is the environment in which only that may be reached besides what is public."""

    def allow(*networks):
        settings.FETCH_ALLOWED_NETWORKS = [ip_network(network) for network in networks]

    return allow


@pytest.fixture
def serve(allow):
    """serve(answer) is the URL of a server on 127.0.0.1, or another address, where answer(request) answers."""
    allow("127.0.0.1")
    with contextlib.ExitStack() as stack:
        yield lambda answer, **place: stack.enter_context(serving(answer, **place))


@contextlib.contextmanager
def serving(answer, host="127.0.0.1", port=0, tls=None):
    class Handler(BaseHTTPRequestHandler):
        do_GET = do_HEAD = do_POST = do_PUT = answer

        def log_message(self, *arguments):
            pass

    with LocalServer((host, port), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http{'s' if tls else ''}://{host}:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def names(monkeypatch):
    """names({"a.test": [["127.0.0.1"], ...]}) answers look-ups of a name with one list of addresses after another."""

    def names(answers):
        async def resolve(host):
            return list(map(ip_address, answers[host].pop(0)))

        monkeypatch.setattr(network, "resolve", resolve)
        return answers

    return names


def hello(request):
    respond(request, b"hello", content_type="text/plain", x_twice="a")


def echo(request):
    """Answers with what arrived."""
    body = request.rfile.read(int(request.headers["content-length"] or 0)).decode()
    arrived = {"method": request.command, "path": request.path, "body": body, "headers": dict(request.headers)}
    respond(request, json.dumps(arrived).encode())


def redirect_to(url, status=302, body=b""):
    return lambda request: respond(request, body, status, location=url)


def pour(request, status=200, **headers):
    """Answers without end, until the client hangs up."""
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.end_headers()
    with contextlib.suppress(OSError):
        while True:
            request.wfile.write(b"x" * 10_000)


def test_a_result_has_status_headers_and_body(serve):
    url, task = serve(hello), FakeTask()
    result = run(url, task)
    assert result["headers"].items() >= {"content-type": "text/plain", "content-length": "5", "x-twice": "a"}.items()
    del result["headers"]
    assert result == {"url": url, "status": 200, "body": "hello", "body_encoding": "text", "truncated": False}
    assert task.lines == [f"GET {url} → 200"]


def test_what_is_posted_arrives(serve):
    headers = {"Content-Type": "text/plain", "x-key": " ключ "}
    sent = json.loads(run(serve(echo) + "/a?b=c", method="POST", headers=headers, body="grüß")["body"])
    assert (sent["method"], sent["path"]) == ("POST", "/a?b=c")
    assert sent["headers"]["Content-Length"] == "6"
    assert sent["headers"]["x-key"].encode("latin-1").decode() == "ключ"
    assert sent["body"] == "grüß"


def test_nothing_compressed_is_asked_for_unless_the_user_does(serve):
    url = serve(echo)
    for given, sent in ({}, "identity"), ({"ACCEPT-encoding": "br"}, "br"):
        headers = json.loads(run(url, headers=given)["body"])["headers"]
        assert [value for name, value in headers.items() if name.lower() == "accept-encoding"] == [sent]


def test_credentials_in_the_url_become_a_header_and_are_not_shown(serve):
    url, task = serve(echo), FakeTask()
    result = run(url.replace("//", "//ada:s%40crap@") + "/#part", task)
    assert json.loads(result["body"])["headers"]["Authorization"] == "Basic " + base64.b64encode(b"ada:s@crap").decode()
    assert result["url"] == f"{url}/"
    assert task.lines == [f"GET {url}/ → 200"]


def test_credentials_are_not_in_errors(serve):
    url = serve(lambda request: respond(request, status=500))
    secret = url.replace("//", "//ada:secret@")
    assert failure(secret, headers={"x-key": "secret"}) == f"Expected a status below 400; {url} answered 500."
    assert "secret" not in failure(secret.replace("127.0.0.1", "127.0.0.9"))


def test_head_has_no_body(serve):
    result = run(serve(hello), method="HEAD")
    assert (result["body"], result["headers"]["content-length"]) == ("", "5")


def test_repeated_headers_are_joined(serve):
    result = run(serve(lambda request: respond(request, x_a="1", X_A="2")))
    assert result["headers"]["x-a"] == "1, 2"


def test_headers_in_the_result_are_bounded(serve):
    many = {f"x_{number}": "é" * 4_000 for number in range(20)}
    result = run(serve(lambda request: respond(request, **many)))
    assert 8_000 < len(str(result["headers"])) < 20_000


def test_redirects_are_followed(serve):
    target, task = serve(hello), FakeTask()
    url = serve(redirect_to(f"{target}/b"))
    assert run(url, task)["url"] == f"{target}/b"
    assert task.lines == [f"GET {url} → 302", f"GET {target}/b → 200"]


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [(302, "POST", "GET"), (303, "PUT", "GET"), (303, "HEAD", "HEAD"), (302, "PUT", "PUT"), (307, "POST", "POST")],
)
def test_the_method_of_a_redirect(serve, status, method, then):
    def answer(request):
        (echo if request.path == "/b" else redirect_to("/b", status))(request)

    task = FakeTask()
    result = run(serve(answer), task, method=method, body="text", headers={"content-type": "a/b"})
    assert task.lines[1].startswith(f"{then} ")
    if then != "HEAD":
        sent = json.loads(result["body"])
        assert (sent["body"], sent["headers"].get("content-type")) == (("", None) if then == "GET" else ("text", "a/b"))


def test_another_origin_gets_no_secrets(serve):
    url = serve(redirect_to(serve(echo)))
    secrets = {"authorization": "Bearer x", "cookie": "a=b", "x-api-key": "x", "accept": "a/b"}
    sent = json.loads(run(url, headers=secrets)["body"])["headers"]
    assert {name.lower() for name in sent} == {"host", "user-agent", "accept", "accept-encoding", "connection"}
    assert sent["accept"] == "a/b"


def test_the_same_origin_keeps_them(serve):
    url = serve(lambda request: (echo if request.path == "/b" else redirect_to("b"))(request))
    assert json.loads(run(url, headers={"x-api-key": "x"})["body"])["headers"]["x-api-key"] == "x"


def test_a_redirect_that_is_expected_is_not_followed(serve):
    result = run(serve(redirect_to("http://10.0.0.1/", status=301)), expected_status=[301])
    assert result["headers"]["location"] == "http://10.0.0.1/"


@pytest.mark.parametrize(
    "place", ["ftp://127.0.0.1/", "file:///etc/passwd", "ws://127.0.0.1/", "https://", "//[", "/" + "a" * 9_000]
)
def test_a_redirect_to_what_is_not_http_is_refused(serve, place):
    url = serve(redirect_to(place))
    assert failure(url).startswith(f"{url} has a redirect that cannot be followed: ")


def test_a_redirect_to_a_private_address_is_refused(serve):
    inner = serve(hello, host="127.0.0.2")
    assert failure(serve(redirect_to(inner))).startswith(f"{inner}: the host 127.0.0.2 is not at a public address")


def test_the_body_of_a_redirect_is_not_read(serve):
    target = serve(hello)
    assert run(serve(lambda request: pour(request, 302, location=target)), time_limit=5)["body"] == "hello"


def test_a_loop_of_redirects_ends(serve):
    task = FakeTask()
    url = serve(redirect_to("/"))
    assert failure(url, task) == f"{url} redirects more than 10 times."
    assert len(task.lines) == 11


def test_an_endless_body_is_cut(serve, settings):
    result = run(serve(pour))
    assert result["body"] == "x" * settings.FETCH_BODY_LIMIT
    assert result["truncated"]


def test_a_body_of_just_the_limit_is_whole(serve, settings):
    settings.FETCH_BODY_LIMIT = 5
    assert not run(serve(hello))["truncated"]


def test_a_gzip_bomb_stays_small(serve):
    bomb = gzip.compress(bytes(10_000_000))
    result = run(serve(lambda request: respond(request, bomb, content_encoding="gzip")))
    assert base64.b64decode(result["body"]) == bomb
    assert result["body_encoding"] == "base64"


@pytest.mark.parametrize(
    ("content", "charset", "body", "encoding"),
    [
        (b"\xff\x00", "utf-8", "/wA=", "base64"),
        (b"a\0b", "utf-8", "a\ufffdb", "text"),
        ("grüß".encode("latin-1"), "iso-8859-1", "grüß", "text"),
        ("grüß".encode("utf-16"), "utf-16", "grüß", "text"),
        (b"abc", "punycode", "YWJj", "base64"),
        (b"abc", "unicode_escape", "YWJj", "base64"),
        (b"abc", "windows-1", "YWJj", "base64"),
        (b"\xd8\x00", "utf-16be", "2AA=", "base64"),
    ],
)
def test_bodies(content, charset, body, encoding):
    assert encode(content, charset, truncated=False) == (body, encoding)


def test_a_cut_through_a_character_leaves_text(serve, settings):
    settings.FETCH_BODY_LIMIT = 3
    result = run(serve(lambda request: respond(request, "üü".encode(), content_type='text/plain; Charset="UTF-8"')))
    assert (result["body"], result["body_encoding"], result["truncated"]) == ("ü", "text", True)


def test_the_largest_result_can_be_stored(serve, settings):
    headers = {f"x_{number}": "\x01" * 4_000 for number in range(10)}
    result = run(serve(lambda request: respond(request, b"\x01" * 200_000, **headers)))
    assert len(json.dumps(result)) < settings.RESULT_LIMIT * 0.9


def test_an_unexpected_status_shows_the_body(serve):
    url, task = serve(lambda request: respond(request, b"x" * 2_000, status=503)), FakeTask()
    assert failure(url, task) == f"Expected a status below 400; {url} answered 503."
    assert task.lines == [f"GET {url} → 503", "x" * 1_000]


def test_expected_statuses(serve):
    url = serve(lambda request: respond(request, status=404))
    assert run(url, expected_status=[200, 404])["status"] == 404
    assert failure(url, expected_status=[200, 201]) == f"Expected the status 200 or 201; {url} answered 404."


def test_a_long_url_leaves_room_for_the_error(serve):
    url = serve(lambda request: respond(request, status=404)) + "/" + "a" * 7_000
    error = failure(url)
    assert error.endswith(" answered 404.")
    assert len(error) < 600


@pytest.mark.parametrize("late", ["headers", "body"])
def test_a_slow_server_hits_the_time_limit(serve, late):
    def answer(request):
        if late == "body":
            request.send_response(200)
            request.end_headers()
        assert request.rfile.read() == b""  # until the client hangs up

    url = serve(answer)
    assert failure(url, time_limit=0.2) == f"{url} took longer than the time limit of 0.2 s."


def test_a_slow_resolver_hits_the_time_limit(monkeypatch):
    monkeypatch.setattr(network, "resolve", lambda host: asyncio.sleep(60))
    assert failure("http://slow.test/", time_limit=0.1).endswith("took longer than the time limit of 0.1 s.")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_cancelled_request_leaves_no_connection_open(allow, scheme):
    """With https, it is cancelled in the TLS handshake."""
    allow("127.0.0.1")

    async def scenario():
        arrived, closed = asyncio.Event(), asyncio.Event()

        async def silent(reader, writer):
            await reader.read(1)
            arrived.set()
            await reader.read()
            closed.set()
            writer.close()

        async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            child = asyncio.create_task(start(f"{scheme}://127.0.0.1:{port}/"))
            await arrived.wait()
            child.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(child, 1)
            await asyncio.wait_for(closed.wait(), 1)

    asyncio.run(scenario())


def test_a_refused_connection(allow):
    allow("127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    assert failure(url) == f"{url}: the host 127.0.0.1 cannot be reached: Connection refused."


def test_a_server_that_hangs_up(serve):
    assert "disconnected" in failure(serve(lambda request: None))


def test_a_server_that_speaks_something_else(allow):
    allow("127.0.0.1")

    async def scenario():
        async def greet(reader, writer):
            writer.write(b"220 mail.test\0 ESMTP\r\n" * 20_000)
            writer.close()

        async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
            await start(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")

    with pytest.raises(ProgramFailed) as caught:
        asyncio.run(scenario())
    assert len(str(caught.value)) < 500


def test_an_unknown_name(monkeypatch):
    def unknown(*arguments, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert failure("http://a.test/") == "http://a.test/: the host a.test cannot be found: Name or service not known."


LITERALS = """
    2130706433 127.1 0x7f000001 0177.1 127.0.0.1 10.0.0.1 172.16.0.1 192.168.0.1 169.254.169.254 0.0.0.0 0
    100.64.0.1 192.0.0.192 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255
    168.63.129.16 [::] [::1] [::127.0.0.1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:8.8.8.8] [64:ff9b::7f00:1]
    [64:ff9b:1::7f00:1] [100::1] [fe80::1] [fec0::1] [fc00::1] [fd00:ec2::254] [ff02::1] [2001::1] [2001:2::1]
    [2001:db8::1] [2002:7f00:1::] [3fff::1] [5f00::1] localhost
""".split()


@pytest.mark.parametrize("host", LITERALS)
def test_addresses_that_are_not_public_are_refused(host):
    assert "is not at a public address" in failure(f"http://{host}:1/")


@pytest.mark.parametrize("host", ["0177.0.0.1", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[::1", "a b", "1.2.3.256"])
def test_other_notations_are_refused_when_forked(host):
    with pytest.raises(ValidationError):
        PROGRAM.check({"url": f"http://{host}/"})


@pytest.mark.parametrize("address", ["8.8.8.8", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"])
def test_public_addresses_are_allowed(address):
    assert network.is_allowed(ip_address(address))


def test_what_an_operator_allows(allow):
    allow("10.0.0.0/8", "fd00::/8", "fe80::/10")
    for address in "10.1.2.3", "::ffff:10.1.2.3", "fd00::1", "fe80::1":
        assert network.is_allowed(ip_address(address))
    for address in "127.0.0.1", "::ffff:127.0.0.1", "fc00::1", "fe80::1%eth0", "64:ff9b::a01:203":
        assert not network.is_allowed(ip_address(address))


def test_a_name_is_refused_when_one_of_its_addresses_is(names):
    names({"mixed.test": [["8.8.8.8", "10.0.0.1"]]})
    error = failure("http://mixed.test/")
    assert "the host mixed.test is not at a public address" in error
    assert "10.0.0.1" not in error


def test_the_connection_goes_to_the_address_that_was_checked(serve, allow, names, monkeypatch):
    url = serve(echo, host="127.0.0.2")
    trap = serve(hello, port=int(url.rpartition(":")[2]))
    allow("127.0.0.2")
    answers = names({"rebinding.test": [["127.0.0.2"], ["127.0.0.1"]]})
    monkeypatch.setattr(socket, "getaddrinfo", None)
    sent = json.loads(run(trap.replace("127.0.0.1", "rebinding.test"))["body"])
    assert sent["headers"]["Host"] == trap.replace("127.0.0.1", "rebinding.test").removeprefix("http://")
    assert answers == {"rebinding.test": [["127.0.0.1"]]}


def test_a_name_is_checked_again_for_a_redirect(serve, names):
    port = serve(redirect_to("/again")).rpartition(":")[2]
    names({"rebinding.test": [["127.0.0.1"], ["127.0.0.2"]]})
    assert failure(f"http://rebinding.test:{port}").startswith(f"http://rebinding.test:{port}/again: the host")


def test_the_next_address_is_tried(serve, allow, names):
    url = serve(hello)
    allow("127.0.0.0/8")
    names({"two.test": [["127.0.0.9", "127.0.0.1"]]})
    assert run(url.replace("127.0.0.1", "two.test"))["body"] == "hello"


def test_proxies_of_the_environment_are_not_used(serve, monkeypatch):
    for name in "http_proxy", "HTTP_PROXY", "ALL_PROXY":
        monkeypatch.setenv(name, "http://127.0.0.9:1")
    assert run(serve(hello))["body"] == "hello"


@pytest.fixture
def certificate(tmp_path):
    """The files of a key and a certificate for name.test."""
    needs(shutil.which("openssl"), "openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=name.test -addext"
    arguments = ["subjectAltName=DNS:name.test", "-keyout", key, "-out", certificate]
    subprocess.run([*command.split(), *arguments], check=True, capture_output=True)
    return key, certificate


@pytest.fixture
def tls_server(serve, certificate):
    key, file = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    return serve(hello, tls=context)


def test_a_certificate_must_be_trusted(tls_server):
    error = failure(tls_server)
    assert (
        error == f"{tls_server}: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate."
    )


def test_a_certificate_is_for_the_name_and_not_the_address(tls_server, certificate, names, monkeypatch):
    trusting = ssl.create_default_context(cafile=certificate[1])
    monkeypatch.setattr(network, "ssl_context", lambda: trusting)
    names({"name.test": [["127.0.0.1"]], "other.test": [["127.0.0.1"]]})
    assert run(tls_server.replace("127.0.0.1", "name.test"))["body"] == "hello"
    assert "Hostname mismatch" in failure(tls_server.replace("127.0.0.1", "other.test"))


def test_all_connections_share_one_ssl_context():
    network.ssl_context()
    begun = time.process_time()
    for _ in range(100):
        network.Transport()
    assert time.process_time() - begun < 0.1


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        ("url", "ftp://a.test/", "begins with http:// or https://"),
        ("url", "a.test", "begins with http:// or https://"),
        ("url", "http://", "name or the address of a host"),
        ("url", "http:///a", "name or the address of a host"),
        ("url", "http://a.test/\r\nX: y", "spaces or control characters"),
        ("url", "http://a.test/a b", "spaces or control characters"),
        ("url", "http://a.test:99999/", "from 1 to 65535"),
        ("url", "http://a.test:0/", "from 1 to 65535"),
        ("url", "http://a.test:port/", "This is no URL: Invalid port"),
        ("url", "http://xn--a\u0301.test/", "This is no URL"),
        ("url", "http://xn--a.test/", "This is no URL"),
        ("url", "http://a.test/" + "a" * 8_000, "at most 8000 characters"),
        ("method", "TRACE", "should be 'GET'"),
        ("method", "get", "should be 'GET'"),
        ("headers", {"a b": "c"}, "'a b' is no name for a header"),
        ("headers", {"": "c"}, "'' is no name for a header"),
        ("headers", {"a\n": "c"}, "is no name for a header"),
        ("headers", {"a": "b\r\nX: y"}, "The header a has control characters"),
        ("headers", {"a": "b\0"}, "The header a has control characters"),
        ("headers", {"HOST": "a.test"}, "The header HOST cannot be set"),
        ("headers", {"content-length": "1"}, "cannot be set"),
        ("headers", {"Transfer-Encoding": "chunked"}, "cannot be set"),
        ("headers", {"Proxy-Authorization": "x"}, "cannot be set"),
        ("headers", {"te": "trailers"}, "cannot be set"),
        ("headers", {f"x-{number}": "" for number in range(101)}, "at most 100 items"),
        ("headers", {"a": 1}, "valid string"),
        ("expected_status", [], "at least 1 item"),
        ("expected_status", [200] * 21, "at most 20 items"),
        ("expected_status", [99], "greater than or equal to 100"),
        ("expected_status", ["200"], "valid integer"),
        ("time_limit", 0.01, "greater than or equal to 0.1"),
        ("time_limit", 601, "less than or equal to 600"),
        ("time_limit", None, "valid number"),
    ],
)
def test_wrong_arguments_are_refused_when_forked(argument, value, says):
    with pytest.raises(ValidationError) as caught:
        PROGRAM.check({"url": "http://a.test/", argument: value})
    [problem] = caught.value.errors()
    assert problem["loc"][0] == argument
    assert says in problem["msg"]


def test_the_schema_describes_every_argument():
    assert list(PROGRAM.schema["properties"]) == ["url", "method", "headers", "body", "expected_status", "time_limit"]
    assert all("description" in argument for argument in PROGRAM.schema["properties"].values())
    assert PROGRAM.schema["required"] == ["url"]
