"""The system's Chromium, driven by Playwright, and the page in it: served by the server, or opened from disk."""

import json
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.steps import Ada
from tests.conftest import database_url, needs
from tests.server import PROJECT, Server

# Without these, Chromium looks for hosts of its maker, which a closed network answers slowly.
QUIET = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
SERVED, FROM_DISK = "served", "from disk"
DISK = (PROJECT / "frontend" / "index.html").as_uri()

expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items):
    """A browser on a busy machine can miss what is on the page for a moment: each of these has two more tries."""
    for item in items:
        if item.path.is_relative_to(PROJECT / "tests" / "browser"):
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.fixture
def server(transactional_db):
    """As everywhere, but it stops at once: most tests here leave tasks that would sleep on."""
    with Server(database_url(), DJANGO_SETTINGS_MODULE="tests.settings", TASK_GRACE="0.1s") as server:
        yield server


@pytest.fixture
def options():
    """What the page's browser context is made with; a test module may have its own."""
    return {}


@pytest.fixture
def page(server, options):
    """A page in a fresh browser. The test fails when a script of the page fails."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    needs(chromium, "Chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        page = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | options).new_page()
        page.set_default_timeout(15_000)
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        browser.close()
    assert not errors


@pytest.fixture(params=[SERVED, FROM_DISK])
def opened(request, page, server):
    """The page, opened in either way; nobody is logged in."""
    if request.param == SERVED:
        page.goto(server.url)
    else:
        # Opened from disk it looks for its server at port 8000, where another may run: the tests name their own.
        page.goto(DISK)
        expect(page.get_by_label("Server")).to_have_value("http://localhost:8000")
        page.get_by_label("Server").fill(server.url)
        page.get_by_role("button", name="Use", exact=True).click()
    return page


@pytest.fixture
def ada(server):
    """Ada, who has an account and a token."""
    return Ada(server)


@pytest.fixture(params=[SERVED, FROM_DISK])
def inside(request, page, server, ada):
    """inside("#/tasks") is the page at that address, opened in either way, with Ada logged in."""
    return enter(page, server, ada, server.url + "/" if request.param == SERVED else DISK)


@pytest.fixture
def served(page, server, ada):
    """served("#/tasks") is the same for tests that need not be run in both ways."""
    return enter(page, server, ada, server.url + "/")


def enter(page, server, ada, address):
    session = json.dumps({"token": ada.token, "username": ada.name})
    kept = {"utm.server": json.dumps(server.url), f"utm.session {server.url}": session}
    once = "if (!sessionStorage.getItem('entered')) {" + "".join(
        f"localStorage.setItem({json.dumps(name)}, {json.dumps(value)});" for name, value in kept.items()
    )
    page.add_init_script(once + "sessionStorage.setItem('entered', 'yes')}")

    def at(place="#/tasks"):
        page.goto(address + place)
        return page

    return at
