"""Tasks: fork, ls, ps, kill. No engine runs here, so that a task stays as it was put."""

import re
from datetime import datetime

import pytest

from taskapi.models import Move, Status, Task
from tests.conftest import client_of, final_events, status_of

TASKS = "/taskapi/tasks/"
FIELDS = (
    "id name description status status_label reason program arguments nice progress progress_text result error "
    "exit_code run_at timeout max_attempts attempt restarted_from notify_url notifies worker created_at updated_at "
    "started_at ended_at completed_at"
).split()


def test_fork_answers_the_whole_pending_task_and_where_it_is(client):
    answer = client.post(TASKS, {"name": "Sample Task", "description": "It sleeps"})
    assert answer.status_code == 201
    task = answer.json()
    assert list(task) == FIELDS
    assert (task["name"], task["description"]) == ("Sample Task", "It sleeps")
    assert (task["status"], task["status_label"]) == ("pending", "Pending")
    assert (task["program"], task["arguments"]) == ("sleep", {"seconds": 10})
    assert answer["Location"] == f"http://testserver{TASKS}{task['id']}/"


def test_fork_takes_arguments_for_its_program(client):
    task = client.post(TASKS, {"name": "a", "program": "sleep", "arguments": {"seconds": 2}}).json()
    assert task["arguments"] == {"seconds": 2}


def test_a_description_is_not_needed(client):
    assert client.post(TASKS, {"name": "a"}).json()["description"] == ""


def test_the_owner_is_whose_token_it_was(client, user):
    client.post(TASKS, {"name": "a"})
    assert Task.objects.get().owner == user


def test_what_was_read_can_be_sent_back(client):
    task = client.post(TASKS, {"name": "a"}).json()
    again = client.post(TASKS, task | {"status": "completed", "id": 7})
    assert again.status_code == 201
    assert again.json()["status"] == "pending"
    assert again.json()["id"] != 7


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", None),
        ("name", 7),
        ("name", ["a"]),
        ("name", "x" * 256),
        ("description", None),
        ("description", 1.5),
        ("description", "x" * 10_001),
        ("program", "rm"),
        ("program", 1),
        ("program", []),
        ("program", {}),
        ("program", None),
        ("program", " sleep "),
        ("arguments", "seconds=2"),
        ("arguments", [2]),
        ("arguments", None),
        ("arguments", {"seconds": "long"}),
        ("arguments", {"seconds": -1}),
        ("arguments", {"seconds": 86_401}),
        ("arguments", {"seconds": None}),
        ("arguments", {"seconds": "2"}),
        ("arguments", {"seconds": True}),
        ("arguments", {"hours": 1}),
        ("arguments", {"self": 1}),
        ("arguments", {"seconds": [[]]}),
        ("arguments", {"x": "y" * 70_000}),
        ("owner", 1),
        ("Name", "a"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_fork_refuses_a_wrong_field_by_name(client, field, value):
    answer = client.post(TASKS, {"name": "a"} | {field: value})
    assert answer.status_code == 400
    assert list(answer.json()) == [field]
    assert Task.objects.count() == 0


def test_an_argument_is_refused_under_its_own_name(client):
    answer = client.post(TASKS, {"name": "a", "arguments": {"seconds": -1, "hours": 2}})
    assert answer.json() == {
        "arguments": {
            "seconds": ["Input should be greater than or equal to 0."],
            "hours": ["sleep has no argument of this name."],
        }
    }


def test_fork_without_a_name(client):
    assert client.post(TASKS, {}).json() == {"name": ["This field is required."]}
    assert client.post(TASKS).json() == {"name": ["This field is required."]}


def test_ls_is_a_bare_array_of_exactly_three_fields_newest_first(client, fork):
    first, second = fork(name="first"), fork(name="second")
    answer = client.get(TASKS)
    assert answer.status_code == 200
    assert answer.json() == [
        {"id": second.pk, "name": "second", "status": "pending"},
        {"id": first.pk, "name": "first", "status": "pending"},
    ]
    assert "Link" not in answer


def test_ls_goes_on_by_its_link_header(client, fork):
    tasks = [fork() for _ in range(5)]
    seen, url = [], TASKS + "?limit=2"
    while url:
        answer = client.get(url)
        seen += [task["id"] for task in answer.json()]
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.get("Link", ""))
        url = link and link[1]
    assert seen == [task.pk for task in reversed(tasks)]


