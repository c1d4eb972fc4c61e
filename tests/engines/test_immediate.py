"""The engine for tests of one's own programs: when the fork returns, the task has ended."""

from datetime import timedelta

import pytest
from django.utils import timezone

from taskapi.engines.immediate import ImmediateEngine
from taskapi.exceptions import NotSupported
from taskapi.models import Reason, Status, Task
from tests.conftest import final_events
from tests.engines.contract import _test_programs  # noqa: F401  a fixture


@pytest.fixture
def run(user):
    def run(program, **fields):
        [task] = ImmediateEngine().fork(user, [{"name": program, "program": program, **fields}])
        return task

    return run


def test_a_task_has_completed_when_the_fork_returns(run):
    task = run("answer", arguments={"value": 7})
    assert (task.status, task.result["value"]) == (Status.COMPLETED, 7)
    assert [event.status for event in task.events.all()] == ["pending", "running", "completed"]


def test_a_program_works_in_the_transaction_of_the_test(run):
    assert run("counts_tasks").result == 1


def test_an_exception_is_a_failure(run):
    task = run("crash")
    assert (task.status, task.reason) == (Status.FAILED, Reason.ERROR)


def test_a_failed_task_is_tried_again_at_once(run):
    task = run("flaky", max_attempts=3)
    assert (task.status, task.attempt) == (Status.COMPLETED, 3)
    assert final_events(task) == 1


def test_a_timeout_holds(run):
    task = run("sleep", arguments={"seconds": 60}, timeout=0.05)
    assert (task.status, task.reason) == (Status.FAILED, Reason.TIMEOUT)


def test_a_task_for_later_is_refused_and_not_stored(run):
    with pytest.raises(NotSupported, match="run_at"):
        run("sleep", run_at=timezone.now() + timedelta(hours=1))
    assert Task.objects.count() == 0
