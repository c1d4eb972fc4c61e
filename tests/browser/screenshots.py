"""Takes a picture of each view for docs/screens/, and the one of the README: `make screenshots` (ARGS="top task")."""

import json
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.steps import Ada
from tests.server import PROJECT, Server

SCREENS = PROJECT / "docs" / "screens"
LONG = {"top"}  # down to its end, where the workers are
SIZES = {"": (1440, 900), "-phone": (390, 844)}
BACKUP = """total=240
for file in $(seq 1 $total); do
  printf '\\033[32mcopied\\033[0m  photos/2026/IMG_%04d.jpg  %d of %d\\n' $file $file $total
  sleep 0.05
done
sleep 600"""
BROKEN = r"""echo 'building 214 pages'
echo '\033[33mwarning\033[0m: docs/old.md: unknown target "intro"' >&2
echo '\033[31merror\033[0m: docs/index.md:12: no such file: logo.svg' >&2
exit 2"""


def shell(name, script, **fields):
    return {"name": name, "program": "command", "arguments": {"argv": script, "shell": True}, **fields}


def sleep(name, seconds, **fields):
    return {"name": name, "arguments": {"seconds": seconds}, **fields}


# Oldest first.
TASKS = [
    *[sleep(f"thumbnails of album {number}", 0.1 + number % 3 / 4) for number in range(2271, 2289)],
    sleep("warm the cache", 5400),
    shell("count the words of the corpus", "echo 182344; sleep 0.4"),
    shell("rotate the certificates", "echo 'vault.internal: no such host' >&2; exit 3"),
    sleep("report for the third quarter", 1.5),
    sleep("soak test of the new queue", 14400, nice=10),
    sleep("weekly digest", 5, run_at=f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}T06:00:00Z"),
    shell("build the documentation", BROKEN, description="For the release of Friday.", max_attempts=2),
    sleep("index the archive for search", 9),
    sleep("import the customers of the old shop", 240),
    shell("vacuum the database", "echo 'freed 1,204 pages'"),
    sleep("send the invoices of May", 0.6),
    shell("back up the photos", BACKUP, description="Every night, to the machine in the cellar.", nice=5),
    sleep("expire sessions", 0.2),
]


def main(*wanted):
    """Pictures of the wanted views, by their names; of all without any."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{Path(folder) / 'db.sqlite3'}"
        with Server(database, TASK_OPEN_PROGRAMS="command,fetch", TASK_SLOTS=40) as server:
            ada = Ada(server)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
                take(browser, server, ada, some({"welcome": "#/login", "first-run": "#/tasks"}, wanted))
                take(browser, server, ada, some(views(fill(ada)), wanted))
                browser.close()
    shutil.copy(SCREENS / "task-light.png", PROJECT / "docs" / "page.png")


def some(views, wanted):
    return {name: place for name, place in views.items() if name in wanted} if wanted else views


def fill(ada):
    """Forks the tasks, stops one and kills one; returns their ids by their names."""
    ids = {task["name"]: task["id"] for task in ada.call("POST", "/taskapi/tasks/", TASKS)}
    time.sleep(5)
    held = ids["soak test of the new queue"]
    ada.call("POST", f"/taskapi/tasks/{held}/signal/", {"signal": "STOP"})
    ada.kill(ids["import the customers of the old shop"])
    return ids


def views(ids):
    output, failed = ids["back up the photos"], ids["build the documentation"]
    return {
        "tasks": "#/tasks",
        "task": f"#/tasks/{output}",
        "failed": f"#/tasks/{failed}?status=failed",
        "fork": "#/fork",
        "top": "#/top",
        "account": "#/account",
        "help": "#/help",
    }


def take(browser, server, ada, views):
    """A picture of each of these views, light and dark, wide and narrow."""
    for suffix, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            page = context.new_page()
            for name, place in views.items():
                page.goto(server.url)
                key, session = f"utm.session {server.url}", json.dumps({"token": ada.token, "username": "ada"})
                logged_in = session if name != "welcome" else "null"
                page.evaluate("([key, value]) => localStorage.setItem(key, value)", [key, logged_in])
                page.goto(f"{server.url}/?{name}{place}")
                page.wait_for_timeout(1_500)
                page.screenshot(path=SCREENS / f"{name}-{scheme}{suffix}.png", full_page=name in LONG)
            context.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
