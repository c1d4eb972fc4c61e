"""The verbs of the model: what each does, and when it refuses."""

import pytest

from taskapi.exceptions import NotRunning, TaskEnded
from taskapi.models import Claim, Move, Reason, Signal, Status, Task, Worker, failure, postponed
from taskapi.models.queryset import TaskQuerySet
from tests.conftest import final_events


def test_fork_stores_a_pending_task_with_its_event(user, fork):
    task = fork(name="first", description="of many")
    assert (task.status, task.reason, task.attempt) == (Status.PENDING, "", 0)
    event = task.events.get()
    assert (event.status, event.by) == (Status.PENDING, user)


def test_claim_makes_it_running_and_names_the_worker(fork, worker):
    task = fork()
    [claim] = Task.objects.claim(worker, 5)
    assert claim == Claim(task.pk, "a task", "sleep", {"seconds": 0.01}, None, attempt=1, max_attempts=1)
    task.refresh_from_db()
    assert (task.status, task.worker, task.attempt) == (Status.RUNNING, worker, 1)
    assert task.started_at >= task.created_at


def test_a_task_is_claimed_once(fork, worker):
    fork()
    assert len(Task.objects.claim(worker, 5)) == 1
    assert Task.objects.claim(worker, 5) == []


def test_no_more_is_claimed_than_there_are_slots(fork, worker):
    tasks = [fork() for _ in range(3)]
    assert [claim.pk for claim in Task.objects.claim(worker, 2)] == [task.pk for task in tasks[:2]]
    assert Task.objects.claim(worker, 0) == []


def test_completion_sets_completed_at_and_the_result(running, worker):
    task = running()
    assert Task.objects.record(worker, [Move.completion(task, {"answer": 42})]) == {task.pk}
    task.refresh_from_db()
    assert (task.status, task.result) == (Status.COMPLETED, {"answer": 42})
    assert task.completed_at == task.ended_at >= task.started_at


def test_failure_keeps_the_error(running, worker):
    task = running()
    Task.objects.record(worker, [failure(task, Reason.ERROR, "ValueError: no")])
    task.refresh_from_db()
    assert (task.status, task.reason, task.error) == (Status.FAILED, Reason.ERROR, "ValueError: no")
    assert task.completed_at is None


def test_failure_with_attempts_left_waits_and_runs_again(running, worker):
    task = running(max_attempts=2)
    Task.objects.record(worker, [failure(task, Reason.ERROR, "no")])
    task.refresh_from_db()
    assert (task.status, task.reason, task.worker) == (Status.PENDING, Reason.RETRY, None)
    assert task.run_at > task.updated_at
    assert Task.objects.claim(worker, 1) == []
    Task.objects.filter(pk=task.pk).update(run_at=task.created_at)
    assert Task.objects.line_up_due() == 1
    [again] = Task.objects.claim(worker, 1)
    assert again.attempt == 2


def test_many_different_ends_in_one_group(fork, worker):
    for _ in range(4):
        fork()
    a, b, c, d = Task.objects.claim(worker, 4)
    moves = [
        Move.completion(a, 1),
        failure(b, Reason.ERROR, "x"),
        Move.completion(c),
        failure(d, Reason.TIMEOUT, "y"),
    ]
    assert Task.objects.record(worker, moves) == {a.pk, b.pk, c.pk, d.pk}
    ends = [(task.status, task.result, task.error) for task in Task.objects.order_by("id")]
    assert ends == [("completed", 1, ""), ("failed", None, "x"), ("completed", None, ""), ("failed", None, "y")]


def test_kill_of_a_pending_task(user, fork, worker):
    task = fork()
    task.kill(by=user)
    assert (task.status, task.reason) == (Status.KILLED, "")
    assert task.events.last().by == user
    assert Task.objects.claim(worker, 1) == []


def test_kill_of_a_running_task_waits_for_its_program(user, running, worker):
    task = running()
    task.kill(by=user)
    assert (task.status, task.reason) == (Status.KILLED, Reason.TERMINATING)
    assert Task.objects.settle(worker, [task]) == 1
    task.refresh_from_db()
    assert (task.status, task.reason) == (Status.KILLED, "")


def test_a_second_kill_is_refused(fork):
    task = fork()
    task.kill()
    with pytest.raises(TaskEnded, match=f"Task {task.pk} is already killed"):
        task.kill()
    assert final_events(task) == 1


def test_the_result_of_a_killed_task_is_dropped(running, worker):
    task = running()
    task.kill()
    assert Task.objects.record(worker, [Move.completion(task, "late")]) == set()
    task.refresh_from_db()
    assert (task.status, task.result) == (Status.KILLED, None)


