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
    for name in ("Load", "Waiting", "Ended in the last hour"):
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
