"""The form that forks: made from the schemas of the programs that the user may run."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from django.db import connection
from playwright.sync_api import expect

from tests.browser.steps import Ada, expect_row
from tests.conftest import wait_for
from userapi.models import User


@pytest.fixture
def ada(server):
    """Ada, who may run everything, on a server that has the programs of tests.sample too."""
    server.stop()
    server.environment["DJANGO_SETTINGS_MODULE"] = "tests.sample.settings"
    server.start()
    ada = Ada(server)
    let_run_everything(True)
    return ada


def let_run_everything(is_superuser):
    """In a thread of its own: Django does not query where Playwright's loop runs."""

    def update():
        User.objects.filter(username="ada").update(is_superuser=is_superuser)
        connection.close()

    with ThreadPoolExecutor() as pool:
        pool.submit(update).result()


def form_of(page):
    return page.get_by_role("region", name="Fork a task")


def open_form(page, program=None):
    page = page("#/fork")
    form = form_of(page)
    expect(form.get_by_role("button", name="Fork", exact=True)).to_be_visible()
    if program:
        form.get_by_label("Program").select_option(program)
    return page, form


def submit(form):
    form.get_by_role("button", name="Fork", exact=True).click()


def forked(ada, page, name):
    """The task of this name, when the page shows it."""
    expect(page.get_by_role("complementary").get_by_role("heading", name=name)).to_be_visible()
    [task] = ada.call("GET", f"/taskapi/tasks/?q={quote(name)}")
    return ada.task(task["id"])


def test_a_task_is_forked_and_shown(inside, ada):
    page, form = open_form(inside)
    expect(form.get_by_label("Program")).to_have_value("sleep")
    form.get_by_label("Name", exact=True).fill("nap")
    form.get_by_label("seconds").fill("600")
    submit(form)
    task = forked(ada, page, "nap")
    assert (task["program"], task["arguments"]) == ("sleep", {"seconds": 600})
    expect_row(page, "nap")


def test_what_is_left_empty_is_left_to_the_program(inside, ada):
    page, form = open_form(inside)
    submit(form)
    task = forked(ada, page, "sleep")
    assert (task["name"], task["arguments"]["seconds"]) == ("sleep", 10)


def test_only_what_the_user_may_run_is_offered(served, ada):
    let_run_everything(False)
    _, form = open_form(served)
    assert form.get_by_label("Program").locator("option").all_inner_texts() == ["sleep", "word_count"]


def test_a_list_of_words_a_map_and_a_group(inside, ada):
    page, form = open_form(inside, "command")
    form.get_by_label("argv", exact=True).fill("printenv\nGREETING")
    form.get_by_label("env").fill("GREETING=hello world\nEMPTY=")
    form.get_by_text("limits").click()
    form.get_by_label("cpu_seconds").fill("5")
    submit(form)
    args = forked(ada, page, "command")["arguments"]
    assert args["argv"] == ["printenv", "GREETING"]
    assert args["env"] == {"GREETING": "hello world", "EMPTY": ""}
    assert args["limits"]["cpu_seconds"] == 5
    expect(page.get_by_role("region", name="Output of task")).to_contain_text("hello world")


def test_a_value_of_another_type_and_a_checkbox(inside, ada):
    page, form = open_form(inside, "command")
    form.get_by_label("argv: as").select_option("Text")
    form.get_by_label("argv", exact=True).fill("echo $((6 * 7))")
    form.get_by_label("shell").check()
    submit(form)
    expect(page.get_by_role("region", name="Output of task")).to_contain_text("42")


def test_dates_in_an_object_that_is_required(inside, ada):
    page, form = open_form(inside, "census")
    form.get_by_label("first").fill("2026-01-01")
    form.get_by_label("last").fill("2026-01-02")
    submit(form)
    expect(page.get_by_role("region", name="Result")).to_contain_text('"2026-01-02": 0')


def test_each_error_is_beside_its_field(inside, ada):
    _, form = open_form(inside, "census")
    form.get_by_label("first").fill("2026-01-01")
    form.get_by_label("pause").fill("61")
    form.get_by_text("Advanced").click()
    form.get_by_label("Nice").fill("44")
    submit(form)
    for label, message in (
        ("last", "Field required."),
        ("pause", "less than or equal to 60"),
        ("Nice", "less than or equal to 19"),
    ):
        field = form.get_by_label(label)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field.locator("xpath=ancestor::div[contains(@class, 'field')][1]")).to_contain_text(message)
    expect(form.get_by_label("first")).not_to_have_attribute("aria-invalid", "true")
    expect(form.get_by_label("last")).to_be_focused()


def test_an_error_deep_in_a_value_is_at_its_field(served, ada):
    _, form = open_form(served, "command")
    form.get_by_label("argv", exact=True).fill("true")
    form.get_by_label("env").fill("1x=y")
    submit(form)
    expect(form.get_by_label("env")).to_have_attribute("aria-invalid", "true")
    expect(form).to_contain_text("1x: String should match pattern")


def test_an_error_in_a_closed_part_opens_it(served, ada):
    _, form = open_form(served, "command")
    form.get_by_label("argv", exact=True).fill("true")
    form.get_by_text("limits").click()
    form.get_by_label("cpu_seconds").fill("0")
    form.get_by_text("limits").click()
    submit(form)
    expect(form.get_by_label("cpu_seconds")).to_be_visible()
    expect(form).to_contain_text("greater than or equal to 1")