def test_the_result_of_another_worker_is_refused(running):
    task = running()
    stranger = Worker.objects.enlist("test", 1)
    assert Task.objects.record(stranger, [Move.completion(task)]) == set()
    task.refresh_from_db()
    assert task.status == Status.RUNNING


def test_the_result_of_an_earlier_attempt_is_refused(running, worker):
    task = running(max_attempts=2)
    late = Move.completion(task)
    Task.objects.recover(worker)
    Task.objects.line_up_due()
    Task.objects.claim(worker, 1)
    assert Task.objects.record(worker, [late]) == set()


def test_recovery_of_a_dead_workers_task_says_lost(running, worker):
    task = running()
    assert Task.objects.recover(worker) == 1
    task.refresh_from_db()
    assert (task.status, task.reason, task.error) == (Status.FAILED, Reason.LOST, "The worker that ran it died.")


def test_recovery_with_attempts_left_queues_it_again_at_once(running, worker):
    task = running(max_attempts=3)
    Task.objects.recover(worker)
    task.refresh_from_db()
    assert (task.status, task.reason) == (Status.PENDING, Reason.RETRY)
    assert Task.objects.line_up_due() == 1
    assert [again.attempt for again in Task.objects.claim(worker, 1)] == [2]


def test_recovery_settles_what_the_dead_worker_was_stopping(running, worker):
    task = running()
    task.kill()
    Task.objects.recover(worker)
    task.refresh_from_db()
    assert (task.status, task.reason) == (Status.KILLED, "")


def test_stop_and_go_on_leave_events(running, user):
    task = running()
    task.stop(by=user)
    assert (task.status, task.reason) == (Status.RUNNING, Reason.STOPPED)
    task.go_on(by=user)
    assert (task.status, task.reason) == (Status.RUNNING, "")
    assert [(event.reason, event.by) for event in task.events.all()][2:] == [("stopped", user), ("", user)]


def test_stopping_what_is_stopped_changes_nothing(running):
    task = running()
    task.stop()
    task.stop()
    assert task.events.count() == 3


def test_a_stopped_task_can_end_in_every_way(running, worker):
    for end in (Move.completion, lambda task: failure(task, Reason.ERROR, "no")):
        task = running()
        task.stop()
        assert Task.objects.record(worker, [end(task)]) == {task.pk}
    task = running()
    task.stop()
    task.kill()
    assert (task.status, task.reason) == (Status.KILLED, Reason.TERMINATING)


def test_a_waiting_task_cannot_be_stopped(fork):
    with pytest.raises(NotRunning):
        fork().stop()


def test_an_ended_task_can_neither_be_stopped_nor_continued(running):
    task = running()
    task.kill()
    for verb in (task.stop, task.go_on):
        with pytest.raises(TaskEnded):
            verb()


def test_settling_keeps_the_exit_code(running, worker):
    tasks = [running() for _ in range(3)]
    claims = Task.objects.filter(pk__in=[task.pk for task in tasks]).order_by("pk").as_claims()
    for claim, code in zip(claims, (143, None, 137), strict=True):
        claim.exit_code = code
    Task.objects.all().kill()
    assert Task.objects.settle(worker, claims) == 3
    assert list(Task.objects.order_by("pk").values_list("exit_code", "reason")) == [(143, ""), (None, ""), (137, "")]


def test_a_kill_keeps_its_signal_for_the_worker(running):
    task = running()
    task.kill(signal=Signal.KILL)
    assert Task.objects.get(pk=task.pk).signal == "KILL"


def test_an_attempt_that_was_none_does_not_count(running, worker):
    task = running()
    Task.objects.record(worker, [postponed(task)])
    Task.objects.update(run_at=task.created_at)
    Task.objects.line_up_due()
    [claim] = Task.objects.claim(worker, 1)
    assert (claim.attempt, claim.max_attempts) == (2, 2)
    Task.objects.record(worker, [failure(claim, Reason.ERROR, "no")])
    task.refresh_from_db()
    assert (task.status, task.max_attempts) == (Status.FAILED, 1)


def test_killing_what_waits_leaves_alone_what_has_just_started(fork, worker, monkeypatch):
    task, lock = fork(), TaskQuerySet._lock

    def claim_first(tasks, ids, *columns):
        monkeypatch.setattr(TaskQuerySet, "_lock", lock)
        Task.objects.claim(worker, 1)
        return tasks._lock(ids, *columns)

    monkeypatch.setattr(TaskQuerySet, "_lock", claim_first)
    assert Task.objects.filter(status=Status.PENDING).kill(strictly=True) == []
    assert Task.objects.get(pk=task.pk).status == Status.RUNNING


def test_many_are_killed_in_batches(user, monkeypatch):
    monkeypatch.setattr("taskapi.models.queryset.KILL_BATCH", 2)
    Task.objects.fork(user, [{"name": "a"}] * 5)
    assert len(Task.objects.all().kill()) == 5
