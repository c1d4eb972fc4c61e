"""The figures."""

import pytest
from playwright.sync_api import expect


def minutes(**last):
    """An hour in which nothing ended but in its last minute."""
    quiet = {"completed": 0, "failed": 0, "killed": 0}
    hour = [{"minute": f"2026-01-01T10:{minute:02}:00Z", **quiet} for minute in range(60)]
    hour[-1] |= last
    return hour


FIGURES = {
    "status": {"pending": 3, "running": 12, "completed": 1234, "failed": 5, "killed": 1},
    "load": {"now": 12, "1": 11.25, "5": 7.5, "15": 2},
    "slots": 20,
    "ended": minutes(completed=30, failed=2),
    "waiting": {"tasks": 3, "oldest": 75.2},
    "at": "2026-01-01T11:00:00Z",
}


def worker(number, state="alive", **fields):
    named = {"id": number, "name": f"host-{number}:4711", "host": f"host-{number}", "state": state}
    rest = {"engine": "procrastinate", "version": "0.1.0", "slots": 200, "busy": 0, "heartbeat_age": 0.2}
    times = {"started_at": "2026-01-01T10:00:00Z", "heartbeat_at": "2026-01-01T11:00:00Z"}
    return named | rest | times | fields


FLEET = [worker(1, busy=50), worker(2, "silent", heartbeat_age=14), worker(3, "lost", heartbeat_age=190)]


@pytest.fixture
def top(inside):
    """top(figures) is the page with what the server would answer."""

    def open_top(figures, status=200):
        page = inside("#/tasks")
        page.route("**/taskapi/stats/", lambda route: route.fulfill(status=status, json=figures))
        page.get_by_role("link", name="Top").click()
        return page

    return open_top


def tile(page, name):
    return page.get_by_role("region", name=name, exact=True)


def test_the_figures_are_shown(top):
    page = top(FIGURES)
    expect(tile(page, "All tasks")).to_contain_text("1,255")
    expect(tile(page, "Running")).to_contain_text("12of 20 slots")
    expect(tile(page, "Load")).to_contain_text("11.3  7.50  2")
    expect(tile(page, "Waiting")).to_contain_text("3the longest for 1 min 15 s")
    expect(tile(page, "Ended in the last hour")).to_contain_text("3230 completed, 2 failed, 0 killed")


def test_the_figures_of_a_real_server(inside, ada):
    ada.fork("quick", seconds=0)
    ada.fork("long", seconds=600)
    page = inside("#/top")
    expect(tile(page, "All tasks")).to_contain_text("2")
    expect(tile(page, "Running")).to_contain_text("1of ")
    expect(tile(page, "Ended in the last hour")).to_contain_text("11 completed, 0 failed, 0 killed")
    expect(tile(page, "Running longest").get_by_role("link", name="long")).to_be_visible()


def test_charts_can_be_heard(top):
    page = top(FIGURES)
    expect(page.get_by_role("img", name="Running: 12 running of 20")).to_be_visible()
    expect(page.get_by_role("img", name="Waiting since this page was opened: 3 tasks")).to_be_visible()
    table = page.get_by_role("table", name="Ended in each minute of the last hour")
    assert table.get_by_role("row").count() == 2
    assert table.get_by_role("row").last.get_by_role("cell").all_inner_texts() == ["30", "2", "0"]


def test_the_chart_is_read_minute_by_minute(top):
    page = top(FIGURES)
    chart = page.get_by_role("slider", name="Ended in each minute of the last hour")
    chart.press("End")
    expect(chart).to_have_attribute("aria-valuetext", r := chart.get_attribute("aria-valuetext"))
    assert r.endswith(": 30 completed, 2 failed")
    chart.press("ArrowLeft")
    expect(chart).to_have_attribute("aria-valuenow", "58")
    assert chart.get_attribute("aria-valuetext").endswith(": none")


def test_a_server_without_figures_says_so(top):
    page = top({"detail": "Not found."}, 404)
    expect(page.get_by_text("This server has no figures")).to_be_visible()
    expect(tile(page, "Running longest")).to_be_visible()


