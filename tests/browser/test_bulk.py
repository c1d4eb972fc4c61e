"""Many tasks at once: selecting, and what is done with the selection."""

import re

from playwright.sync_api import expect

from tests.browser.steps import LATER, expect_row, row_of
from tests.conftest import wait_for


def select(page, *wanted):
    for name in wanted:
        expect_row(page, name).get_by_role("checkbox").check()


def bar(page):
    return page.get_by_role("toolbar", name="Selected tasks")


def statuses(ada):
    return {task["name"]: task["status"] for task in ada.call("GET", "/taskapi/tasks/")}


def test_what_is_selected_is_killed_after_a_question(inside, ada):
    for name in ("one", "two", "three"):
        ada.fork(name)
    page = inside()
    select(page, "one", "two")
    expect(bar(page)).to_contain_text("2 selected")
    bar(page).get_by_role("button", name="Kill").click()
    question = page.get_by_role("dialog", name="Kill 2 tasks?")
    question.get_by_role("button", name="Kill").click()
    expect(page.get_by_text("2 tasks killed.")).to_be_visible()
    expect(bar(page)).to_be_hidden()
    assert statuses(ada) == {"one": "killed", "two": "killed", "three": "running"}


def test_who_says_no_kills_nothing(served, ada):
    ada.fork("one")
    page = served()
    select(page, "one")
    bar(page).get_by_role("button", name="Kill").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(bar(page)).to_contain_text("1 selected")
    assert statuses(ada)["one"] in ("pending", "running")


def test_the_question_says_how_many_have_already_ended(served, ada):
    ada.fork("goes on")
    ada.fork("is over", 0)
    page = served()
    expect(row_of(page, "is over")).to_contain_text("Completed")
    select(page, "goes on", "is over")
    bar(page).get_by_role("button", name="Kill").click()
    question = page.get_by_role("dialog", name="Kill 1 task?")
    expect(question).to_contain_text("1 of the 2 selected has already ended.")


def test_all_that_match_are_killed_by_one_call(inside, ada):
    for index in range(30):
        ada.fork(f"wanted {index}")
    ada.fork("not this one")
    page = inside("#/tasks?q=wanted")
    expect_row(page, "wanted 29")
    calls = []
    page.on("request", lambda request: calls.append(request.url) if request.method == "DELETE" else None)
    page.get_by_label("Select all that match").check()
    expect(bar(page)).to_contain_text("30 selected")
    bar(page).get_by_role("button", name="Kill").click()
    page.get_by_role("dialog", name="Kill 30 tasks?").get_by_role("button", name="Kill").click()
    expect(page.get_by_text("30 tasks killed")).to_be_visible()
    assert len(calls) == 1
    assert statuses(ada)["not this one"] == "running"


def test_what_the_server_would_not_find_is_killed_one_by_one(served, ada):
    ada.fork("by its argument", 4711)
    ada.fork("the other", 4711)
    page = served("#/tasks?q=4711")
    expect_row(page, "the other")
    page.get_by_label("Select all that match").check()
    bar(page).get_by_role("button", name="Kill").click()
    page.get_by_role("dialog").get_by_role("button", name="Kill").click()
    expect(page.get_by_text("2 tasks killed.")).to_be_visible()


def test_a_task_that_came_after_the_selection_lives(served, ada):
    ada.fork("seen")
    page = served()
    expect_row(page, "seen")
    page.get_by_label("Select all that match").check()
    ada.fork("not seen")
    expect(page.get_by_role("button", name="1 new task")).to_be_visible()
    bar(page).get_by_role("button", name="Kill").click()
    page.get_by_role("dialog").get_by_role("button", name="Kill").click()
    wait_for(lambda: statuses(ada)["seen"] == "killed")
    assert statuses(ada)["not seen"] in ("pending", "running")


