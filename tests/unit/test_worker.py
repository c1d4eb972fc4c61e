"""Leases: who holds one, who has lost it, and what a worker without one cannot do."""

from datetime import timedelta

from django.db.models.functions import Now

from taskapi.models import Move, Status, Task, Worker

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
