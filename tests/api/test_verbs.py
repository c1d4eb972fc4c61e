"""renice, rerun, history; the same fork twice; and what has not changed since it was read."""

import pytest
from django.contrib.auth.models import Permission

from taskapi.models import ForkKey, Move, Task
from tests.conftest import client_of

TASKS = "/taskapi/tasks/"


def path(task, verb=""):
    return f"{TASKS}{task.pk}/{verb}"


def test_renice_and_rename(client, fork):
    task = fork()
    answer = client.patch(path(task), {"nice": 5, "name": "b", "description": "c"})
    assert answer.status_code == 200
    assert [answer.json()[name] for name in ("nice", "name", "description")] == [5, "b", "c"]
    assert answer.json() == client.get(path(task)).json()


@pytest.mark.usefixtures("fair_queue")
def test_a_waiting_task_that_is_reniced_takes_another_place(client, fork, worker):
    fork(name="first")
    client.patch(path(fork(name="second", nice=5)), {"nice": 0})
    client.patch(path(fork(name="last")), {"nice": 19})
    client.patch(path(fork(name="third")), {"name": "still third"})
    assert [claim.name for claim in Task.objects.claim(worker, 9)] == ["first", "second", "still third", "last"]


def test_renice_below_0_needs_a_permission(client, fork, user):
    task = fork()
    assert client.patch(path(task), {"nice": -1}).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="negative_nice"))
    assert client.patch(path(task), {"nice": -1}).json()["nice"] == -1


@pytest.mark.parametrize(
    ("field", "value"), [("nice", 20), ("nice", "1"), ("name", ""), ("status", "killed"), ("timeout", 5), ("id", 7)]
)
def test_what_cannot_be_changed_is_refused_by_name(client, fork, field, value):
    task = fork()
    answer = client.patch(path(task), {field: value})
    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_restart_forks_a_task_like_it(client, running, worker):
    task = running(name="b", description="c", nice=3, timeout=5, max_attempts=2)
    Task.objects.record(worker, [Move.completion(task)])
    answer = client.post(path(task, "restart/"))
    assert answer.status_code == 201
    again = answer.json()
    assert answer["Location"] == f"http://testserver{TASKS}{again['id']}/"
    assert (again["status"], again["attempt"], again["restarted_from"]) == ("pending", 0, task.pk)
    same = ("name", "description", "program", "arguments", "nice", "timeout", "max_attempts")
    assert [again[name] for name in same] == [getattr(task, name) for name in same]


def test_a_restart_needs_the_permissions_of_a_fork(client, fork):
    task = fork(program="command", arguments={"argv": ["true"]})
    assert client.post(path(task, "restart/")).status_code == 403


def test_a_restart_of_what_can_no_longer_be_run_says_why(client, fork):
    assert list(client.post(path(fork(program="retired"), "restart/")).json()) == ["program"]
    assert list(client.post(path(fork(seconds="x"), "restart/")).json()) == ["arguments"]


def test_a_restart_of_what_is_pruned_meanwhile_is_a_404(transactional_db, client, fork, monkeypatch):
    task = fork()
    monkeypatch.setattr("taskapi.views.check_again", lambda *_: Task.objects.filter(pk=task.pk).delete())
    answer = client.post(path(task, "restart/"))
    assert (answer.status_code, list(answer.json())) == (404, ["detail"])
    assert not Task.objects.exists()


def test_history_is_every_move_oldest_first(client, running, user):
    task = running()
    task.stop(by=user)
    task.kill(by=user)
    events = client.get(path(task, "events/")).json()
    assert list(events[0]) == ["id", "status", "reason", "by", "at", "request_id"]
    assert [(event["status"], event["reason"], event["by"]) for event in events] == [
        ("pending", "", "ada"),
        ("running", "", None),
        ("running", "stopped", "ada"),
        ("killed", "terminating", "ada"),
    ]


@pytest.mark.parametrize(("method", "verb"), [("patch", ""), ("post", "restart/"), ("get", "events/")])
def test_somebody_elses_task_is_a_404(fork, other, method, verb):
    assert getattr(client_of(other), method)(path(fork(), verb)).status_code == 404


def fork_with(client, key, body):
    return client.post(TASKS, body, headers={"Idempotency-Key": key})


def test_the_same_key_forks_once(client):
    first = fork_with(client, "k1", {"name": "a"})
    again = fork_with(client, "k1", {"name": "a"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert (again.json()["id"], again["Location"]) == (first.json()["id"], first["Location"])
    assert Task.objects.count() == 1


def test_the_same_key_for_an_array(client):
    first, again = (fork_with(client, "k1", [{"name": "a"}, {"name": "b"}]) for _ in range(2))
    assert [task["id"] for task in again.json()] == [task["id"] for task in first.json()]
    assert Task.objects.count() == 2


def test_the_same_key_with_another_body_is_a_422(client):
    fork_with(client, "k1", {"name": "a"})
    answer = fork_with(client, "k1", {"name": "b"})
    assert answer.status_code == 422
    assert "k1" in answer.json()["detail"]
    assert Task.objects.count() == 1


def test_another_users_key_is_another_key(client, other):
    fork_with(client, "k1", {"name": "a"})
    assert fork_with(client_of(other), "k1", {"name": "b"}).status_code == 201


def test_a_refused_fork_does_not_use_up_its_key(client):
    assert fork_with(client, "k1", {"name": ""}).status_code == 400
    assert fork_with(client, "k1", {"name": "a"}).status_code == 201


@pytest.mark.parametrize("key", ["", "with space", "ü", "x" * 256])
def test_a_wrong_key_is_refused(client, key):
    answer = fork_with(client, key, {"name": "a"})
    assert answer.status_code == 400
    assert list(answer.json()) == ["Idempotency-Key"]


def test_old_keys_are_forgotten(client):
    fork_with(client, "k1", {"name": "a"})
    ForkKey.objects.prune()
    assert ForkKey.objects.count() == 1
    ForkKey.objects.update(created_at="2020-01-01T00:00:00Z")
    ForkKey.objects.prune()
    assert fork_with(client, "k1", {"name": "b"}).status_code == 201


def test_the_same_key_restarts_once(client, fork):
    task, key = fork(), {"Idempotency-Key": "k1"}
    answers = [client.post(path(task, "restart/"), headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert Task.objects.count() == 2


def test_a_key_does_not_fork_again_when_its_task_is_gone(client):
    fork_with(client, "k1", {"name": "a"})
    Task.objects.all().delete()
    assert fork_with(client, "k1", {"name": "a"}).status_code == 422
    assert Task.objects.count() == 0


def test_what_has_not_changed_is_not_sent_again(client, running):
    task = running()
    tag = client.get(path(task))["ETag"]
    for given in (tag, f'"other", W/{tag}', "*"):
        answer = client.get(path(task), headers={"If-None-Match": given})
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag)


def test_what_has_changed_is_sent(client, running, worker):
    task, tags = running(), set()
    for change in (lambda: None, task.stop, task.kill, lambda: Task.objects.settle(worker)):
        change()
        answer = client.get(path(task), headers={"If-None-Match": ", ".join(tags)})
        assert answer.status_code == 200
        tags.add(answer["ETag"])
    assert len(tags) == 4
