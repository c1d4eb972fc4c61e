"""A database of an earlier version, with users, tokens and tasks in all states, goes on working with this one."""

from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from django.contrib.auth.hashers import make_password
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.migrations.executor import MigrationExecutor
from knox.crypto import hash_token

from tests.conftest import PASSWORD, database_url, wait_for
from tests.server import served

NAME = "upgrade_of_utm"
EARLIER = [("taskapi", "0004_stats"), ("userapi", "0001_initial")]
TOKEN = "0123456789abcdef" * 4
THEN = datetime(2026, 1, 31, 12, tzinfo=UTC)
ENDED = {"started_at": THEN, "ended_at": THEN}
TASKS = {
    "pending": {"arguments": {"seconds": 0.01}, "turn": 1},
    "running": {"started_at": THEN, "attempt": 1},
    "completed": {**ENDED, "completed_at": THEN, "result": {"slept": 1}},
    "failed": {**ENDED, "reason": "error", "error": "It broke."},
    "killed": ENDED,
}


@pytest.fixture
def earlier(transactional_db, tmp_path):
    """The URL of a database as an earlier version had it; its own, because the tests' has all migrations."""
    name = tmp_path / "db.sqlite3" if connection.vendor == "sqlite" else NAME
    make_database(name)
    with default_is(name):
        fill()
    yield database_url().replace(str(connection.settings_dict["NAME"]), str(name))
    drop_database()


@contextmanager
def default_is(name):
    """Has everything here use the database of this name, on the same server."""
    usual = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = usual.copy()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connections[DEFAULT_DB_ALIAS] = usual


def make_database(name):
    drop_database()
    more = " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" if connection.vendor == "mysql" else ""
    if connection.vendor != "sqlite":
        connection.cursor().execute(f"CREATE DATABASE {name}{more}")


def drop_database():
    if connection.vendor != "sqlite":
        connection.cursor().execute(f"DROP DATABASE IF EXISTS {NAME}")


def fill():
    """The tables of the earlier version, and rows as it would have left them."""
    executor = MigrationExecutor(connection)
    executor.migrate(EARLIER)
    old = executor.loader.project_state(EARLIER).apps
    keys = {"username_key": "ada", "email_key": "ada@example.com"}
    user = make(old, "userapi.User", username="Ada", email="ada@example.com", password=make_password(PASSWORD), **keys)
    make(old, "userapi.Token", user=user, digest=hash_token(TOKEN), token_key=TOKEN[:15])
    worker = {"name": "gone", "engine": "threads", "version": "0", "slots": 1, "started_at": THEN, "heartbeat_at": THEN}
    worker = make(old, "taskapi.Worker", **worker)
    for status, fields in TASKS.items():
        ran = {"worker": worker} if status != "pending" else {}
        task = make(old, "taskapi.Task", owner=user, name=status, status=status, **ran, **fields)
        make(old, "taskapi.TaskEvent", task=task, status=status, by=user)


def make(old, model, **fields):
    return old.get_model(model).objects.create(**fields)


def test_a_database_of_an_earlier_version_goes_on_working(earlier):
    with served(earlier, DJANGO_SETTINGS_MODULE="tests.settings", TASK_GRACE="1s", TASK_LEASE="1s") as server:
        assert wait_for(lambda: settled(server), 120) == {
            "pending": ("completed", ""),
            "running": ("failed", "lost"),  # its worker died with its version
            "completed": ("completed", ""),
            "failed": ("failed", "error"),
            "killed": ("killed", ""),
        }
        token = server.call("POST", "/userapi/login/", {"username": "ada", "password": PASSWORD})[1]["token"]
        task = server.call("POST", "/taskapi/tasks/", {"name": "new", "arguments": {"seconds": 0}}, token)[1]
        assert server.call("GET", f"/taskapi/tasks/{task['id']}/?wait=60", token=token)[1]["status"] == "completed"


def settled(server):
    """{name: (status, reason)} of the tasks, once none of them is open."""
    tasks = server.call("GET", "/taskapi/tasks/?fields=name,status,reason", token=TOKEN)[1]
    found = {task["name"]: (task["status"], task["reason"]) for task in tasks}
    return found if not {"pending", "running"} & {status for status, _ in found.values()} else None
