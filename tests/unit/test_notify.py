"""The program notify: what it sends, what counts as accepted, and where it does not go."""

from datetime import timedelta
from ipaddress import ip_network

import pytest
from asgiref.sync import async_to_sync

from taskapi.exceptions import ProgramFailed
from taskapi.programs import network, programs
from taskapi.programs.notify import check_url, signature
from tests.receiver import Receiver
from tests.unit.test_fetch import (  # noqa: F401  fixtures
    LITERALS,
    FakeTask,
    allow,
    hello,
    names,
    pour,
    redirect_to,
    respond,
    serve,
)

EVENT = {"type": "task.completed", "timestamp": "2030-01-31T12:00:00Z", "data": {"id": 7, "name": "ключ"}}


@pytest.fixture
def deliver(fork):
    """deliver(url) is the result of one attempt, or its error; what it prints is in deliver.lines."""
    task = FakeTask()
    task.id = fork().pk

    def deliver(url):
        program = programs["notify"]
        arguments = program.check({"url": url, "message": "msg_1", "event": EVENT})
        return async_to_sync(outcome)(program.bind(task, arguments))

    deliver.lines = task.lines
    return deliver


async def outcome(call):
    try:
        return await call()
    except ProgramFailed as error:
        return str(error)


@pytest.fixture
def receiver(serve):  # noqa: F811
    receiver = Receiver()
    receiver.url = serve(lambda request: receiver.answer(request))
    return receiver


def test_the_event_is_posted_signed(deliver, receiver, user):
    assert deliver(receiver.url) == {"status": 204}
    [post] = receiver.accepted
    assert (post.event, post.id, post.headers["Content-Type"]) == (EVENT, "msg_1", "application/json")
    assert post.signed_with(user.webhook_key())
    assert deliver.lines == [f"POST {receiver.url} → 204"]


def test_the_signature_is_that_of_the_specification():
    # Made with openssl dgst -sha256 -mac HMAC -macopt hexkey:6b6579.
    assert signature(b"key", "msg_1", 1_700_000_000, b'{"a":1}') == "KSgv0SSgWzG5LPnm9tfWJRfBlWqAqHz+OlObgspQi/g="


def test_a_secret_that_was_replaced_signs_nothing_more(deliver, receiver, user):
    old = user.webhook_key()
    user.replace_webhook_key()
    deliver(receiver.url)
    [post] = receiver.accepted
    assert not post.signed_with(old)
    assert post.signed_with(user.webhook_key())


@pytest.mark.parametrize("status", [400, 404, 410, 500, 503])
def test_another_status_is_a_failure_that_shows_the_answer(deliver, receiver, status):
    receiver.statuses = [status]
    assert deliver(receiver.url) == f"Expected a status from 200 to 299; {receiver.url} answered {status}."
    assert deliver.lines == [f"POST {receiver.url} → {status}", "no"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_not_followed(deliver, serve, receiver, status):  # noqa: F811
    url = serve(redirect_to(receiver.url, status))
    assert deliver(url).endswith(f"answered {status}.")
    assert receiver.posts == []


def test_an_answer_that_accepts_is_not_read(deliver, serve):  # noqa: F811
    assert deliver(serve(pour)) == {"status": 200}


def test_an_answer_without_end_is_cut(deliver, serve):  # noqa: F811
    assert "answered 500" in deliver(serve(lambda request: pour(request, 500)))


def test_a_slow_receiver_is_cut_off(deliver, serve, settings):  # noqa: F811
    settings.WEBHOOK_TIMEOUT = timedelta(seconds=0.2)

    def answer(request):
        request.rfile.read()  # until the client hangs up

    url = serve(answer)
    assert deliver(url) == f"{url} took longer than the time limit of 0.2 s."
    assert deliver.lines == [f"POST {url} took longer than the time limit of 0.2 s."]


@pytest.mark.parametrize("host", LITERALS)
def test_what_is_not_public_is_not_reached(deliver, host):
    error = deliver(f"http://{host}:1/")
    assert "is not at a public address" in error
    assert deliver.lines == [f"POST {error}"]


def test_a_name_that_moves_to_a_private_address(deliver, serve, names):  # noqa: F811
    port = serve(hello).rpartition(":")[2]
    names({"moving.test": [["127.0.0.1"], ["127.0.0.2"]]})
    assert deliver(f"http://moving.test:{port}/") == {"status": 200}
    assert "is not at a public address" in deliver(f"http://moving.test:{port}/")


def test_it_is_asked_for_an_address_once_and_goes_there(deliver, serve, allow, names, receiver):  # noqa: F811
    port = receiver.url.rpartition(":")[2]
    answers = names({"rebinding.test": [["127.0.0.1"], ["10.0.0.1"]]})
    deliver(f"http://rebinding.test:{port}/")
    assert answers == {"rebinding.test": [["10.0.0.1"]]}
    assert len(receiver.accepted) == 1


def test_where_webhooks_are_off_nothing_is_sent(deliver, receiver, settings):
    settings.WEBHOOKS = False
    assert deliver(receiver.url) == "Webhooks are off on this server (WEBHOOKS=0)."
    assert receiver.posts == []


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]"])
def test_a_private_address_is_refused_when_it_is_written(host):
    with pytest.raises(ValueError, match="not public"):
        check_url(f"https://{host}/hook")


def test_an_address_that_the_operator_allows(settings):
    settings.FETCH_ALLOWED_NETWORKS = [ip_network("10.0.0.0/8")]
    check_url("http://10.1.2.3/hook")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://example.com/", "begins with http:// or https://"),
        ("example.com", "begins with http:// or https://"),
        ("https://", "name or the address of a host"),
        ("https://example.com/a b", "spaces or control characters"),
        ("https://example.com:0/", "from 1 to 65535"),
        ("https://ada:secret@example.com/", "Leave user and password out"),
        ("https://ada@example.com/", "Leave user and password out"),
    ],
)
def test_what_is_no_url_of_a_webhook(url, says):
    with pytest.raises(ValueError, match=says):
        check_url(url)


def test_names_are_looked_up_when_it_is_sent(monkeypatch):
    monkeypatch.setattr(network, "resolve", None)
    check_url("https://localhost/hook")
