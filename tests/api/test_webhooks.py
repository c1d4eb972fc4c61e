"""`notify_url` of a task, the deliveries that come of it, and the secret that signs them."""

import base64

import pytest

from taskapi.models import Task
from tests.conftest import client_of
from userapi.models import User

TASKS = "/taskapi/tasks/"
SECRET = "/userapi/webhook-secret/"
URL = "https://example.com/hook?a=b"


@pytest.fixture
def delivery(fork):
    """A delivery of Ada's, waiting."""
    task = fork(notify_url=URL)
    task.kill()
    return task.deliveries.get()


def test_a_fork_says_where_to_tell_of_its_end(client):
    task = client.post(TASKS, {"name": "a", "notify_url": URL}).json()
    assert (task["notify_url"], task["notifies"]) == (URL, None)
    assert client.get(f"{TASKS}{task['id']}/").json()["notify_url"] == URL


def test_it_is_empty_unless_said(client):
    assert client.post(TASKS, {"name": "a"}).json()["notify_url"] == ""
    assert client.post(TASKS, {"name": "a", "notify_url": ""}).status_code == 201


def test_each_task_of_an_array_has_its_own(client):
    answer = client.post(TASKS, [{"name": "a", "notify_url": URL}, {"name": "b"}])
    assert [task["notify_url"] for task in answer.json()] == [URL, ""]


@pytest.mark.parametrize(
    "url",
    [
        7,
        None,
        ["https://example.com"],
        "example.com",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://127.0.0.1:8000/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "https://ada:secret@example.com/",
        "https://example.com/\nX: y",
        "https://example.com/" + "a" * 2_000,
    ],
)
def test_what_is_refused_when_forked(client, url):
    answer = client.post(TASKS, {"name": "a", "notify_url": url})
    assert answer.status_code == 400
    assert list(answer.json()) == ["notify_url"]
    assert Task.objects.count() == 0


def test_where_webhooks_are_off_it_is_refused(client, settings):
    settings.WEBHOOKS = False
    answer = client.post(TASKS, [{"name": "a"}, {"name": "b", "notify_url": URL}])
    assert answer.status_code == 403
    assert answer.json() == {"detail": "This server does not notify (WEBHOOKS=0). Leave `notify_url` out."}
    assert client.post(TASKS, {"name": "a"}).status_code == 201


def test_a_restart_takes_it_along(client, fork):
    task = fork(notify_url=URL)
    assert client.post(f"{TASKS}{task.pk}/restart/").json()["notify_url"] == URL


def test_a_delivery_is_a_task_and_says_whose_end_it_tells(client, delivery):
    listed = client.get(f"{TASKS}?fields=id,program,notifies&notifies={delivery.notifies_id}").json()
    assert listed == [{"id": delivery.pk, "program": "notify", "notifies": delivery.notifies_id}]


@pytest.mark.parametrize("value", ["", "0", "x", "9" * 30])
def test_what_is_no_id_of_a_task(client, value):
    answer = client.get(f"{TASKS}?notifies={value}")
    assert (answer.status_code, list(answer.json())) == (400, ["notifies"])


def test_a_delivery_is_nobody_elses(delivery, other):
    assert client_of(other).get(f"{TASKS}?notifies={delivery.notifies_id}").json() == []
    assert client_of(other).post(f"{TASKS}{delivery.pk}/restart/").status_code == 404


def test_a_delivery_is_killed_and_sent_again_as_it_was(client, delivery):
    assert client.delete(f"{TASKS}{delivery.pk}/").status_code == 200
    answer = client.post(f"{TASKS}{delivery.pk}/restart/")
    assert answer.status_code == 201
    again = Task.objects.get(pk=answer.json()["id"])
    for name in ("program", "arguments", "notifies_id", "nice", "max_attempts"):
        assert getattr(again, name) == getattr(delivery, name)


def test_nobody_forks_a_delivery(client, user, settings):
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    settings.TASK_OPEN_PROGRAMS = ["notify"]
    forged = {"url": URL, "message": "msg_1", "event": {}}
    answer = client.post(TASKS, {"name": "a", "program": "notify", "arguments": forged})
    assert answer.status_code == 403
    assert answer.json() == {"detail": "The program notify is started by the system only."}
    assert Task.objects.count() == 0


def test_the_program_is_not_among_those_to_fork(client, user):
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    assert "notify" not in [program["name"] for program in client.get("/taskapi/programs/").json()]
    assert "notify" not in client.post(TASKS, {"name": "a", "program": "x"}).json()["program"][0]


def test_the_secret_is_of_the_form_of_the_specification(client, user):
    answer = client.get(SECRET)
    prefix, _, key = answer.json()["secret"].partition("_")
    assert (prefix, base64.b64decode(key)) == ("whsec", user.webhook_key())
    assert answer["Cache-Control"] == "no-store"
    assert client.get(SECRET).json() == answer.json()


def test_each_user_has_a_secret_of_his_own(client, other):
    assert client.get(SECRET).json() != client_of(other).get(SECRET).json()


def test_another_secret_key_makes_another_secret(client, settings):
    before = client.get(SECRET).json()
    settings.SECRET_KEY = "another"
    assert client.get(SECRET).json() != before


def test_a_secret_is_replaced(client, other):
    before, theirs = client.get(SECRET).json(), client_of(other).get(SECRET).json()
    replaced = client.post(SECRET).json()
    assert replaced != before
    assert client.get(SECRET).json() == replaced
    assert client_of(other).get(SECRET).json() == theirs


def test_the_secret_needs_a_token(anonymous, db):
    assert anonymous.get(SECRET).status_code == 401
    assert anonymous.post(SECRET).status_code == 401