def few_at_a_time(page):
    """The list comes in pages of one task, so that the ten that are read at first are ten tasks."""

    def shorter(route):
        route.continue_(url=route.request.url if "limit=" in route.request.url else f"{route.request.url}&limit=1")

    page.route("**/taskapi/tasks/?fields=*", shorter)


def test_what_is_not_loaded_is_not_killed_because_an_old_task_is_known(served, ada):
    tasks = [ada.fork(f"task {index}", run_at=LATER) for index in range(15)]
    page = served(f"#/tasks/{tasks[0]['id']}")
    few_at_a_time(page)
    page.reload()
    expect_row(page, "task 14")
    expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "12")
    page.get_by_label("Select all that match").check()
    bar(page).get_by_role("button", name="Kill").click()
    page.get_by_role("dialog", name="Kill 11 tasks?").get_by_role("button", name="Kill").click()
    expect(page.get_by_text("11 tasks killed.")).to_be_visible()
    alive = [name for name, status in statuses(ada).items() if status != "killed"]
    assert alive == ["task 4", "task 3", "task 2", "task 1"]


def kill_selected(page, number):
    bar(page).get_by_role("button", name="Kill").click()
    page.get_by_role("dialog", name=f"Kill {number} tasks?").get_by_role("button", name="Kill").click()


def deletions(page):
    calls = []
    page.on("request", lambda request: calls.append(request) if request.method == "DELETE" else None)
    return calls


def test_a_hundred_are_killed_by_one_call(served, ada):
    ada.fork_many(100)
    page = served()
    expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "101")
    calls = deletions(page)
    page.get_by_label("Select all that match").check()
    kill_selected(page, 100)
    expect(page.get_by_text("100 tasks killed.")).to_be_visible()
    assert len(calls) == 1
    assert set(statuses(ada).values()) == {"killed"}


def test_a_hundred_of_many_are_killed_one_by_one(served, ada):
    ada.fork_many(101)
    page = served()
    expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "102")
    calls = deletions(page)
    page.get_by_label("Select all that match").check()
    row_of(page, "task number 100").get_by_role("checkbox").uncheck()
    kill_selected(page, 100)
    expect(page.get_by_text("100 tasks killed.")).to_be_visible(timeout=60_000)
    assert len(calls) == 100
    assert [name for name, status in statuses(ada).items() if status != "killed"] == ["task number 100"]


def begin_to_kill(page, ada, number):
    """Kills so many one by one, each of which takes a while; answers the requests, as they are made."""
    ada.fork_many(number)
    last = expect_row(page, f"task number {number - 1}")
    page.get_by_label("Select all that match").check()
    last.get_by_role("checkbox").uncheck()
    page.evaluate("""() => {
        const quick = window.fetch;
        const pause = () => new Promise((resolve) => setTimeout(resolve, 300));
        window.fetch = async (url, options) => {
            if (options.method === "DELETE") await pause();
            return quick(url, options);
        };
    }""")
    calls = deletions(page)
    kill_selected(page, number)
    expect(page.get_by_text(re.compile(rf"Killing \d+ of {number} tasks"))).to_be_visible()
    return calls


def test_what_goes_on_can_be_stopped(served, ada):
    ada.fork("the first one")
    page = served()
    begin_to_kill(page, ada, 40)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text(re.compile(r"^\d+ tasks? killed. Stopped before the other \d+.$"))).to_be_visible()
    killed = list(statuses(ada).values()).count("killed")
    page.wait_for_timeout(1_000)
    assert list(statuses(ada).values()).count("killed") == killed < 40


