"""Fixtures: users and clients, tasks in any state, a real server process."""

import os
import threading
import time
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from rest_framework.test import APIClient

from taskapi.engines import get_engine
from taskapi.models import FINAL, Status, Task, TaskEvent, Worker
from tests.server import served
from userapi.models import Token, User

PASSWORD = "correct-horse-9"
PORTS = {"postgresql": 5432, "mysql": 3306}
SCHEMES = {"postgresql": "postgres", "mysql": "mysql"}


def needs(condition, what):
    """Skips a test that cannot run here, saying why; on CI nothing may be missing."""
    if not condition:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"needs {what}")


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _no_thread_left_over():
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 5
    while left := [thread for thread in threading.enumerate() if thread not in before]:
        assert time.monotonic() < deadline, f"threads left over: {left}"
        time.sleep(0.01)


@pytest.fixture
def user(db):
    return User.objects.create_user("ada", "ada@example.com", PASSWORD)


@pytest.fixture
def other(db):
    return User.objects.create_user("grace", "grace@example.com", PASSWORD)


def client_of(user):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user)[1]}")
    return client


@pytest.fixture
def anonymous(db):
    return APIClient()


@pytest.fixture
def client(user):
    """Ada's client, logged in with a token."""
    return client_of(user)


@pytest.fixture
def worker(db):
    return Worker.objects.enlist("test", 10)


@pytest.fixture
def fork(user):
    """fork(seconds=...) stores a pending task of Ada's; no engine runs in the unit and API tests."""

    def fork(owner=user, seconds=0.01, **fields):
        spec = {"name": "a task", "arguments": {"seconds": seconds}} | fields
        return Task.objects.fork(owner, [spec])[0]

    return fork


@pytest.fixture
def running(fork, worker):
    """running() is a task of Ada's that `worker` has claimed."""

    def running(**fields):
        fork(**fields)
        [claim] = Task.objects.claim(worker, 1)
        return Task.objects.select_related("worker").get(pk=claim.pk)

    return running


@pytest.fixture
def fair_queue():
    if not get_engine().can_be_fair:
        pytest.skip("this engine has another queue")


@pytest.fixture
def server(transactional_db):
    """`manage.py up` in a process of its own, on the database of the tests."""
    with served(database_url(), DJANGO_SETTINGS_MODULE="tests.settings", TASK_GRACE="1s") as server:
        yield server


def database_url():
    database = django_settings.DATABASES["default"]
    kind = database["ENGINE"].rsplit(".", 1)[-1]
    if kind == "sqlite3":
        return f"sqlite:///{Path(database['NAME']).resolve()}"
    user = f"{database['USER']}:{database['PASSWORD']}" if database["PASSWORD"] else database["USER"]
    place = f"{user}@{database['HOST'] or '127.0.0.1'}:{database['PORT'] or PORTS[kind]}"
    return f"{SCHEMES[kind]}://{place}/{database['NAME']}"


def final_events(task):
    """The ends of a task; there must be exactly one, ever."""
    return TaskEvent.objects.filter(task=task, status__in=FINAL).count()


def wait_for(condition, seconds=20):
    """Waits until condition() is true and returns what it returned."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return value


def status_of(task):
    return Status(Task.objects.values_list("status", flat=True).get(pk=task.pk))
