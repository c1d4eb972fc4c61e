"""What a fork may say besides name, description, program and arguments; and arrays of forks."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from taskapi.models import Task

TASKS = "/taskapi/tasks/"


def test_everything_that_may_be_said(client):
    due = (timezone.now() + timedelta(hours=1)).isoformat()
    body = {"name": "a", "nice": 5, "run_at": due, "timeout": 1.5, "max_attempts": 3}
    task = client.post(TASKS, body).json()
    assert (task["nice"], task["timeout"], task["max_attempts"]) == (5, 1.5, 3)
    assert datetime.fromisoformat(task["run_at"]) == datetime.fromisoformat(due)
    assert (task["status"], task["reason"]) == ("pending", "scheduled")


def test_a_time_without_a_zone_is_utc(client):
    task = client.post(TASKS, {"name": "a", "run_at": "2099-01-01T00:00:00"}).json()
    assert datetime.fromisoformat(task["run_at"]) == datetime(2099, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nice", 20),
        ("nice", -21),
        ("nice", "5"),
        ("nice", True),
        ("nice", 1.5),
        ("nice", None),
        ("run_at", "tomorrow"),
        ("run_at", 1_700_000_000),
        ("run_at", "2099-13-01T00:00:00Z"),
        ("run_at", "9999-12-31T23:59:59-23:59"),
        ("run_at", "0001-01-01T00:00:00+23:59"),
        ("run_at", ["2099-01-01"]),
        ("timeout", 0),
        ("timeout", -1),
        ("timeout", "1"),
        ("timeout", False),
        ("timeout", 1e300),
        ("max_attempts", 0),
        ("max_attempts", 1_001),
        ("max_attempts", 2.5),
        ("max_attempts", 10**30),
    ],
)
def test_a_wrong_value_is_refused_by_name(client, field, value):
    answer = client.post(TASKS, {"name": "a", field: value})
    assert answer.status_code == 400
    assert list(answer.json()) == [field]
    assert Task.objects.count() == 0


def test_a_nice_value_below_0_needs_a_permission(client, user):
    body = {"name": "a", "nice": -5}
    answer = client.post(TASKS, body)
    assert answer.status_code == 403
    assert "taskapi.negative_nice" in answer.json()["detail"]
    user.user_permissions.add(Permission.objects.get(codename="negative_nice"))
    assert client.post(TASKS, body).json()["nice"] == -5


def test_all_that_is_wrong_is_said_at_once(client):
    answer = client.post(TASKS, {"name": "", "nice": 99, "arguments": {"seconds": -1}, "colour": "red"})
    assert answer.json().keys() == {"name", "nice", "arguments", "colour"}


def test_an_array_forks_many(client):
    answer = client.post(TASKS, [{"name": "a"}, {"name": "b", "arguments": {"seconds": 1}}])
    assert answer.status_code == 201
    assert [(task["name"], task["status"]) for task in answer.json()] == [("a", "pending"), ("b", "pending")]
    assert list(Task.objects.order_by("id").values_list("name", flat=True)) == ["a", "b"]


def test_an_array_forks_all_or_none_and_names_the_wrong_ones(client):
    answer = client.post(TASKS, [{"name": "a"}, {"name": ""}, 7])
    assert answer.status_code == 400
    assert answer.json() == {
        "1": {"name": ["This field may not be blank."]},
        "2": {"non_field_errors": ["Invalid data. Expected a dictionary, but got int."]},
    }
    assert Task.objects.count() == 0


@pytest.mark.parametrize("count", [0, 4])
def test_an_array_too_short_or_too_long(client, settings, count):
    settings.ARRAY_LIMIT = 3
    answer = client.post(TASKS, [{"name": "a"}] * count)
    assert answer.status_code == 400
    assert answer.json() == {"detail": f"Expected 1 to 3 tasks in the array; it has {count}."}