def test_other_notices_do_not_take_the_place_of_what_goes_on(served, ada):
    ada.fork("the first one")
    page = served()
    begin_to_kill(page, ada, 40)
    page.evaluate("""() => {
        const tell = (text) => document.querySelector("main").dispatchEvent(new CustomEvent("toast", {detail: {text}}));
        ["one", "two", "three", "four"].forEach(tell);
    }""")
    expect(page.get_by_text("four", exact=True)).to_be_visible()
    expect(page.get_by_text("one", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text(re.compile("Stopped before the other"))).to_be_visible()


def test_what_goes_on_ends_with_the_session(served, ada, server):
    ada.fork("the first one")
    page = served()
    calls = begin_to_kill(page, ada, 40)
    grace = server.log_in("grace")
    page.evaluate("token => { utm.session.end('logout'); utm.session.start({token, username: 'grace'}); }", grace)
    expect(page.get_by_role("link", name="grace", exact=True)).to_be_visible()
    page.wait_for_timeout(1_500)
    assert len(calls) < 40
    assert not [call for call in calls if grace in call.headers["authorization"]]


def test_what_goes_on_ends_where_the_token_is_no_longer_good(served, ada):
    ada.fork("the first one")
    page = served()
    calls = begin_to_kill(page, ada, 40)
    ada.call("POST", "/userapi/logoutall/")
    expect(page.get_by_text("You have been logged out.")).to_be_visible()
    before = len(calls)
    page.wait_for_timeout(1_500)
    assert len(calls) == before < 40


def test_shift_selects_all_between(served, ada):
    for index in range(6):
        ada.fork(f"task {index}")
    page = served()
    expect_row(page, "task 4").get_by_role("checkbox").click()
    row_of(page, "task 1").get_by_role("checkbox").click(modifiers=["Shift"])
    expect(bar(page)).to_contain_text("4 selected")
    for index, is_selected in enumerate([False, True, True, True, True, False]):
        expect(row_of(page, f"task {index}").get_by_role("checkbox")).to_be_checked(checked=is_selected)


def test_what_is_selected_is_restarted(served, ada):
    before = [ada.fork(name)["id"] for name in ("one", "two")]
    for task_id in before:
        ada.kill(task_id)
    page = served()
    select(page, "one", "two")
    bar(page).get_by_role("button", name="Restart").click()
    page.get_by_role("dialog", name="Restart 2 tasks?").get_by_role("button", name="Restart").click()
    expect(page.get_by_text("2 tasks restarted.")).to_be_visible()
    expect(page.locator("[data-task-id]")).to_have_count(4)
    after = [
        task["restarted_from"]
        for task in ada.call("GET", "/taskapi/tasks/?fields=restarted_from&status=running,pending")
    ]
    assert sorted(after) == before


def test_what_is_selected_gets_a_signal(served, ada):
    for name in ("one", "two"):
        ada.fork(name)
    page = served()
    select(page, "one", "two")
    expect(row_of(page, "two")).to_contain_text("Running")
    bar(page).get_by_role("button", name="Signal").click()
    question = page.get_by_role("dialog", name="Send a signal to 2 tasks")
    question.get_by_label("STOP").check()
    question.get_by_role("button", name="Send").click()
    expect(page.get_by_text("2 tasks got STOP.")).to_be_visible()
    for name in ("one", "two"):
        expect(row_of(page, name)).to_contain_text("stopped")


def test_the_toast_says_what_did_not_work(served, ada):
    tasks = [ada.fork("one"), ada.fork("two")]
    page = served()
    select(page, "one", "two")
    page.evaluate("() => utm.live.pause(true)")
    ada.kill(tasks[0]["id"])
    bar(page).get_by_role("button", name="Signal").click()
    page.get_by_role("dialog").get_by_role("button", name="Send").click()
    gone = f"1 task got TERM, 1 not: Task {tasks[0]['id']} is already killed"
    expect(page.get_by_text(gone)).to_be_visible()


def test_what_is_no_longer_shown_is_not_selected(served, ada):
    tasks = [ada.fork("one"), ada.fork("two")]
    page = served("#/tasks?status=running")
    select(page, "one", "two")
    ada.kill(tasks[0]["id"])
    expect(bar(page)).to_contain_text("1 selected")
    expect(row_of(page, "one")).to_have_count(0)
