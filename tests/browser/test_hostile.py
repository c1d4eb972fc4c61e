"""Markup in every text that the page shows is shown as text, and nothing of it runs."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from playwright.sync_api import expect

from tests.browser.hostile.markup import markup
from tests.browser.steps import Ada, expect_row, log_in
from userapi.models import User

TURNED, SEEN = "photo_\u202egpj.exe", r"photo_\u202egpj.exe"
WITNESS = "window.all = []; window.ran = place => window.all.push(place)"


@pytest.fixture
def options():
    # The policy would stop most of it: here nothing but the page does.
    return {"bypass_csp": True}


@pytest.fixture
def ada(server):
    """Ada, on a server with a program that repeats what it is told, and under a name that no form would take."""
    server.stop()
    server.environment["DJANGO_SETTINGS_MODULE"] = "tests.browser.hostile.settings"
    server.start()
    ada = Ada(server)
    in_thread(lambda: rename("ada", markup("user")))
    return ada


@pytest.fixture(autouse=True)
def harmless(page):
    """Fails the test when something of the markup ran, or has become an element."""
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.add_init_script(WITNESS)
    yield
    assert page.evaluate("window.all") == []
    assert page.locator("img, script:not([src]), b").count() == 0
    assert not dialogs


def rename(old, new):
    user = User.objects.get(username=old)
    user.username = new
    user.save()
    connection.close()


def in_thread(call):
    """Django does not query where Playwright's loop runs."""
    with ThreadPoolExecutor() as pool:
        pool.submit(call).result()


def repeat(ada, end="return", **fields):
    """A task that says markup wherever a task can say anything."""
    arguments = {"text": markup("argument"), "end": end}
    texts = {"name": markup("name"), "description": markup("description")}
    task = ada.fork(program="repeat", arguments=arguments, **texts | fields)
    return ada.call("GET", f"/taskapi/tasks/{task['id']}/?wait=30") if end != "stay" else task


def refuse(page, path, status, body, method="POST"):
    """Answers these calls in the server's place."""

    def answer(route):
        if route.request.method != method:
            return route.fallback()
        return route.fulfill(status=status, body=json.dumps(body), content_type="application/json")

    page.route(path, answer)


def shown(part, *places):
    for place in places:
        expect(part).to_contain_text(markup(place))


def test_in_the_list(inside, ada):
    repeat(ada, "stay")
    page = inside()
    row = expect_row(page, markup("name"))
    shown(row, "name", "argument")
    expect(row.get_by_title(markup("progress"), exact=True)).to_be_visible()
    expect(row).to_contain_text("50%")


@pytest.mark.parametrize("end", ["return", "raise", "stay"])
def test_in_the_detail(inside, ada, end):
    task = repeat(ada, end)
    page = inside(f"#/tasks/{task['id']}")
    detail = page.get_by_role("region", name=markup("name"))
    shown(detail, "name", "description", "argument", "progress", "output")
    if end == "return":
        shown(detail.get_by_role("region", name="Result"), "key", "value")
    if end == "raise":
        shown(detail, "error")


def test_in_what_is_folded(served, ada):
    task = repeat(ada)
    page = served(f"#/tasks/{task['id']}")
    page.get_by_text("JSON", exact=True).click()
    shown(page.get_by_role("region", name="The task as JSON"), "name", "value")
    page.get_by_text("Shell", exact=True).click()
    expect(page.get_by_role("region", name="fork")).to_contain_text("<b>name</b>")


def test_in_the_name_of_who_did_it(inside, ada):
    task = repeat(ada, "stay")
    page = inside(f"#/tasks/{task['id']}")
    expect(page.get_by_text("Running for")).to_be_visible()
    ada.kill(task["id"])
    expect(page.locator(".outcome")).to_contain_text(f"Killed by {markup('user')}")
    shown(page.locator(".timeline"), "user")


def test_in_the_fields_of_a_task_that_is_edited(served, ada):
    task = repeat(ada)
    page = served(f"#/tasks/{task['id']}")
    refuse(page, "**/taskapi/tasks/*/", 400, {"name": [markup("wrong")], "other": [markup("other")]}, "PATCH")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Edit").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name")).to_have_value(markup("name"))
    expect(dialog.get_by_label("Description")).to_have_value(markup("description"))
    dialog.get_by_label("Description").fill(markup("changed"))
    dialog.get_by_role("button", name="Save").click()
    shown(dialog, "wrong", "other")


def test_in_what_a_screen_reader_is_told(served, ada):
    task = repeat(ada, "stay")
    page = served()
    expect_row(page, markup("name"))
    ada.kill(task["id"])
    shown(page.get_by_role("log"), "name")


def test_in_the_words_of_the_address(inside, ada):
    repeat(ada)
    page = inside()
    expect_row(page, markup("name"))
    page.evaluate("words => { location.hash = `#/tasks?q=${words}&program=${words}` }", markup("word"))
    expect(page.get_by_role("searchbox", name="Search tasks")).to_have_value(markup("word"))
    expect(page.get_by_label("Program").locator("option:checked")).to_have_text(markup("word"))
    expect(page.get_by_text("No task matches.")).to_be_visible()
    for place in (
        f"#/{markup('page')}",
        f"#/tasks/{markup('id')}",
        f"#/tasks?status={markup('status')}&sort={markup('sort')}",
    ):
        page.evaluate("place => { location.hash = place }", place)
        expect(page.get_by_role("main")).to_be_visible()


