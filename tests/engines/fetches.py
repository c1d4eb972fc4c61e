"""The program `fetch`, against a real server, in an engine that runs tasks in the background."""

import threading

import pytest

from taskapi.models import Reason, Signal, Status
from tests.conftest import wait_for
from tests.engines.contract import BackgroundContract, printed
from tests.unit.test_fetch import allow, hello, respond, serve  # noqa: F401  fixtures


@pytest.fixture
def slow(serve):  # noqa: F811
    """The URL of a server that answers when `slow.go` is set, and whether somebody has `asked`."""
    asked, go = threading.Event(), threading.Event()

    def answer(request):
        asked.set()
        go.wait(20)
        respond(request, b"late")

    class Slow:
        url = serve(answer)

    Slow.asked, Slow.go = asked, go
    yield Slow
    go.set()


class FetchContract(BackgroundContract):
    @pytest.fixture
    def fetch(self, start):
        return lambda url, **arguments: start("fetch", arguments={"url": url} | arguments)

    def test_a_fetch_completes_with_what_came(self, fetch, serve):  # noqa: F811
        url = serve(hello)
        task = fetch(url)
        self.ends(task, Status.COMPLETED)
        assert (task.result["status"], task.result["body"]) == (200, "hello")
        assert printed(task).decode() == f"GET {url} → 200\n"

    def test_another_status_than_expected_is_a_failure(self, fetch, serve):  # noqa: F811
        url = serve(lambda request: respond(request, b"no such page", 404))
        task = fetch(url)
        self.ends(task, Status.FAILED, Reason.ERROR)
        assert task.error == f"Expected a status below 400; {url} answered 404."
        assert b"no such page" in printed(task)

    def test_an_address_that_is_not_public_is_a_failure(self, fetch):
        task = fetch("http://127.0.0.1:9/")
        self.ends(task, Status.FAILED, Reason.ERROR)
        assert "is not at a public address" in task.error

    def test_a_fetch_under_way_can_be_killed(self, engine, fetch, slow):
        task = fetch(slow.url)
        wait_for(slow.asked.is_set)
        engine.kill(task)
        self.ends(task, Status.KILLED)
        wait_for(lambda: task.pk not in engine.runs)

    def test_a_stopped_fetch_goes_on_when_it_is_continued(self, engine, fetch, slow):
        task = fetch(slow.url)
        wait_for(slow.asked.is_set)
        engine.signal(task, Signal.STOP)
        slow.go.set()
        engine.signal(task, Signal.CONT)
        self.ends(task, Status.COMPLETED)
        assert task.result["body"] == "late"
