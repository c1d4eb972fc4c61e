"""One task in full, beside the list."""

import json
import subprocess

from playwright.sync_api import expect

from tests.browser.steps import expect_row
from tests.conftest import wait_for


def detail_of(page, name):
    return page.get_by_role("region", name=name)


def open_task(inside, ada, seconds=600, **fields):
    """(page, its detail, the task), of a task that runs."""
    task = ada.fork("long one", seconds, **fields)
    page = inside(f"#/tasks/{task['id']}")
    detail = detail_of(page, "long one")
    expect(detail).to_contain_text("Running for")
    return page, detail, task


def choose(page, item):
    """Chooses from the menu of the detail."""
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name=item).click()


def status_of(ada, task):
    return ada.task(task["id"])["status"]


def test_a_row_opens_its_task_and_the_task_can_be_closed(inside, ada):
    ada.fork("long one", description="with details")
    page = inside()
    expect_row(page, "long one").get_by_role("link").click()
    expect(detail_of(page, "long one")).to_contain_text("with details")
    page.get_by_role("link", name="Close").click()
    expect(detail_of(page, "long one")).to_have_count(0)


def test_a_link_to_a_task_keeps_the_filter_of_the_list(inside, ada):
    task = ada.fork("long one")
    page = inside(f"#/tasks/{task['id']}?status=running")
    expect(detail_of(page, "long one")).to_be_visible()
    page.get_by_role("link", name="Close").click()
    assert page.url.endswith("#/tasks?status=running")


def test_a_task_that_is_not_there(inside):
    page = inside("#/tasks/4711")
    expect(page.get_by_text("There is no task 4711, or it is not yours.")).to_be_visible()


def test_the_outcome_is_one_sentence_that_follows_the_task(inside, ada):
    _, detail, task = open_task(inside, ada)
    ada.kill(task["id"])
    expect(detail).to_contain_text("Killed by ada after")
    expect(detail.get_by_role("button", name="Restart", exact=True)).to_be_visible()
    expect(detail.get_by_role("button", name="Kill", exact=True)).to_be_hidden()


def test_the_progress_grows_by_itself(served, ada):
    _, detail, _ = open_task(served, ada, 3)
    bar = detail.get_by_role("progressbar")
    expect(bar).not_to_have_attribute("aria-valuenow", "0")
    expect(detail).to_contain_text("Completed in 3")
    expect(bar).to_have_attribute("aria-valuenow", "100")


def test_all_times_are_told(served, ada):
    _, detail, task = open_task(served, ada)
    ada.kill(task["id"])
    expect(detail).to_contain_text("Killed")
    for fact, moment in (("Created", 1), ("Started", 1), ("Ended", 1), ("Completed", 0), ("Updated", 1)):
        line = detail.locator(".fact").filter(has_text=fact)
        expect(line.locator("time[datetime]")).to_have_count(moment)


def test_the_timeline_says_who_did_what(served, ada):
    page, detail, _ = open_task(served, ada)
    choose(page, "STOP")
    expect(detail).to_contain_text("Stopped, started")
    choose(page, "CONT")
    moves = detail.get_by_role("region", name="Timeline").get_by_role("listitem")
    expect(moves).to_have_count(4)
    assert [move.inner_text().split("\n")[:2] for move in moves.all()][2:] == [
        ["Running", "stopped by ada"],
        ["Running", "continued by ada"],
    ]
    expect(moves.last.get_by_title("Request ")).to_have_text("continued by ada")
    expect(moves.nth(1).get_by_title("Request ")).to_have_count(0)


def test_a_task_is_killed_by_its_button(inside, ada):
    _, detail, task = open_task(inside, ada)
    detail.get_by_role("button", name="Kill", exact=True).click()
    wait_for(lambda: status_of(ada, task) == "killed")
    expect(detail).to_contain_text("Killed by ada")


def test_each_ending_signal_is_in_the_menu(served, ada):
    page, detail, task = open_task(served, ada)
    choose(page, "KILL")
    expect(page.get_by_text(f"KILL sent to task {task['id']}")).to_be_visible()
    expect(detail).to_contain_text("Killed by ada")
    page.get_by_role("button", name="More actions").click()
    expect(page.get_by_role("menuitem", name="KILL")).to_be_hidden()


def test_the_menu_goes_by_keys(served, ada):
    page, _, _ = open_task(served, ada)
    button = page.get_by_role("button", name="More actions")
    button.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="TERM")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("menuitem", name="Copy link")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(page.get_by_role("menu")).to_be_hidden()


def test_a_signal_that_comes_too_late_is_told(served, ada):
    page, _, task = open_task(served, ada)
    page.route(f"**/tasks/{task['id']}/signal/", lambda route: (ada.kill(task["id"]), route.continue_()))
    choose(page, "STOP")
    expect(page.get_by_text(f"Task {task['id']} is already killed")).to_be_visible()