def test_what_no_field_has_is_told_in_the_line_of_the_form(served, ada):
    page, form = open_form(served)
    page.route(
        "**/taskapi/tasks/",
        lambda route: route.fulfill(
            status=429, headers={"Retry-After": "30"}, json={"detail": "You have 20,000 tasks."}
        ),
    )
    submit(form)
    expect(form.get_by_role("alert")).to_contain_text("You have 20,000 tasks.")
    expect(form).to_contain_text("Try again in")


def test_the_advanced_part(inside, ada):
    page, form = open_form(inside)
    form.get_by_label("Name", exact=True).fill("later")
    form.get_by_text("Advanced").click()
    form.get_by_label("Description").fill("when nobody looks")
    form.get_by_label("Nice").fill("-3")
    form.get_by_label("Run at").fill("2099-01-01T12:00:00")
    form.get_by_label("Timeout").fill("2.5")
    form.get_by_label("Attempts").fill("3")
    submit(form)
    task = forked(ada, page, "later")
    assert [task[name] for name in ("description", "nice", "timeout", "max_attempts")] == [
        "when nobody looks",
        -3,
        2.5,
        3,
    ]
    assert task["run_at"].startswith(("2098-12-31", "2099-01-01"))
    expect(page.get_by_role("complementary")).to_contain_text("Starts in")


def test_arguments_as_json(inside, ada):
    page, form = open_form(inside, "command")
    form.get_by_label("argv", exact=True).fill("echo\none")
    form.get_by_role("button", name="As JSON").click()
    code = form.get_by_label("Arguments", exact=True).last
    expect(code).to_have_value('{\n  "argv": [\n    "echo",\n    "one"\n  ],\n  "shell": false\n}')
    code.fill('{"argv": ["echo", "two\\nlines"]')
    submit(form)
    expect(form).to_contain_text("This is no JSON")
    code.fill('{"argv": ["echo", "two\\nlines"]}')
    form.get_by_role("button", name="As fields").click()
    expect(form).to_contain_text("The fields cannot show this.")
    submit(form)
    assert forked(ada, page, "command")["arguments"]["argv"] == ["echo", "two\nlines"]


def test_what_the_fields_cannot_show_is_forked_again_as_json(served, ada):
    task = ada.fork("two lines", program="command", arguments={"argv": ["echo", "two\nlines"]})
    wait_for(lambda: ada.task(task["id"])["ended_at"])
    page = served(f"#/tasks/{task['id']}")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Fork again").click()
    form = form_of(page)
    expect(form.get_by_role("button", name="As fields")).to_be_visible()
    submit(form)
    wait_for(lambda: len(ada.call("GET", "/taskapi/tasks/")) == 2)
    newest = ada.call("GET", "/taskapi/tasks/")[0]
    assert ada.task(newest["id"])["arguments"] == task["arguments"]


def test_the_form_remembers_what_was_forked_last(inside, ada):
    page, form = open_form(inside, "word_count")
    form.get_by_label("Name", exact=True).fill("count")
    form.get_by_label("text").fill("to be\nor not")
    submit(form)
    forked(ada, page, "count")
    page.reload()
    page.get_by_role("link", name="Fork", exact=True).click()
    expect(form.get_by_label("Program")).to_have_value("word_count")
    expect(form.get_by_label("text")).to_have_value("to be\nor not")
    form.get_by_role("button", name="Reset").click()
    expect(form.get_by_label("text")).to_have_value("")


def test_what_was_begun_is_kept_for_each_program(served, ada):
    page, form = open_form(served)
    form.get_by_label("seconds").fill("77")
    page.get_by_role("button", name="Close").click()
    expect(form).to_have_count(0)
    page.get_by_role("link", name="Fork", exact=True).click()
    expect(form.get_by_label("seconds")).to_have_value("77")


def test_a_fork_whose_answer_got_lost_is_not_forked_twice(served, ada):
    page, form = open_form(served)
    lost = []

    def lose(route):
        if lost:
            return route.continue_()
        lost.append(route.fetch().status)
        return route.abort()

    page.route("**/taskapi/tasks/", lambda route: lose(route) if route.request.method == "POST" else route.continue_())
    form.get_by_label("Name", exact=True).fill("only once")
    submit(form)
    expect(form.get_by_role("alert")).to_contain_text("Cannot reach")
    submit(form)
    forked(ada, page, "only once")
    assert lost == [201]


def test_control_enter_forks(served, ada):
    page, form = open_form(served, "word_count")
    form.get_by_label("text").fill("one two")
    form.get_by_label("text").press("Control+Enter")
    forked(ada, page, "word_count")


def test_the_curl_line_is_what_would_be_forked(served, ada):
    page, form = open_form(served)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    form.get_by_label("seconds").fill("5")
    form.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_text("Copied as curl")).to_be_visible()
    line = page.evaluate("() => navigator.clipboard.readText()")
    assert '{"name":"sleep","program":"sleep","arguments":{"seconds":5}}' in line
    assert ada.call("GET", "/taskapi/tasks/") == []


def test_who_may_run_nothing_is_told_so(inside, ada):
    page = inside()
    page.route("**/taskapi/programs/", lambda route: route.fulfill(json=[]))
    page.evaluate("location.hash = '#/fork'")
    expect(form_of(page)).to_contain_text("There is no program that you may run.")
    expect(form_of(page).get_by_role("button", name="Close")).to_be_visible()