def test_what_is_missing_is_left_out(top):
    page = top({"status": FIGURES["status"], "slots": None})
    expect(tile(page, "Running")).to_contain_text("12")
    expect(tile(page, "Running")).not_to_contain_text("slots")
    for name in ("Load", "Waiting", "Ended in the last hour", "Workers"):
        expect(tile(page, name)).to_be_hidden()


def test_a_status_leads_to_its_tasks(top):
    page = top(FIGURES)
    tile(page, "All tasks").get_by_role("link", name="Failed").click()
    assert page.url.endswith("#/tasks?status=failed")


def test_what_runs_longest_is_listed(served, ada):
    for name in ("first", "second"):
        ada.fork(name)
    page = served("#/top")
    rows = tile(page, "Running longest").get_by_role("row")
    expect(rows).to_have_count(3)
    assert "first" in rows.nth(1).inner_text()
    rows.nth(1).get_by_role("link").click()
    expect(page.get_by_role("region", name="first")).to_contain_text("Running for")


def test_the_workers_are_shown(top):
    page = top(FIGURES | {"workers": FLEET})
    workers = tile(page, "Workers")
    expect(workers).to_contain_text("1 alive, 1 silent, 1 lost")
    expect(workers.get_by_role("row")).to_have_count(4)
    first = workers.get_by_role("row", name="host-1:4711")
    expect(first).to_contain_text("procrastinate0.1.050 of 200")
    expect(first).to_contain_text("Alive")
    expect(first.locator(".parts__part")).to_have_attribute("style", "width: 25%;")


def test_a_worker_that_is_lost_is_marked_by_a_shape_and_a_word(top):
    page = top(FIGURES | {"workers": FLEET})
    states = tile(page, "Workers").locator(".status")
    expect(states).to_have_text(["Alive", "Silent", "Lost"])
    shapes = [f"#icon-{name}" for name in ("alive", "silent", "lost")]
    assert states.locator("use").evaluate_all("all => all.map(use => use.getAttribute('href'))") == shapes


def test_heartbeats_grow_older_between_two_answers(top):
    page = top(FIGURES | {"workers": [worker(1, heartbeat_age=7_000)]})
    beat = tile(page, "Workers").locator(".workers__beat")
    expect(beat).to_have_text("1 h ago")
    page.route("**/taskapi/stats/", lambda route: route.abort())
    page.clock.install()
    page.clock.fast_forward("10:00")
    expect(beat).to_have_text("2 h ago")


def test_workers_come_and_go_in_place(top):
    page = top(FIGURES | {"workers": FLEET[:1]})
    names = tile(page, "Workers").locator("tbody th")
    expect(names).to_have_text(["host-1:4711"])
    names.first.evaluate("cell => { cell.parentNode.mine = true }")
    page.route("**/taskapi/stats/", lambda route: route.fulfill(json=FIGURES | {"workers": [FLEET[2], FLEET[0]]}))
    expect(names).to_have_text(["host-3:4711", "host-1:4711"])
    assert names.last.evaluate("cell => cell.parentNode.mine")


def test_one_worker_is_one_line(inside, ada):
    page = inside("#/top")
    workers = tile(page, "Workers")
    expect(workers.get_by_role("row").last).to_contain_text("0 of ")
    expect(workers).not_to_contain_text("1 alive")
    assert workers.locator("thead").bounding_box()["height"] <= 1
    assert workers.get_by_role("columnheader").all_inner_texts()[0] == "Worker"


def test_without_a_worker_it_says_that_tasks_wait(top):
    page = top(FIGURES | {"workers": []})
    expect(tile(page, "Workers")).to_contain_text("No worker is alive; tasks wait for one.")
    expect(tile(page, "Workers").get_by_role("table")).to_be_hidden()


def test_a_name_of_a_worker_is_text(top):
    page = top(FIGURES | {"workers": [worker(1, name="<b>\u202eevil</b>:1", version="<i>1</i>")]})
    expect(tile(page, "Workers").locator("tbody th")).to_have_text("<b>\\u202eevil</b>:1")
    expect(tile(page, "Workers").locator("b, i")).to_have_count(0)
