"""Each end of a task with a `notify_url` stores one delivery, whoever brings it about."""

import pytest

from taskapi.exceptions import TooManyActive
from taskapi.models import Move, Reason, Status, Task, TaskEvent, failure
from taskapi.models.notices import ERROR_TOLD

URL = "https://example.com/hook"


@pytest.fixture
def told(running):
    """told() is a running task whose end is to be told."""
    return lambda **fields: running(notify_url=URL, **fields)


def told_of(task):
    """The delivery of a task; there must be exactly one."""
    return Task.objects.get(notifies=task)


def test_a_completed_task_is_told_with_what_became_of_it(told, worker, user):
    task = told(name="a task")
    Task.objects.record(worker, [Move.completion(task, {"large": "result"})])
    task.refresh_from_db()
    delivery = told_of(task)
    assert (delivery.owner, delivery.program, delivery.name) == (user, "notify", f"Notify of task {task.pk}")
    assert delivery.arguments["url"] == URL
    event = delivery.arguments["event"]
    assert (event["type"], event["timestamp"]) == ("task.completed", event["data"]["ended_at"])
    assert event["timestamp"] == task.ended_at.isoformat().replace("+00:00", "Z")
    names = "id name program status reason exit_code error attempt restarted_from created_at started_at ended_at"
    assert set(event["data"]) == set(names.split())


def test_a_failure_is_told_with_the_beginning_of_its_error(told, worker):
    task = told()
    Task.objects.record(worker, [failure(task, Reason.ERROR, "x" * 2_000)])
    event = told_of(task).arguments["event"]
    assert (event["type"], event["data"]["reason"]) == ("task.failed", "error")
    assert event["data"]["error"] == "x" * ERROR_TOLD


def test_an_attempt_that_is_not_the_last_is_not_told(told, worker):
    task = told(max_attempts=2)
    Task.objects.record(worker, [failure(task, Reason.ERROR, "no")])
    assert not task.deliveries.exists()


@pytest.mark.parametrize("status", [Status.PENDING, Status.RUNNING])
def test_a_kill_is_told(told, fork, status):
    task = told() if status == Status.RUNNING else fork(notify_url=URL)
    task.kill()
    event = told_of(task).arguments["event"]
    assert (event["type"], event["data"]["started_at"] is None) == ("task.killed", status == Status.PENDING)


def test_a_killall_tells_each(told, fork, user):
    tasks = [told(), fork(notify_url=URL), fork()]
    user.tasks.kill(by=user)
    assert [task.deliveries.count() for task in tasks] == [1, 1, 0]


def test_a_lost_task_is_told(told, worker):
    task = told()
    worker.retire()
    Task.objects.recover(worker)
    assert told_of(task).arguments["event"]["data"]["reason"] == "lost"


def test_who_loses_tells_nothing(told, worker):
    task = told()
    task.kill()
    Task.objects.record(worker, [Move.completion(task)])
    worker.retire()
    Task.objects.recover(worker)
    assert told_of(task).arguments["event"]["type"] == "task.killed"


def test_a_delivery_is_told_to_nobody(told, worker):
    task = told()
    task.kill()
    delivery = told_of(task)
    delivery.kill()
    assert Task.objects.count() == 2


def test_a_delivery_is_due_and_waits_for_the_engine_to_line_it_up(told):
    task = told()
    task.kill()
    delivery = told_of(task)
    assert (delivery.status, delivery.reason, delivery.turn) == (Status.PENDING, Reason.SCHEDULED, None)
    assert TaskEvent.objects.get(task=delivery).by is None
    assert Task.objects.line_up_due() == 1


def test_each_delivery_has_an_id_of_its_own(told):
    tasks = [told(), told()]
    Task.objects.kill()
    assert len({told_of(task).arguments["message"] for task in tasks}) == 2


def test_an_end_is_never_refused_for_the_limit_of_active_tasks(told, fork, settings):
    task = told()
    settings.TASK_USER_ACTIVE = 1
    task.kill()
    assert told_of(task).status == Status.PENDING
    with pytest.raises(TooManyActive):
        fork()


def test_where_webhooks_are_off_nothing_is_told(told, settings):
    settings.WEBHOOKS = False
    task = told()
    task.kill()
    assert not task.deliveries.exists()


def test_a_delivery_survives_its_task(told):
    task = told()
    task.kill()
    delivery = told_of(task)
    task.delete()
    delivery.refresh_from_db()
    assert (delivery.notifies, delivery.arguments["event"]["data"]["name"]) == (None, "a task")