def test_ls_has_a_thousand_a_page(client, user):
    Task.objects.fork(user, [{"name": "a"}] * 1_001)
    answer = client.get(TASKS)
    assert len(answer.json()) == 1_000
    assert len(client.get(answer["Link"].split(">")[0][1:]).json()) == 1


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "limit=", "limit=-1", "limit=٣", "cursor=x", "cursor=" + "9" * 30]
)
def test_ls_refuses_a_wrong_parameter_by_name(client, query):
    answer = client.get(f"{TASKS}?{query}")
    assert answer.status_code == 400
    assert list(answer.json()) == [query.split("=")[0]]


def test_ps_shows_one_task(client, running):
    task = running()
    answer = client.get(f"{TASKS}{task.pk}/").json()
    assert list(answer) == FIELDS
    assert (answer["status"], answer["attempt"], answer["worker"]) == ("running", 1, task.worker.name)
    assert answer["started_at"].endswith("Z")
    assert datetime.fromisoformat(answer["started_at"]) >= datetime.fromisoformat(answer["created_at"])


def test_completed_at_is_set_when_it_has_completed(client, running, worker):
    task = running()
    assert client.get(f"{TASKS}{task.pk}/").json()["completed_at"] is None
    Task.objects.record(worker, [Move.completion(task)])
    answer = client.get(f"{TASKS}{task.pk}/").json()
    assert answer["completed_at"] == answer["ended_at"] is not None


@pytest.mark.parametrize("state", ["pending", "running"])
def test_kill(client, fork, running, user, state):
    task = fork() if state == "pending" else running()
    answer = client.delete(f"{TASKS}{task.pk}/")
    assert answer.status_code == 200
    assert answer.json() == {"detail": f"Task {task.pk} killed"}
    assert status_of(task) == Status.KILLED
    assert task.events.last().by == user


def test_kill_of_a_completed_task_is_a_409(client, running, worker):
    task = running()
    Task.objects.record(worker, [Move.completion(task)])
    answer = client.delete(f"{TASKS}{task.pk}/")
    assert answer.status_code == 409
    assert answer.json() == {"detail": f"Task {task.pk} is already completed"}
    assert status_of(task) == Status.COMPLETED


def test_killing_twice_is_a_409(client, fork):
    task = fork()
    client.delete(f"{TASKS}{task.pk}/")
    answer = client.delete(f"{TASKS}{task.pk}/")
    assert answer.status_code == 409
    assert answer.json() == {"detail": f"Task {task.pk} is already killed"}
    assert final_events(task) == 1


def test_everybody_sees_only_their_own(client, other, fork):
    mine = fork()
    stranger = client_of(other)
    assert stranger.get(TASKS).json() == []
    for method in (stranger.get, stranger.delete):
        answer = method(f"{TASKS}{mine.pk}/")
        assert answer.status_code == 404
        assert answer.json() == {"detail": f"You have no task {mine.pk}."}
    assert status_of(mine) == Status.PENDING


@pytest.mark.parametrize("pk", ["0", "1", "abc", "-1", "1.5", "٣", "9" * 19, "9" * 400, "%00", "1%2F2", "'"])
def test_an_id_that_is_none_of_mine_is_a_404(client, pk):
    for method in (client.get, client.delete):
        answer = method(f"{TASKS}{pk}/")
        assert answer.status_code == 404
        assert list(answer.json()) == ["detail"]


@pytest.mark.parametrize(("method", "path"), [("get", ""), ("post", ""), ("get", "1/"), ("delete", "1/")])
def test_without_a_token_nothing_works(anonymous, method, path):
    answer = getattr(anonymous, method)(TASKS + path)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"