def test_in_the_form_that_forks(inside, ada):
    page = inside("#/fork")
    form = page.get_by_role("region", name="Fork a task")
    form.get_by_label("Program").select_option("repeat")
    shown(form, "summary", "title", "hint")
    expect(form.get_by_label(markup("title"))).to_have_attribute("placeholder", markup("default"))
    refuse(
        page,
        "**/taskapi/tasks/",
        400,
        {"arguments": {"text": [markup("wrong")], "<b>": [markup("other")]}, "detail": markup("whole")},
    )
    form.get_by_role("button", name="Fork", exact=True).click()
    shown(form, "wrong", "other", "whole")


def test_in_the_programs_of_a_strange_server(served, ada):
    name = markup("program")
    fields = {name: {"title": name, "type": "string", "enum": [markup("choice"), "other"], "default": "other"}}
    page = served()
    schema = {"type": "object", "properties": fields}
    refuse(page, "**/taskapi/programs/", 200, [{"name": name, "summary": markup("about"), "arguments": schema}], "GET")
    page.evaluate("location.hash = '#/fork'")
    form = page.get_by_role("region", name="Fork a task")
    expect(form.get_by_label("Program", exact=True)).to_have_value(name)
    shown(form, "about", "program")
    expect(form.get_by_role("option", name=markup("choice"))).to_have_count(1)


def test_in_a_toast(inside, ada):
    repeat(ada, "stay")
    page = inside()
    refuse(page, "**/taskapi/tasks/*/", 409, {"detail": markup("toast")}, "DELETE")
    expect_row(page, markup("name")).get_by_role("button", name="Kill").click()
    shown(page.locator(".toast"), "toast")


def test_in_the_banner(inside, ada):
    repeat(ada, "stay")
    page = inside()
    expect_row(page, markup("name"))
    refuse(page, "**/taskapi/tasks/?*", 500, {"detail": markup("banner")}, "GET")
    refuse(page, "**/taskapi/events/", 500, {"detail": markup("banner")}, "GET")
    page.evaluate("utm.live.pause(true); utm.live.pause(false)")
    shown(page.locator(".banner"), "banner")


def test_in_the_figures(inside, ada):
    repeat(ada, "stay")
    page = inside("#/top")
    shown(page.get_by_role("region", name="Running longest"), "name", "argument")


def test_in_the_name_of_the_user(opened, ada):
    log_in(opened, markup("user"))
    shown(opened.get_by_role("banner"), "user")
    for place in ("account", "help"):
        opened.evaluate("place => { location.hash = `#/${place}` }", place)
        expect(opened.get_by_role("complementary").get_by_role("heading", level=2)).to_be_focused()
    opened.evaluate("location.hash = '#/account'")
    expect(opened.get_by_label("Username")).to_have_value(markup("user"))
    refuse(opened, "**/userapi/me/", 400, {"email": [markup("email")], "detail": markup("whole")}, "PATCH")
    opened.get_by_role("button", name="Save").click()
    shown(opened.get_by_role("complementary"), "email", "whole")


def test_in_the_answer_to_a_log_in(opened):
    refuse(opened, "**/userapi/login/", 400, {"username": [markup("wrong")], "<b>": [markup("other")]})
    log_in(opened)
    shown(opened.get_by_role("main"), "wrong", "other")


def test_characters_that_turn_text_around_are_seen(inside, ada):
    task = ada.fork(TURNED, description=TURNED, program="repeat", arguments={"text": TURNED, "end": "stay"})
    page = inside(f"#/tasks/{task['id']}")
    expect(page.get_by_role("heading", name=SEEN)).to_be_visible()
    expect(page.get_by_role("region", name="Description")).to_have_text(SEEN)
    expect(page.locator(".args")).to_contain_text(SEEN)
    row = expect_row(page, SEEN)
    expect(row).to_contain_text(f"text={SEEN}")
    assert TURNED not in row.inner_text()


def test_a_turned_name_is_edited_as_it_is(served, ada):
    page = served(f"#/tasks/{ada.fork(TURNED)['id']}")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Edit").click()
    expect(page.get_by_role("dialog").get_by_label("Name")).to_have_value(TURNED)


def test_a_name_draws_over_nothing(served, ada):
    task = ada.fork("a", 0)
    page = served(f"#/tasks/{task['id']}")
    expect(page.locator(".outcome")).to_contain_text("Completed")
    beside = [page.locator(".detail__bar"), page.locator(".table__head")]
    before = [part.screenshot() for part in beside]
    page.mouse.move(640, 700)
    ada.call("PATCH", f"/taskapi/tasks/{task['id']}/", {"name": "a" + "\u0308" * 200})
    page.reload()
    expect(page.locator(".outcome")).to_contain_text("Completed")
    assert [part.screenshot() for part in beside] == before
