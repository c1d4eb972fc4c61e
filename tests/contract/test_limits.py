"""The contract, "Limits": each is a setting, and the error names it with its value."""

from contextlib import ExitStack

import pytest

from tests.conftest import wait_for
from tests.contract.conftest import TASKS

ENVIRONMENT = {"TASK_USER_ACTIVE": 3, "TASK_OUTPUT_LIMIT": 100, "STREAM_LIMIT": 2}


@pytest.fixture
def full(newcomer):
    """A user who has as many active tasks as are allowed."""
    for _ in range(3):
        newcomer.later()
    return newcomer


@pytest.fixture
def watched(ada):
    """A task, while as many clients watch as may."""
    task = f"{TASKS}{ada.running()['id']}/"
    with ExitStack() as streams:
        for path in ("/taskapi/events/", f"{task}output/?follow=1"):
            # Those of the test before are noticed to have gone within a second.
            wait_for(lambda path=path: streams.enter_context(ada.open(path)).status == 200)
        yield task
    ada.delete(task)


def test_active_tasks_429_and_retry_after(full):
    answer = full.post(TASKS, {"name": "one more"})
    assert (answer.status, answer.headers["Retry-After"].isdigit()) == (429, True)
    assert "limit is 3" in answer.json["detail"]


def test_active_tasks_429_for_an_array_that_would_be_too_many(newcomer):
    assert newcomer.post(TASKS, [{"name": "a"}] * 4).status == 429
    assert newcomer.get(TASKS).json == []


def test_active_tasks_429_for_a_restart(full):
    assert full.post(f"{TASKS}{full.get(TASKS).json[0]['id']}/restart/").status == 429


def test_active_tasks_make_room_when_they_end(full):
    full.delete(f"{TASKS}{full.get(TASKS).json[0]['id']}/")
    assert full.post(TASKS, {"name": "one more"}).status == 201


def test_array_400_above_10000_tasks(ada):
    answer = ada.post(TASKS, [{"name": "a"}] * 10_001)
    assert (answer.status, "10,000" in answer.json["detail"]) == (400, True)


def test_body_413_above_10_mib(ada):
    answer = ada.post(TASKS, b" " * (10 * 2**20 + 1))
    assert (answer.status, "10,485,760 bytes" in answer.json["detail"]) == (413, True)


def test_output_is_cut_and_the_task_goes_on(ada):
    task = ada.ended(program="talk", arguments={"text": "x" * 60, "times": 3, "pause": 0.1})
    output = ada.get(f"{TASKS}{task['id']}/output/").body.decode()
    assert (task["status"], output.count("x")) == ("completed", 100)
    assert "100 bytes" in output


def test_arguments_400_above_64_kib(ada):
    answer = ada.post(TASKS, {"name": "a", "program": "talk", "arguments": {"text": "x" * 64 * 2**10}})
    assert (answer.status, list(answer.json)) == (400, ["arguments"])
    assert "65,536 bytes" in answer.json["arguments"][0]


def test_result_fails_the_task_above_1_mib(ada):
    task = ada.ended(program="answer", arguments={"size": 2**20})
    assert (task["status"], task["result"], "1,048,576 bytes" in task["error"]) == ("failed", None, True)


@pytest.mark.parametrize(("field", "limit"), [("name", 255), ("description", 10_000)])
def test_text_400_above_its_limit(ada, field, limit):
    fields = {"name": "a", "arguments": {"seconds": 0}}
    assert ada.post(TASKS, fields | {field: "ß" * limit}).status == 201
    answer = ada.post(TASKS, fields | {field: "ß" * (limit + 1)})
    assert (answer.status, list(answer.json)) == (400, [field])
    assert str(limit) in answer.json[field][0].replace(",", "")


@pytest.mark.parametrize("path", ["{task}?wait=5", "{task}output/?follow=1", "/taskapi/events/"])
def test_streams_503_and_retry_after(ada, watched, path):
    answer = ada.get(path.format(task=watched))
    assert (answer.status, answer.headers["Retry-After"].isdigit()) == (503, True)
    assert answer.json["detail"].startswith("2 clients")


def test_streams_leave_room_for_everything_else(ada, watched):
    assert (ada.get(TASKS).status, ada.get(f"{watched}output/").status, ada.delete(watched).status) == (200, 200, 200)
