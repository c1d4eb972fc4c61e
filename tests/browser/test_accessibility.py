"""Every view, dark and light, looked at by axe-core; and what it cannot see."""

import shutil
import subprocess

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DISK, enter
from tests.browser.steps import expect_row, register
from tests.browser.test_top import FIGURES, FLEET
from tests.conftest import needs
from tests.server import PROJECT

HERE = PROJECT / "tests" / "browser"
VIEWS = ["tasks", "tasks/{ended}", "tasks/{active}", "tasks/404", "fork", "top", "account", "help", "tasks?q=nothing"]


@pytest.fixture
def options():
    # axe-core runs inside of the page, whose policy would refuse it.
    return {"bypass_csp": True}


@pytest.fixture(scope="session")
def axe():
    """The source of axe-core, which is installed when it is not there."""
    script = HERE / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        npm = shutil.which("npm")
        installed = npm and subprocess.run([npm, "ci", "--no-audit"], cwd=HERE, capture_output=True, timeout=120)
        needs(installed and installed.returncode == 0, "axe-core, from npm")
    return script.read_text()


def violations(page, axe):
    """What axe finds, one line for each element."""
    page.wait_for_timeout(600)  # until what fades in has done so
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


@pytest.fixture
def tasks(ada):
    """The ids of one that has ended and one that is active, among others."""
    ended = ada.fork("ends", 0)
    active = ada.fork("goes on", description="for a while")
    ada.kill(ada.fork("was killed")["id"])
    ada.fork("later", run_at="2030-01-01T00:00:00Z")
    return {"ended": ended["id"], "active": active["id"]}


