"""A live server for each module, with the module's ENVIRONMENT, and clients that speak plain HTTP to it."""

import http.client
import json
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from functools import partialmethod
from itertools import count

import pytest
from django.core.management import call_command
from django.db import connection

from tests.conftest import database_url, wait_for
from tests.server import Server

TASKS = "/taskapi/tasks/"
NUMBERS = count()


@dataclass
class Answer:
    status: int
    headers: Message
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """Who speaks to a server; with a token, a user."""

    def __init__(self, server, token=None):
        self.server, self.token = server, token

    def call(self, method, path, body=None, **headers):
        """The Answer to one request; an underscore in the name of a header is a hyphen."""
        return Answer(*self.server.raw(method, path, body, self.token, **hyphenated(headers)))

    get, post = partialmethod(call, "GET"), partialmethod(call, "POST")
    patch, delete = partialmethod(call, "PATCH"), partialmethod(call, "DELETE")
    options = partialmethod(call, "OPTIONS")

    def fork(self, **fields):
        """A new task; it sleeps for a minute unless said otherwise."""
        sleep = {} if "program" in fields else {"arguments": {"seconds": 60}}
        answer = self.post(TASKS, {"name": "a task"} | sleep | fields)
        assert answer.status == 201, answer.body
        return answer.json

    def later(self, **fields):
        """A new task that waits for a time far away."""
        return self.fork(run_at="2100-01-01T00:00:00Z", **fields)

    def task(self, task):
        return self.get(f"{TASKS}{task['id']}/").json

    def running(self, **fields):
        """A task that runs."""
        task = self.fork(**fields)
        return wait_for(lambda: (now := self.task(task))["status"] == "running" and now)

    def ended(self, **fields):
        """A task that has ended; it does next to nothing unless said otherwise."""
        fields = {"arguments": {"seconds": 0}} | fields
        return self.get(f"{TASKS}{self.fork(**fields)['id']}/?wait=30").json

    @contextmanager
    def open(self, path, **headers):
        """The answer to a GET, to be read as it comes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            connection.request("GET", path, headers={"Authorization": f"Token {self.token}"} | hyphenated(headers))
            with connection.getresponse() as answer:
                yield answer
        finally:
            connection.close()


def hyphenated(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture(scope="module")
def transactional_db(django_db_setup, django_db_blocker):
    """The database of the tests, emptied after each module; pytest-django's own does that after each test."""
    yield
    empty(django_db_blocker)


def empty(django_db_blocker):
    """Empties the database of the tests."""
    with django_db_blocker.unblock():
        call_command("flush", interactive=False, verbosity=0)
        connection.close()


@pytest.fixture(scope="module")
def server(request, transactional_db):
    common = {"DJANGO_SETTINGS_MODULE": "tests.contract.settings", "TASK_GRACE": "2s"}
    with Server(database_url(), **common | getattr(request.module, "ENVIRONMENT", {})) as server:
        yield server


@pytest.fixture(scope="module")
def log_in(server):
    """log_in(username) is a client of a new user."""
    return lambda username: Client(server, server.log_in(username))


@pytest.fixture(scope="module")
def ada(log_in):
    return log_in("ada")


@pytest.fixture(scope="module")
def grace(log_in):
    """Another user."""
    return log_in("grace")


@pytest.fixture(scope="module")
def anonymous(server):
    return Client(server)


@pytest.fixture
def newcomer(log_in):
    """A user without any task."""
    return log_in(f"newcomer{next(NUMBERS)}")
