"""The page in a real browser, from the first visit on: served by the server, and opened from disk."""

from playwright.sync_api import expect

from tests.browser.steps import fork, log_in, log_out, register, statuses_seen


def test_register_log_out_log_in(opened):
    register(opened)
    log_out(opened)
    log_in(opened)
    expect(opened.get_by_role("link", name="ada", exact=True)).to_be_visible()


def test_a_task_goes_from_pending_over_running_to_completed(opened, server):
    register(opened)
    fork(opened, "holder of the slot", 0)
    row = fork(opened, "nap", 2, description="just a moment")
    statuses_seen(opened, row)
    expect(row.locator("[data-status]").first).to_have_attribute("data-status", "running")
    expect(row).to_contain_text("Running")
    expect(row.locator("[data-status]").first).to_have_attribute("data-status", "completed")
    expect(row).to_contain_text("Completed")
    seen = opened.evaluate("window.seen")
    assert seen in (["pending", "running", "completed"], ["running", "completed"])


def test_a_task_that_waits_for_a_slot_is_shown_as_pending(page, server):
    server.stop()
    server.environment["TASK_SLOTS"] = "1"
    server.start()
    page.goto(server.url)
    register(page)
    first = fork(page, "first in line", 3)
    second = fork(page, "second in line", 1)
    statuses_seen(page, second)
    expect(second).to_contain_text("Pending")
    expect(first).to_contain_text("Completed")
    expect(second).to_contain_text("Completed")
    assert page.evaluate("window.seen") == ["pending", "running", "completed"]


def test_a_task_is_killed_from_its_row(opened):
    register(opened)
    row = fork(opened, "long one", 600)
    expect(row).to_contain_text("Running")
    row.get_by_role("button", name="Kill task").click()
    expect(row.locator("[data-status]").first).to_have_attribute("data-status", "killed")
    expect(row).to_contain_text("Killed")


def test_the_details_show_all_times_and_kill(opened):
    register(opened)
    row = fork(opened, "long one", 600, description="with details")
    expect(row).to_contain_text("Running")
    row.get_by_role("link").first.click()
    detail = opened.get_by_role("region", name="long one")
    expect(detail).to_contain_text("with details")
    for label in ("Created", "Updated", "Started", "Ended", "Completed"):
        expect(detail).to_contain_text(label)
    detail.get_by_role("button", name="Kill").click()
    expect(detail.locator("[data-status]").first).to_have_attribute("data-status", "killed")
    for fact, moment in (("Started", True), ("Ended", True), ("Completed", False)):
        line = detail.locator(".fact").filter(has_text=fact).locator("time[datetime]")
        expect(line).to_have_count(int(moment))


def test_an_error_of_the_api_is_shown_at_its_field(opened):
    register(opened)
    opened.get_by_label("Name", exact=True).fill("too long")
    opened.get_by_label("Seconds").fill("86401")
    opened.get_by_role("button", name="Fork", exact=True).click()
    field = opened.get_by_label("Seconds")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(opened.get_by_text("Input should be less than or equal to 86400.")).to_be_visible()


def test_a_taken_name_is_shown_at_its_field(opened):
    register(opened)
    log_out(opened)
    opened.get_by_role("link", name="Create an account").click()
    opened.get_by_label("Username").fill("ADA")
    opened.get_by_label("Email").fill("second@example.com")
    opened.get_by_label("Password").fill("correct-horse-9")
    opened.get_by_role("button", name="Register").click()
    expect(opened.get_by_label("Username")).to_have_attribute("aria-invalid", "true")
    expect(opened.get_by_text("A user with that username already exists.")).to_be_visible()


def test_a_wrong_password_says_so(opened):
    register(opened)
    log_out(opened)
    log_in(opened, password="wrong-horse-9")
    expect(opened.get_by_text("Wrong username or password.")).to_be_visible()


def test_the_login_is_kept_when_the_page_is_loaded_again(opened):
    register(opened)
    fork(opened, "still there", 0)
    opened.reload()
    expect(opened.get_by_text("still there").first).to_be_visible()
