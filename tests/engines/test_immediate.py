"""The engine for tests of one's own programs: when the fork returns, the task has ended."""

from datetime import timedelta

import pytest
from django.utils import timezone

from taskapi.engines.immediate import ImmediateEngine
from taskapi.exceptions import NotSupported
from taskapi.models import Status, Task
from taskapi.programs import launcher
from tests.engines.contract import EngineContract, _test_programs  # noqa: F401  a fixture
from tests.engines.deliveries import allow, receiver  # noqa: F401  fixtures


class TestImmediate(EngineContract):
    engine_class = ImmediateEngine


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


def test_a_command_with_much_output(run):
    task = run("command", arguments={"argv": ["head", "-c", "600000", "/dev/zero"]})
    launcher.close()
    assert task.status == Status.COMPLETED
    assert task.output.end_of(task.pk) > 600_000


def test_what_tells_of_an_end_has_ended_too(run, receiver):  # noqa: F811
    receiver.statuses = [500]
    task = run("answer", notify_url=receiver.url)
    assert receiver.told == [(task.pk, "task.completed")]
    assert task.deliveries.get().attempt == 2


def test_a_task_for_later_is_refused_and_not_stored(run):
    with pytest.raises(NotSupported, match="run_at"):
        run("sleep", run_at=timezone.now() + timedelta(hours=1))
    assert Task.objects.count() == 0
