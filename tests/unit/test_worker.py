"""Leases: who holds one, who has lost it, and what a worker without one cannot do."""

import os
from datetime import timedelta

from django.db import connection
from django.db.models.functions import Now

import taskmanager
from taskapi.models import Move, Reason, Status, Task, Worker

LEASE = timedelta(seconds=10)


def silence(worker):
    Worker.objects.filter(pk=worker.pk).update(heartbeat_at=Now() - 2 * LEASE)


def test_a_beating_worker_cannot_be_given_up(worker):
    assert worker.beat()
    assert list(Worker.objects.silent(LEASE)) == []
    assert not worker.give_up(LEASE)


def test_a_silent_worker_is_given_up_once(worker):
    silence(worker)
    assert list(Worker.objects.silent(LEASE)) == [worker]
    assert worker.give_up(LEASE)
    assert not worker.give_up(LEASE)
    assert Worker.objects.get().lost


def test_a_worker_that_comes_back_learns_that_its_lease_was_taken(worker):
    silence(worker)
    worker.give_up(LEASE)
    assert not worker.beat()


def test_a_worker_without_a_lease_claims_nothing(worker, fork):
    task = fork()
    silence(worker)
    assert worker.give_up(LEASE)
    assert Task.objects.claim(worker, 1) == []
    task.refresh_from_db()
    assert task.status == Status.PENDING


def test_a_retired_worker_is_not_lost(worker):
    assert worker.retire()
    assert not worker.beat()
    assert not Worker.objects.get().lost


def test_only_dead_workers_with_open_tasks_have_leftovers(worker, running):
    task = running()
    assert list(Worker.objects.with_leftovers()) == []
    worker.retire()
    assert list(Worker.objects.with_leftovers()) == [worker]
    Task.objects.record(worker, [Move.completion(task)])
    assert list(Worker.objects.with_leftovers()) == []


def test_a_claim_whose_answer_got_lost_is_adopted(worker, running):
    known, stray = running(), running()
    [adopted] = Task.objects.adopt(worker, {known.pk})
    assert (adopted.pk, adopted.attempt) == (stray.pk, 1)


def test_what_ends_while_strays_are_looked_for_is_not_run_again(worker, running):
    task = running()
    known = {task.pk: "its run"}

    def end_it(execute, *query):
        """After the database has answered, as the recorder and the engine do."""
        answer = execute(*query)
        if known:
            known.clear()
            Task.objects.record(worker, [Move.completion(task)])
        return answer

    with connection.execute_wrapper(end_it):
        assert Task.objects.adopt(worker, known) == []


def test_a_stray_that_was_killed_is_settled(worker, running):
    known, stray = running(), running()
    for task in (known, stray):
        task.kill()
    assert Task.objects.adopt(worker, {known.pk}) == []
    for task, reason in ((known, Reason.TERMINATING), (stray, "")):
        task.refresh_from_db()
        assert (task.status, task.reason) == (Status.KILLED, reason)


def test_a_report_of_an_idle_worker(worker):
    [found] = Worker.objects.report()
    assert (found["id"], found["name"]) == (worker.pk, f"{found['host']}:{os.getpid()}")
    assert (found["engine"], found["version"]) == ("test", taskmanager.__version__)
    assert (found["slots"], found["busy"], found["state"]) == (10, 0, "alive")
    assert found["heartbeat_at"] == found["started_at"]
    assert 0 <= found["heartbeat_age"] < 10


def test_a_report_counts_what_runs_and_nothing_else(worker, running, fork):
    killed, ended = running(), running()
    killed.kill()
    Task.objects.record(worker, [Move.completion(ended)])
    running()
    fork()
    assert [found["busy"] for found in Worker.objects.report()] == [1]


def test_a_worker_whose_heartbeat_is_older_than_its_lease_is_silent_until_it_is_given_up(worker, settings):
    settings.TASK_LEASE = LEASE
    silence(worker)
    [found] = Worker.objects.report()
    assert found["state"] == "silent"
    assert 20 <= found["heartbeat_age"] < 30
    worker.give_up(LEASE)
    assert [found["state"] for found in Worker.objects.report()] == ["lost"]


def test_a_report_forgets_who_was_lost_an_hour_ago_and_who_retired(worker):
    worker.retire()
    lost = Worker.objects.enlist("test", 1)
    silence(lost)
    lost.give_up(LEASE)
    assert [found["id"] for found in Worker.objects.report()] == [lost.pk]
    Worker.objects.update(ended_at=Now() - timedelta(minutes=61))
    assert Worker.objects.report() == []


def test_the_living_come_first_by_name_then_the_lost_the_latest_first(db):
    for name, ago in [("c:1", None), ("a:1", None), ("e:1", 9), ("b:1", 3)]:
        ended = {"lost": True, "ended_at": Now() - timedelta(minutes=ago)} if ago else {}
        Worker.objects.filter(pk=Worker.objects.enlist("test", 1).pk).update(name=name, **ended)
    assert [found["name"] for found in Worker.objects.report()] == ["a:1", "c:1", "b:1", "e:1"]
