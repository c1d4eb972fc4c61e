"""Every field of the models and of the answers, sent along with every call that writes.

Those that a client may say are in tests/api; any other is refused by name, or ignored where the documentation says so
(what was read can be sent back), and nothing that is stored has what it said.
"""

from itertools import chain

import pytest

from taskapi.answers import WHOLE
from taskapi.models import Task, TaskEvent, Worker
from taskmanager.wire import dumps
from tests.conftest import PASSWORD
from userapi.models import Token, User

HOSTILE = [True, 987_654, "planted", "2001-01-01T00:00:00Z", None, ["planted"], {"planted": 987_654}]
NEW = "battery-staple-9"
TASKS = "/taskapi/tasks/"

FORK = {"name", "description", "program", "arguments", "nice", "run_at", "timeout", "max_attempts", "notify_url"}
# (method, path, body that is good, fields that it takes, read-only ones that it ignores)
WRITES = {
    "register": (
        "POST",
        "/userapi/register/",
        {"username": "eve", "email": "eve@example.com", "password": PASSWORD},
        {"username", "email", "password"},
        {"id"},
    ),
    "login": ("POST", "/userapi/login/", {"username": "ada", "password": PASSWORD}, {"username", "password"}, set()),
    "profile": ("PATCH", "/userapi/me/", {"username": "ada"}, {"username", "email"}, {"id"}),
    "password": (
        "POST",
        "/userapi/password/",
        {"old_password": PASSWORD, "new_password": NEW},
        {"old_password", "new_password"},
        set(),
    ),
    "fork": ("POST", TASKS, {"name": "a"}, FORK, set(WHOLE)),
    "edit": ("PATCH", f"{TASKS}{{task}}/", {"name": "a task"}, {"name", "description", "nice"}, set()),
    "signal": ("POST", f"{TASKS}{{task}}/signal/", {"signal": "TERM"}, {"signal"}, set()),
}


def fields_of(*models):
    """The names by which a field of these models could be meant."""
    found = chain.from_iterable(model._meta.get_fields() for model in models)
    return {name for field in found for name in (field.name, getattr(field, "attname", field.name))}


NAMES = fields_of(User, Token, Task, TaskEvent, Worker) | set(WHOLE) | {"user_id", "current", "task_ids", "pk", "by"}


def stored():
    return [list(model.objects.order_by("pk").values()) for model in (User, Task, Token)]


def without(rows, *names):
    return [[{k: v for k, v in row.items() if k not in names} for row in table] for table in rows]


def test_the_names_are_those_of_columns_and_of_answers():
    assert {"is_staff", "is_superuser", "username_key", "owner_id", "worker_id", "turn", "status_label"} <= NAMES


@pytest.mark.parametrize("write", WRITES)
def test_a_field_that_is_not_for_clients_is_refused_by_name_and_nothing_is_done(client, fork, write):
    method, path, body, takes, ignores = WRITES[write]
    path, before = path.format(task=fork().pk), stored()
    for name in sorted(NAMES - takes - ignores):
        for value in HOSTILE:
            answer = client.generic(method, path, dumps(body | {name: value}), "application/json")
            assert answer.status_code == 400, (name, value)
            assert name in answer.json(), (name, value)
    assert without(stored(), "last_used", "expiry") == without(before, "last_used", "expiry")


# What a new task has, whatever was said about the fields that are not for clients.
NEW_TASK = {"status": "pending", "reason": "", "attempt": 0, "worker_id": None, "result": None, "error": ""}
NEW_TASK |= {"exit_code": None, "progress": None, "progress_text": "", "restarted_from_id": None}
NEW_TASK |= dict.fromkeys(("started_at", "ended_at", "completed_at"))


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("value", HOSTILE, ids=str)
def test_what_was_read_can_be_forked_again_and_counts_for_nothing(client, user, value, many):
    body = dict.fromkeys(set(WHOLE) - FORK, value) | {"name": "a"}
    assert client.post(TASKS, [body] if many else body).status_code == 201
    row = Task.objects.values().get()
    assert {name: row[name] for name in NEW_TASK} == NEW_TASK
    assert row["owner_id"] == user.pk
    assert row["id"] != 987_654
    assert row["created_at"].year == row["updated_at"].year > 2001


@pytest.mark.parametrize("write", ["register", "profile"])
def test_nobody_chooses_an_id(client, user, write):
    method, path, body, *_ = WRITES[write]
    for value in HOSTILE:
        User.objects.exclude(pk=user.pk).delete()
        answer = client.generic(method, path, dumps(body | {"id": value}), "application/json")
        assert answer.status_code in (200, 201)
        assert answer.json()["id"] == User.objects.latest("pk").pk != 987_654


def test_a_restart_takes_nothing_from_its_body(client, user, fork):
    task = fork(nice=3)
    body = dict.fromkeys(NAMES, 987_654) | {"name": "planted", "nice": -20, "program": "command"}
    again = client.post(f"{TASKS}{task.pk}/restart/", body).json()
    kept = ("name", "description", "program", "arguments", "nice", "timeout", "max_attempts")
    assert {name: again[name] for name in kept} == {name: getattr(task, name) for name in kept}
    assert Task.objects.latest("pk").owner == user


@pytest.mark.parametrize("path", ["/userapi/logout/", "/userapi/logoutall/"])
def test_a_logout_ends_only_ones_own_tokens_whatever_its_body_says(client, other, path):
    token = Token.objects.create(other)[0]
    names = {"token": token.digest, "id": token.pk, "user": other.pk, "user_id": other.pk, "digest": token.digest}
    assert client.post(path, names).status_code == 204
    assert list(Token.objects.all()) == [token]


def test_the_new_user_is_nobody_special(anonymous):
    anonymous.post("/userapi/register/", WRITES["register"][2])
    eve = User.objects.get()
    assert (eve.is_staff, eve.is_superuser, eve.is_active) == (False, False, True)
    assert not eve.get_all_permissions()
