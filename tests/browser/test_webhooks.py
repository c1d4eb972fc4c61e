"""The page says where the end of a task is told, and how that goes."""

import re

from playwright.sync_api import expect

from tests.browser.test_fork_form import forked, open_form, submit

# A name that leads nowhere (RFC 2606).
URL = "https://webhooks.invalid/hook"


def test_a_fork_with_a_notify_url_shows_it(served, ada):
    page, form = open_form(served)
    form.get_by_label("Name", exact=True).fill("told")
    form.get_by_text("Advanced").click()
    form.get_by_label("Notify URL").fill("http://127.0.0.1/")
    submit(form)
    expect(form).to_contain_text("The address is not public")
    form.get_by_label("Notify URL").fill(URL)
    submit(form)
    assert forked(ada, page, "told")["notify_url"] == URL
    expect(page.get_by_role("complementary")).to_contain_text(URL)


def test_the_deliveries_of_a_task_that_has_ended_are_linked(served, ada):
    task = ada.fork("told", notify_url=URL)
    ada.kill(task["id"])
    page = served(f"#/tasks/{task['id']}")
    page.get_by_role("complementary").get_by_role("link", name=re.compile(r"#\d+ (pending|running)")).click()
    delivery = page.get_by_role("complementary")
    expect(delivery.get_by_role("heading", name=f"Notify of task {task['id']}")).to_be_visible()
    delivery.get_by_role("link", name=f"#{task['id']}", exact=True).click()
    expect(delivery.get_by_role("heading", name="told")).to_be_visible()


def test_a_task_that_tells_nobody_has_no_such_line(served, ada):
    task = ada.fork("quiet")
    ada.kill(task["id"])
    page = served(f"#/tasks/{task['id']}")
    expect(page.get_by_role("complementary")).to_contain_text("Restart")
    expect(page.get_by_text("Deliveries", exact=True)).to_be_hidden()