def test_renice_and_edit(inside, ada):
    page, _, task = open_task(inside, ada)
    choose(page, "Renice")
    dialog = page.get_by_role("dialog", name=f"Edit task {task['id']}")
    expect(dialog.get_by_label("Nice")).to_be_focused()
    dialog.get_by_label("Nice").fill("5")
    dialog.get_by_label("Name").fill("a better name")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(detail_of(page, "a better name").locator(".fact").filter(has_text="Nice")).to_contain_text("5")
    changed = ada.task(task["id"])
    assert (changed["name"], changed["nice"]) == ("a better name", 5)


def test_a_wrong_nice_value_is_told_at_its_field(served, ada):
    page, _, task = open_task(served, ada)
    choose(page, "Renice")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Nice").fill("44")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("less than or equal to 19")
    dialog.get_by_label("Nice").fill("-5")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("needs the permission taskapi.negative_nice")
    dialog.get_by_role("button", name="Cancel").click()
    assert ada.task(task["id"])["nice"] == 0


def test_restart_opens_the_new_task(inside, ada):
    page, detail, task = open_task(inside, ada)
    ada.kill(task["id"])
    detail.get_by_role("button", name="Restart", exact=True).click()
    expect(page.get_by_role("complementary")).to_contain_text("Running for")
    new = page.evaluate("() => utm.route.now().id")
    assert ada.task(new)["restarted_from"] == task["id"]
    detail.get_by_role("link", name=f"#{task['id']}").click()
    expect(detail).to_contain_text("Killed by ada")


def test_fork_again_fills_the_form_in(inside, ada):
    page, _, _ = open_task(inside, ada, 4711, description="again and again", nice=3)
    choose(page, "Fork again")
    form = page.get_by_role("region", name="Fork a task")
    expect(form.get_by_label("seconds")).to_have_value("4711")
    expect(form.get_by_label("Description")).to_have_value("again and again")
    expect(form.get_by_label("Nice")).to_have_value("3")
    form.get_by_label("Name", exact=True).fill("another")
    form.get_by_role("button", name="Fork", exact=True).click()
    expect(detail_of(page, "another")).to_contain_text("Running for")


def test_the_task_as_json(served, ada):
    _, detail, task = open_task(served, ada)
    detail.get_by_text("JSON", exact=True).click()
    shown = json.loads(detail.get_by_role("region", name="The task as JSON").inner_text())
    assert shown["id"] == task["id"]
    assert shown.keys() == ada.task(task["id"]).keys()


def test_a_curl_line_forks_the_same_again(served, ada):
    page, _, task = open_task(served, ada, description="it's quoted")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(page, "Copy as curl")
    expect(page.get_by_text("Copied as curl")).to_be_visible()
    line = page.evaluate("() => navigator.clipboard.readText()")
    answer = json.loads(subprocess.run(["sh", "-c", line.replace("curl", "curl -s", 1)], capture_output=True).stdout)
    assert (answer["description"], answer["arguments"]) == ("it's quoted", task["arguments"])


def test_the_shell_lines_show_no_token(served, ada):
    _, detail, _ = open_task(served, ada)
    detail.get_by_text("Shell", exact=True).click()
    expect(detail.get_by_role("region", name="tail -f")).to_contain_text("curl -N")
    expect(detail.get_by_role("region", name="kill", exact=True)).to_contain_text("-X DELETE")
    assert ada.token not in detail.inner_text()


def test_what_was_copied_is_a_link_to_the_task(served, ada):
    page, _, task = open_task(served, ada)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(page, "Copy link")
    expect(page.get_by_text("Link copied")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == f"{ada.server.url}/#/tasks/{task['id']}"


def test_markup_in_a_name_is_text(served, ada):
    ada.fork("<img src=x onerror=alert(1)>", description="<b>bold</b>")
    page = served()
    expect_row(page, "<img").get_by_role("link").click()
    expect(page.get_by_role("heading", name="<img src=x onerror=alert(1)>")).to_be_visible()
    expect(page.get_by_text("<b>bold</b>")).to_be_visible()


def test_the_detail_goes_on_without_the_stream(served, ada):
    page = served()
    page.route("**/taskapi/events/", lambda route: route.fulfill(status=503, json={"detail": "No seat"}))
    page.reload()
    task = ada.fork("long one")
    page.goto(f"{ada.server.url}/#/tasks/{task['id']}")
    detail = detail_of(page, "long one")
    expect(detail).to_contain_text("Running for")
    ada.kill(task["id"])
    expect(detail).to_contain_text("Killed by ada")
