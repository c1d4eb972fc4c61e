"""How the page keeps up: the stream, what it does without one, and what it says about that."""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import enter
from tests.browser.steps import expect_row, row_of
from tests.browser.wire import Wire


def live(page):
    return page.locator(".live")


def hide(page, is_hidden):
    """Does as if the tab went to the background, or came back."""
    page.evaluate(
        """is => {
            Object.defineProperty(document, "hidden", {configurable: true, get: () => is});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        is_hidden,
    )


@pytest.fixture
def requests(page):
    """The requests that the page makes, as they are made."""
    seen = []
    page.on("request", lambda request: seen.append(request))
    return seen


def to(requests, part):
    return [request for request in requests if part in request.url]


def readings(requests):
    """Those that read the list, not only what is lacking of new tasks."""
    return [request for request in to(requests, "/taskapi/tasks/?") if "limit=" not in request.url]


def test_changes_are_shown_as_they_happen(inside, ada, requests):
    page = inside()
    expect(live(page)).to_have_text("Live")
    task = ada.fork("made elsewhere")
    expect(expect_row(page, "made elsewhere")).to_contain_text("Running")
    ada.kill(task["id"])
    expect(row_of(page, "made elsewhere")).to_contain_text("Killed")
    [stream] = to(requests, "/taskapi/events/")
    assert stream.headers["authorization"].startswith("Token ")
    assert ada.token not in stream.url


def test_progress_is_shown_as_it_is_made(served, ada):
    ada.fork("nap", 6)
    row = expect_row(served(), "nap")
    for percent in (r"[1-4]\d%", r"[5-9]\d%", "100%"):
        expect(row.locator(".bar__words")).to_have_text(re.compile(percent))


def test_a_new_task_gets_its_arguments(served, ada):
    page = served()
    page.set_viewport_size({"width": 1500, "height": 800})
    ada.fork("the first one")
    expect_row(page, "the first one")
    ada.fork("made elsewhere", 4711)
    expect(row_of(page, "made elsewhere").locator(".row__program")).to_have_text("sleep seconds=4711")


def test_a_server_that_is_away_is_told_and_what_is_seen_stays(inside, ada, server):
    ada.fork("long one", 600)
    page = inside()
    expect(expect_row(page, "long one")).to_contain_text("Running")
    server.stop()
    expect(live(page)).to_have_text("Reconnecting")
    banner = page.locator(".banner")
    expect(banner).to_contain_text("What you see is from")
    expect(banner).to_contain_text(re.compile(r"Next try in \d+ s|Trying"))
    expect(row_of(page, "long one")).to_be_visible()
    with page.expect_request("**/taskapi/events/"):
        banner.get_by_role("button", name="Retry now").click()
    server.start()
    expect(live(page)).to_have_text("Live", timeout=40_000)
    expect(banner).to_be_hidden()
    expect(row_of(page, "long one")).to_contain_text("Failedlost")


def test_the_page_comes_back_by_itself(served, ada, server):
    ada.fork("a task", 0)
    page = served()
    expect_row(page, "a task")
    server.stop()
    expect(page.locator(".banner")).to_be_visible()
    server.start()
    expect(live(page)).to_have_text("Live", timeout=40_000)
    ada.fork("after the break")
    expect_row(page, "after the break")


def test_what_happened_meanwhile_is_asked_for_by_the_last_id(served, ada, requests):
    page = served()
    expect(live(page)).to_have_text("Live")
    task = ada.fork("before")
    expect_row(page, "before")
    hide(page, True)
    ada.kill(task["id"])
    before = len(readings(requests))
    hide(page, False)
    expect(row_of(page, "before")).to_contain_text("Killed")
    assert int(to(requests, "/taskapi/events/")[-1].headers["last-event-id"]) > 0
    assert len(readings(requests)) == before


def test_while_hidden_it_asks_for_nothing(served, ada, requests):
    ada.fork("a task")
    page = served()
    expect_row(page, "a task")
    hide(page, True)
    expect(live(page)).to_have_text("Paused")
    before = len(requests)
    ada.fork("not seen")
    page.wait_for_timeout(3_000)
    assert len(requests) == before
    expect(row_of(page, "not seen")).to_have_count(0)
    hide(page, False)
    expect_row(page, "not seen")


def test_the_user_can_pause_it(inside, ada):
    ada.fork("a task")
    page = inside()
    expect_row(page, "a task")
    page.get_by_role("button", name="Live").click()
    paused = page.get_by_role("button", name="Paused", pressed=True)
    expect(paused).to_be_visible()
    ada.fork("not seen")
    page.wait_for_timeout(1_500)
    expect(row_of(page, "not seen")).to_have_count(0)
    paused.click()
    expect_row(page, "not seen")


def test_without_a_free_seat_the_list_is_polled(inside, ada, server):
    server.stop()
    server.environment["STREAM_LIMIT"] = "1"
    server.start()
    request = urllib.request.Request(f"{server.url}/taskapi/events/", headers={"Authorization": f"Token {ada.token}"})
    with urllib.request.urlopen(request):
        page = inside()
        expect(live(page)).to_have_text("Polling")
        task = ada.fork("polled")
        expect(expect_row(page, "polled")).to_contain_text("Running")
        ada.kill(task["id"])
        expect(row_of(page, "polled")).to_contain_text("Killed")
        expect(page.locator(".banner")).to_be_hidden()


BROKEN = {
    "a proxy's error": lambda route: route.fulfill(status=502, body="Bad gateway"),
    "ends at once": lambda route: route.fulfill(body="retry: 2000\n\n", content_type="text/event-stream"),
    "is refused": lambda route: route.abort("connectionrefused"),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_when_only_the_stream_fails_the_list_is_polled(served, page, ada, broken):
    task = ada.fork("forked before")
    page.route("**/taskapi/events/", broken)
    served()
    expect_row(page, "forked before")
    expect(live(page)).to_have_text("Polling")
    ada.kill(task["id"])
    expect(row_of(page, "forked before")).to_contain_text("Killed")
    expect(page.locator(".banner")).to_be_hidden()
    page.unroute("**/taskapi/events/")
    page.evaluate("() => utm.live.now()")
    expect(live(page)).to_have_text("Live")
    ada.fork("after that")
    expect_row(page, "after that")


def test_a_stream_that_hangs_does_not_keep_the_list_from_being_read(served, page, ada):
    ada.fork("a task")
    page.route("**/taskapi/events/", lambda route: None)
    expect_row(served(), "a task")


def test_a_stream_that_is_cut_is_resumed_without_loss(page, ada, server, requests):
    task = ada.fork("before")
    with Wire(server.port) as wire:
        enter(page, wire, ada, wire.url + "/")()
        expect(live(page)).to_have_text("Live")
        expect(expect_row(page, "before")).to_contain_text("Running")
        ada.fork("heard of")
        expect(expect_row(page, "heard of")).to_contain_text("Running")
        wire.cut()
        expect(live(page)).to_have_text("Reconnecting")
        ada.kill(task["id"])
        ada.fork("meanwhile")
        wire.mend()
        expect(live(page)).to_have_text("Live")
        expect(row_of(page, "before")).to_contain_text("Killed")
        expect(expect_row(page, "meanwhile")).to_contain_text("Running")
        assert int(to(requests, "/taskapi/events/")[-1].headers["last-event-id"]) > 0


def test_when_history_is_gone_the_list_is_read_anew(served, ada):
    ada.fork("a task")
    page = served()
    expect_row(page, "a task")
    body = f"event: reset\nid: 1\ndata: {json.dumps({'detail': 'gone'})}\n\n"
    page.route("**/taskapi/events/", lambda route: route.fulfill(body=body, content_type="text/event-stream"), times=1)
    with page.expect_request("**/taskapi/tasks/?*"):
        page.evaluate("() => utm.live.now()")


def test_a_stream_of_nonsense_harms_nothing(served, ada):
    ada.fork("a task")
    page = served()
    expect_row(page, "a task")
    body = 'event: task\ndata: {"id": 999}\n\nevent: task\ndata: not json\n\nevent: nobody knows\ndata: {}\n\n'
    page.route("**/taskapi/events/", lambda route: route.fulfill(body=body, content_type="text/event-stream"), times=1)
    page.evaluate("() => utm.live.now()")
    expect(live(page)).to_have_text("Reconnecting")
    page.evaluate("() => utm.live.now()")
    expect(live(page)).to_have_text("Live")
    ada.fork("after that")
    expect_row(page, "after that")
