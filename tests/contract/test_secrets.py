"""Secrets stay secret: they are in no log, no error, no event and no row, whatever is asked of a server."""

import subprocess
import sys

import pytest
from django.apps import apps

from tests.conftest import database_url
from tests.contract.conftest import empty
from tests.server import PROJECT, Server

SECRETS = {
    "password": "battery-staple-71",
    "new password": "correct-donkey-72",
    "wrong password": "wrong-zebra-73",
    "guessed token": "f00d" * 16,
    "SECRET_KEY": "key-of-the-server-74",
}
USERS, TASKS = "/userapi/", "/taskapi/tasks/"
ADA = {"username": "ada", "email": "ada@example.com", "password": SECRETS["password"]}


@pytest.fixture(scope="module", params=["0", "1"], ids=["DEBUG off", "DEBUG on"])
def told(request, transactional_db, django_db_blocker):
    """(what a server has logged, its answers, what is in its database, the tokens) after much has been asked."""
    own = {"LOG_LEVEL": "DEBUG", "DEBUG": request.param, "SECRET_KEY": SECRETS["SECRET_KEY"]}
    with Server(database_url(), DJANGO_SETTINGS_MODULE="tests.settings", **own) as server:
        tokens, answers = use(server)
        with django_db_blocker.unblock():
            rows = [list(model.objects.values()) for model in apps.get_models()]
        server.stop()
        yield server.output(), answers, str(rows), tokens
    empty(django_db_blocker)


def use(server):
    """Uses and misuses everything that takes a secret; returns the tokens, and all answers as text."""
    answers = []

    def call(method, path, body=None, token=None, **headers):
        status, head, data = server.raw(method, path, body, token, **headers)
        answers.append(f"{status} {head} {data.decode()}")
        return data

    register_and_change(call, tokens := [server.log_in("grace", SECRETS["password"])])
    misuse(call, tokens[-1])
    return tokens, "\n".join(answers)


def register_and_change(call, tokens):
    call("POST", f"{USERS}register/", ADA)
    call("POST", f"{USERS}register/", ADA)
    call("POST", f"{USERS}register/", ADA | {"username": "b", "email": "b@example.com", "pass": ADA["password"]})
    call("POST", f"{USERS}login/", {"username": "ada", "password": SECRETS["wrong password"]})
    change = {"old_password": SECRETS["password"], "new_password": SECRETS["new password"]}
    call("POST", f"{USERS}password/", change | {"old_password": SECRETS["wrong password"]}, tokens[0])
    call("POST", f"{USERS}password/", change | {"more": SECRETS["new password"]}, tokens[0])
    call("POST", f"{USERS}password/", change, tokens[0])
    call("GET", f"{USERS}tokens/", token=tokens[0])
    call("POST", TASKS, {"name": "a task", "arguments": {"seconds": 0}}, tokens[0])


def misuse(call, token):
    password = SECRETS["password"]
    for broken in (
        f'{{"password": "{password}"',
        f'"{password}"',
        f'["{password}"]',
        f'{{"username": "{password}\\ud800"}}',
    ):
        call("POST", f"{USERS}login/", broken.encode())
        call("POST", f"{USERS}password/", broken.encode(), token)
    call("GET", f"{USERS}me/", token=SECRETS["guessed token"])
    call("GET", f"{USERS}me/", Authorization=f"Bearer {token}")
    call("GET", f"{USERS}me/", Authorization=f"Token {token} {token}")
    call("PUT", f"{USERS}me/", {"password": password}, token)
    call("POST", f"{TASKS}?token={token}", {"name": token[:1] * 300}, token)
    call("GET", f"{TASKS}?token={token}")
    call("GET", "/nowhere/", token=token)
    call("GET", f"{TASKS}1/events/", token=token)
    call("GET", f"{USERS}me/", token=token, Host="evil.example")


def found(text, secrets):
    return [name for name, secret in secrets.items() if secret in text]


def test_the_log_has_no_secret(told):
    log, _, _, tokens = told
    assert "http" in log
    assert found(log, secrets_and(tokens)) == []


def test_no_answer_has_one(told):
    _, answers, _, tokens = told
    assert "Wrong username or password." in answers
    assert found(answers, secrets_and(tokens)) == []


def test_the_database_has_none(told):
    _, _, rows, tokens = told
    assert "grace@example.com" in rows
    assert found(rows, secrets_and(tokens)) == []


def secrets_and(tokens):
    return SECRETS | {f"token {number}": token for number, token in enumerate(tokens)}


@pytest.mark.parametrize(
    "url",
    [
        "postgres://ada:hidden-75@127.0.0.1:1/x",
        "postgres://ada:hidden-75@127.0.0.1:port/x",
        "postgres://ada:hidden-75/more@127.0.0.1/x",
        "postgres://ada:[hidden-75@127.0.0.1/x",
        "oracle://ada:hidden-75@127.0.0.1/x",
        "mysql://ada:hidden-75@127.0.0.1:1/x",
    ],
)
def test_a_database_that_cannot_be_used_is_not_told_with_its_password(url):
    environment = {"DATABASE_URL": url, "SECRET_KEY": SECRETS["SECRET_KEY"], "LOG_LEVEL": "DEBUG", "PATH": ""}
    command = [sys.executable, "manage.py", "up", "--port", "0"]
    run = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60)
    assert run.returncode != 0
    assert "hidden-75" not in run.stdout + run.stderr
    assert SECRETS["SECRET_KEY"] not in run.stdout + run.stderr