def looked_at(page, axe, views):
    """What axe finds in each of these views, by their addresses; those without a fault are left out."""
    found = {}
    for view in views:
        page.evaluate("view => { location.hash = `#/${view}` }", view)
        found[view] = violations(page, axe)
    return {view: lines for view, lines in found.items() if lines}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_has_violations(served, axe, tasks, scheme):
    page = served()
    page.emulate_media(color_scheme=scheme)
    expect_row(page, "goes on")
    assert not looked_at(page, axe, [view.format(**tasks) for view in VIEWS])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_door_and_the_first_run_have_no_violations(page, server, axe, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(server.url)
    expect(page.get_by_label("Username")).to_be_visible()
    assert not looked_at(page, axe, ["login", "register"])
    page.evaluate("location.hash = '#/login'")
    register(page)
    expect(page.get_by_role("heading", name="Fork your first task")).to_be_visible()
    assert not violations(page, axe)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_floats_has_no_violations(served, server, axe, tasks, scheme):
    page = served()
    page.emulate_media(color_scheme=scheme)
    expect_row(page, "goes on").get_by_role("checkbox").check()
    assert not violations(page, axe)
    page.get_by_role("toolbar").get_by_role("button", name="Signal").click()
    assert not violations(page, axe)
    page.get_by_role("dialog").get_by_role("button", name="Send").click()
    expect(page.locator(".toast")).to_be_visible()
    server.stop()
    expect(page.locator(".banner")).to_be_visible()
    assert not violations(page, axe)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_can_be_opened_in_a_task_has_no_violations(served, axe, tasks, scheme):
    page = served(f"#/tasks/{tasks['active']}")
    page.emulate_media(color_scheme=scheme)
    expect(page.get_by_role("region", name="goes on")).to_contain_text("Running for")
    for part in ("JSON", "Shell"):
        page.get_by_text(part, exact=True).click()
    assert not violations(page, axe)
    page.get_by_role("button", name="More actions").click()
    expect(page.get_by_role("menu")).to_be_visible()
    assert not violations(page, axe)
    page.get_by_role("menuitem", name="Renice").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Nice").fill("44")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_label("Nice")).to_have_attribute("aria-invalid", "true")
    assert not violations(page, axe)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_enlarged_output_has_no_violations(server, ada, served, axe, scheme):
    server.stop()
    server.environment["TASK_OPEN_PROGRAMS"] = "command"
    server.start()
    line = r"for i in 1 2 3 4 5 6 7; do printf '\033[3%smtick\033[0m \033[9%sm%s\033[0m\n' $i $i $i; done"
    task = ada.fork("prints", program="command", arguments={"argv": line, "shell": True})
    page = served(f"#/tasks/{task['id']}")
    page.emulate_media(color_scheme=scheme)
    output = page.get_by_role("region", name="Output", exact=True)
    expect(output).to_contain_text("7 lines")
    output.get_by_role("searchbox").fill("tick")
    output.get_by_role("button", name="Enlarge").click()
    assert not violations(page, axe)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_form_with_errors_has_no_violations(served, ada, axe, scheme):
    page = served("#/fork")
    page.emulate_media(color_scheme=scheme)
    form = page.get_by_role("region", name="Fork a task")
    form.get_by_label("seconds").fill("-1")
    form.get_by_text("Advanced").click()
    form.get_by_label("Nice").fill("44")
    form.get_by_label("Attempts").fill("none")
    form.get_by_role("button", name="Fork", exact=True).click()
    expect(form.locator("[aria-invalid]")).to_have_count(3)
    assert not violations(page, axe)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_question_has_no_violations(served, axe, tasks, scheme):
    page = served()
    page.emulate_media(color_scheme=scheme)
    expect_row(page, "goes on").get_by_role("checkbox").check()
    page.get_by_role("toolbar").get_by_role("button", name="Kill").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert not violations(page, axe)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_banner_with_the_address_has_no_violations(page, ada, server, axe, scheme):
    at = enter(page, server, ada, DISK)
    ada.fork("goes on")
    at()
    page.emulate_media(color_scheme=scheme)
    expect_row(page, "goes on")
    server.stop()
    expect(page.locator(".banner").get_by_label("Server")).to_be_visible()
    assert not violations(page, axe)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_fleet_has_no_violations(served, axe, scheme, width):
    page = served()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    page.route("**/taskapi/stats/", lambda route: route.fulfill(json=FIGURES | {"workers": FLEET}))
    page.evaluate("location.hash = '#/top'")
    expect(page.get_by_role("region", name="Workers")).to_contain_text("1 lost")
    assert not violations(page, axe)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_has_no_violations(served, axe, tasks, scheme):
    page = served()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    expect_row(page, "goes on")
    assert not looked_at(page, axe, ["tasks", f"tasks/{tasks['active']}", "fork", "top", "account"])


def test_the_landmarks_have_names(served, tasks):
    page = served(f"#/tasks/{tasks['active']}")
    expect(page.get_by_role("main")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    for name in ("Views", "Status"):
        expect(page.get_by_role("navigation", name=name)).to_be_visible()
    expect(page.get_by_role("search")).to_be_visible()
    expect(page.get_by_role("complementary", name="Details")).to_be_visible()
    expect(page.get_by_role("table", name="Tasks")).to_be_visible()


def test_moves_are_told_to_who_cannot_see(served, ada):
    task = ada.fork("listened to")
    page = served()
    expect_row(page, "listened to")
    ada.kill(task["id"])
    expect(page.get_by_role("log")).to_contain_text(f"Task {task['id']} listened to: Killed.")


def test_a_status_is_more_than_a_colour(served, tasks):
    page = served()
    shapes = {
        expect_row(page, name).locator(".status use").get_attribute("href"): expect_row(page, name).inner_text()
        for name in ("goes on", "was killed", "later")
    }
    assert list(shapes) == ["#icon-running", "#icon-killed", "#icon-pending"]
    for word, text in zip(("Running", "Killed", "Pending"), shapes.values(), strict=True):
        assert word in text


def test_who_wants_no_motion_gets_none(served, tasks):
    page = served(f"#/tasks/{tasks['active']}")
    expect(page.get_by_role("region", name="goes on")).to_contain_text("Running")
    assert page.evaluate("document.getAnimations().length") > 0
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_timeout(300)
    assert page.evaluate("document.getAnimations().length") == 0
