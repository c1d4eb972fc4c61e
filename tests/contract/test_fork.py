"""The contract, "Tasks": fork and its Idempotency-Key."""

import pytest

from taskapi.answers import WHOLE
from tests.contract.conftest import TASKS

# fork


def test_fork_201_location_and_the_whole_task_pending(ada):
    answer = ada.post(TASKS, {"name": "first", "description": "of many"})
    assert (answer.status, list(answer.json), answer.json["status"]) == (201, WHOLE, "pending")
    assert answer.headers["Location"] == ada.server.url + f"{TASKS}{answer.json['id']}/"
    assert (answer.json["name"], answer.json["description"]) == ("first", "of many")


def test_fork_is_enough_the_task_starts_by_itself(ada):
    assert ada.ended()["status"] == "completed"


def test_fork_takes_the_optional_fields(ada):
    fields = {"program": "talk", "arguments": {"text": "hi"}, "nice": 5, "timeout": 9, "max_attempts": 2}
    task = ada.later(**fields)
    assert {name: task[name] for name in fields} == fields | {"arguments": {"text": "hi", "times": 1, "pause": 0.0}}


def test_fork_starts_at_run_at(ada):
    task = ada.later()
    assert (task["status"], task["reason"], task["run_at"]) == ("pending", "scheduled", "2100-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("description", 7),
        ("program", "nonsense"),
        ("arguments", []),
        ("arguments", {"seconds": -1}),
        ("arguments", {"colour": "red"}),
        ("nice", 20),
        ("nice", -21),
        ("run_at", "tomorrow"),
        ("timeout", 0),
        ("max_attempts", 0),
        ("colour", "red"),
    ],
)
def test_fork_400_names_the_field(ada, field, value):
    answer = ada.post(TASKS, {"name": "a", field: value})
    assert (answer.status, list(answer.json)) == (400, [field])


def test_fork_of_an_array_201_all(newcomer):
    answer = newcomer.post(TASKS, [{"name": name, "arguments": {"seconds": 0}} for name in "abc"])
    assert (answer.status, [task["name"] for task in answer.json]) == (201, ["a", "b", "c"])


def test_fork_of_an_array_400_none(newcomer):
    answer = newcomer.post(TASKS, [{"name": "a"}, {"name": ""}])
    assert (answer.status, list(answer.json)) == (400, ["1"])
    assert newcomer.get(TASKS).json == []


def test_fork_403_of_a_program_that_needs_a_permission(ada):
    answer = ada.post(TASKS, {"name": "a", "program": "fetch", "arguments": {"url": "http://example.com"}})
    assert (answer.status, "taskapi.run_fetch" in answer.json["detail"]) == (403, True)


# Idempotency-Key


def test_idempotency_key_201_and_then_200_and_the_first_task(newcomer):
    body = {"name": "once", "run_at": "2100-01-01T00:00:00Z"}
    first, again = (newcomer.post(TASKS, body, Idempotency_Key="k1") for _ in range(2))
    assert (first.status, again.status, again.json) == (201, 200, first.json)
    assert again.headers["Location"] == first.headers["Location"]
    assert len(newcomer.get(TASKS).json) == 1


def test_idempotency_key_422_for_another_body(newcomer):
    newcomer.post(TASKS, {"name": "once"}, Idempotency_Key="k1")
    answer = newcomer.post(TASKS, {"name": "twice"}, Idempotency_Key="k1")
    assert (answer.status, "k1" in answer.json["detail"]) == (422, True)
    assert len(newcomer.get(TASKS).json) == 1


def test_idempotency_key_of_an_array(newcomer):
    body = [{"name": "a", "run_at": "2100-01-01T00:00:00Z"}] * 2
    first, again = (newcomer.post(TASKS, body, Idempotency_Key="k1") for _ in range(2))
    assert (first.status, again.status, again.json) == (201, 200, first.json)


def test_idempotency_key_of_another_user_is_another_key(ada, newcomer):
    answers = [user.post(TASKS, {"name": "mine"}, Idempotency_Key="shared") for user in (ada, newcomer)]
    assert [answer.status for answer in answers] == [201, 201]


def test_idempotency_key_of_a_fork_that_was_refused_is_free(newcomer):
    assert newcomer.post(TASKS, {"name": ""}, Idempotency_Key="k1").status == 400
    assert newcomer.post(TASKS, {"name": "a"}, Idempotency_Key="k1").status == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\xe9"])
def test_idempotency_key_400_for_no_good_one(ada, key):
    answer = ada.post(TASKS, {"name": "a"}, Idempotency_Key=key)
    assert (answer.status, list(answer.json)) == (400, ["Idempotency-Key"])
