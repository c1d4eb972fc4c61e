"""Signals to tasks. No engine runs here, so that a task stays as it was put."""

import pytest

from taskapi.models import Move, Reason, Status, Task
from tests.api.test_tasks import FIELDS
from tests.conftest import client_of, status_of


def url(task):
    return f"/taskapi/tasks/{task.pk}/signal/"


@pytest.fixture
def send(client):
    """send(task, name) sends this signal; the answer."""
    return lambda task, name: client.post(url(task), {"signal": name})


def test_stop_and_cont(send, running, user):
    task = running()
    answer = send(task, "STOP")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["reason"]) == ("running", "stopped")
    answer = send(task, "CONT").json()
    assert (answer["status"], answer["reason"]) == ("running", "")
    assert [(event.reason, event.by) for event in task.events.all()][-2:] == [("stopped", user), ("", user)]


@pytest.mark.parametrize("name", ["TERM", "KILL", "INT"])
def test_term_kill_and_int_end_it(send, running, user, name):
    task = running()
    answer = send(task, name).json()
    assert (answer["status"], answer["status_label"], answer["reason"]) == ("killed", "Killed", "terminating")
    assert Task.objects.get(pk=task.pk).signal == name
    assert task.events.last().by == user


@pytest.mark.parametrize("name", ["TERM", "KILL", "INT"])
def test_a_pending_task_can_be_ended(send, fork, name):
    answer = send(fork(), name).json()
    assert (answer["status"], answer["reason"]) == ("killed", "")


def test_the_whole_task_is_answered(send, running):
    task = running()
    answer = send(task, "STOP").json()
    assert list(answer) == FIELDS
    assert (answer["id"], answer["worker"]) == (task.pk, task.worker.name)


@pytest.mark.parametrize("name", ["SIGSTOP", "stop", "sigstop", "SigStop", " STOP "])
def test_a_name_in_any_case_with_or_without_sig(send, running, name):
    assert send(running(), name).json()["reason"] == "stopped"


@pytest.mark.parametrize("name", ["HUP", "SIGSIGSTOP", "SIG", "19", "", None, 19, True, ["STOP"], {}])
def test_an_unknown_signal_is_a_400(send, running, name):
    task = running()
    answer = send(task, name)
    assert (answer.status_code, list(answer.json())) == (400, ["signal"])
    assert (status_of(task), Task.objects.get(pk=task.pk).reason) == (Status.RUNNING, "")


def test_an_unknown_signal_is_told_the_known_ones(send, running):
    assert send(running(), "HUP").json() == {"signal": ["Unknown signal. Known are: TERM, KILL, INT, STOP, CONT."]}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"signal": ["This field is required."]}),
        ({"signal": "STOP", "colour": "red"}, {"colour": ["Unknown field. Known are: signal."]}),
    ],
)
def test_a_missing_signal_and_an_unknown_field(client, running, body, errors):
    task = running()
    answer = client.post(url(task), body)
    assert (answer.status_code, answer.json()) == (400, errors)
    assert Task.objects.get(pk=task.pk).reason == Reason.NONE


@pytest.mark.parametrize("name", ["STOP", "CONT"])
def test_only_what_runs_can_be_stopped_and_continued(send, fork, name):
    task = fork()
    answer = send(task, name)
    text = f"Task {task.pk} is pending; only a running task can be stopped or continued"
    assert (answer.status_code, answer.json()) == (409, {"detail": text})


@pytest.mark.parametrize("name", ["STOP", "CONT", "TERM", "KILL", "INT"])
def test_what_has_ended_is_a_409(send, running, worker, name):
    task = running()
    Task.objects.record(worker, [Move.completion(task)])
    answer = send(task, name)
    assert (answer.status_code, answer.json()) == (409, {"detail": f"Task {task.pk} is already completed"})
    assert status_of(task) == Status.COMPLETED


@pytest.mark.parametrize("name", ["STOP", "CONT"])
def test_repeating_it_changes_nothing(send, running, name):
    task = running()
    send(task, "STOP")
    events = task.events.count()
    first, second = (send(task, name).json()["reason"] for _ in range(2))
    assert first == second == ("stopped" if name == "STOP" else "")
    assert task.events.count() == events + (name == "CONT")


def test_a_task_of_somebody_else_is_a_404(running, other):
    task = running()
    answer = client_of(other).post(url(task), {"signal": "KILL"})
    assert (answer.status_code, answer.json()) == (404, {"detail": f"You have no task {task.pk}."})
    assert status_of(task) == Status.RUNNING


def test_without_a_token(anonymous, running):
    assert anonymous.post(url(running()), {"signal": "KILL"}).status_code == 401


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_another_method_is_a_405(client, running, method):
    answer = getattr(client, method)(url(running()))
    assert (answer.status_code, answer["Allow"]) == (405, "POST, OPTIONS")
