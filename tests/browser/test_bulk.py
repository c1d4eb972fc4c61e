"""Many tasks at once: selecting, and what is done with the selection."""

from playwright.sync_api import expect

from tests.browser.steps import expect_row, row_of
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
