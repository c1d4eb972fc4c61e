"""The admin in a real browser: each page loads what it needs and nothing that its policy forbids."""

import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.conftest import PASSWORD, wait_for
from tests.server import PROJECT

PAGES = [
    "",
    "password_change/",
    "taskapi/task/",
    "taskapi/task/?status=running&q=ada",
    "taskapi/task/{task}/change/",
    "taskapi/task/{task}/history/",
    "taskapi/taskevent/",
    "taskapi/taskevent/{event}/change/",
    "taskapi/worker/",
    "userapi/user/",
    "userapi/user/add/",
    "userapi/user/{user}/change/",
    "userapi/user/{user}/password/",
    "userapi/token/",
    "userapi/token/{token}/change/",
    "userapi/token/{token}/delete/",
    "auth/group/",
    "auth/group/add/",
]


@pytest.fixture
def complaints(page):
    """What the browser writes to its console as an error: scripts that fail, and what the policy forbids."""
    found = []
    page.on("console", lambda message: found.append(message.text) if message.type in ("error", "warning") else None)
    return found


@pytest.fixture
def admin(page, server, complaints):
    """admin("taskapi/task/") opens that page, as a superuser who has logged in."""
    make_superuser(server)
    page.goto(f"{server.url}/admin/")
    page.get_by_label("Username").fill("root")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Administration")).to_be_visible()
    return lambda path: page.goto(f"{server.url}/admin/{path}")


def make_superuser(server):
    command = [sys.executable, "manage.py", "createsuperuser", "--noinput"]
    names = ["--username", "root", "--email", "root@example.com"]
    environment = server.environment | {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    subprocess.run(command + names, cwd=PROJECT, env=environment, check=True, stdout=subprocess.DEVNULL)


def test_no_page_does_what_its_policy_forbids(admin, ada, complaints):
    task = ada.fork("asleep")["id"]
    ids = {"task": task, "event": ada.call("GET", f"/taskapi/tasks/{task}/events/")[0]["id"]}
    ids |= {"user": ada.call("GET", "/userapi/me/")["id"], "token": ada.call("GET", "/userapi/tokens/")[0]["id"]}
    for path in PAGES:
        assert admin(path.format(**ids)).status == 200
    assert complaints == []


def test_a_task_is_killed_from_the_list(admin, page, ada, complaints):
    task = ada.fork("to be killed")["id"]
    wait_for(lambda: ada.task(task)["status"] == "running")
    admin("taskapi/task/")
    page.get_by_role("row", name="to be killed").get_by_role("checkbox").check()
    page.get_by_label("Action:").select_option("Kill the selected tasks")
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_text("Killed: 1. Had ended before: 0.")).to_be_visible()
    last = ada.call("GET", f"/taskapi/tasks/{task}/events/")[-1]
    assert (last["status"], last["by"]) == ("killed", "root")
    assert complaints == []


def test_a_program_is_allowed_in_the_form_of_a_user(admin, page, ada, complaints):
    admin(f"userapi/user/{ada.call('GET', '/userapi/me/')['id']}/change/")
    permissions = page.locator(".field-user_permissions")
    permissions.get_by_role("listbox").first.select_option("Tasks | task | May run the program command")
    permissions.get_by_role("button", name="Choose selected user permissions").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    assert "command" in [program["name"] for program in ada.call("GET", "/taskapi/programs/")]
    assert complaints == []
