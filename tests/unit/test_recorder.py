"""The recorder: groups, patience with a database that is away, and a row that the database refuses."""

import threading
import time

import pytest
from django.db import DataError, OperationalError, connection, transaction

from taskapi.models import Move, Reason, Status, Task
from taskapi.recorder import UNSTORABLE, Recorder
from tests.conftest import status_of, wait_for


@pytest.fixture
def recorder(transactional_db, worker):
    recorder = Recorder()
    recorder.worker = worker
    yield recorder
    recorder.close(timeout=5)


@pytest.fixture
def claimed(transactional_db, user, worker):
    def claimed(count):
        Task.objects.fork(user, [{"name": "a"}] * count)
        return Task.objects.claim(worker, count)

    return claimed


def break_database(monkeypatch, error, when):
    """Makes Task.objects.record raise this error while when(moves) is true; returns the sizes of the groups tried."""
    record, tried = Task.objects.record, []

    def broken(worker, moves):
        tried.append(len(moves))
        if when(moves):
            raise error
        return record(worker, moves)

    monkeypatch.setattr(Task.objects, "record", broken)
    return tried


def test_moves_are_written_in_groups_and_then_reported(recorder, claimed, django_assert_max_num_queries):
    tasks, done = claimed(100), []
    for task in tasks:
        recorder.record(task, Move.completion(task), done.append)
    wait_for(lambda: len(done) == 100)
    assert done == tasks
    assert Task.objects.filter(status=Status.COMPLETED).count() == 100


def test_close_writes_what_is_left(recorder, claimed):
    tasks = claimed(1_200)
    for task in tasks:
        recorder.record(task, Move.completion(task), lambda claim: None)
    assert recorder.close(timeout=30)
    assert Task.objects.filter(status=Status.COMPLETED).count() == 1_200


def test_a_database_that_is_away_delays_moves_and_loses_none(recorder, claimed, monkeypatch):
    away, done = threading.Event(), []
    away.set()
    tried = break_database(monkeypatch, OperationalError("gone"), lambda moves: away.is_set())
    tasks = claimed(20)
    for task in tasks:
        recorder.record(task, Move.completion(task), done.append)
    wait_for(lambda: len(tried) > 2)
    assert done == []
    away.clear()
    wait_for(lambda: len(done) == 20)
    assert Task.objects.filter(status=Status.COMPLETED).count() == 20


def test_close_gives_up_on_a_database_that_stays_away(recorder, claimed, monkeypatch):
    break_database(monkeypatch, OperationalError("gone"), lambda moves: True)
    [task] = claimed(1)
    recorder.record(task, Move.completion(task), lambda claim: None)
    assert not recorder.close(timeout=0.5)
    assert status_of(task) == Status.RUNNING


@pytest.mark.parametrize("error", [DataError("bad"), TypeError("bad")])
def test_a_row_that_the_database_refuses_fails_alone(recorder, claimed, monkeypatch, error):
    def poisoned(moves):
        return any(move.fields.get("result") == "poison" for move in moves)

    break_database(monkeypatch, error, poisoned)
    done = []
    good, bad, also_good = claimed(3)
    for task, result in ((good, 1), (bad, "poison"), (also_good, 2)):
        recorder.record(task, Move.completion(task, result), done.append)
    wait_for(lambda: len(done) == 3)
    assert [status_of(task) for task in (good, bad, also_good)] == ["completed", "failed", "completed"]
    bad = Task.objects.get(pk=bad.pk)
    assert (bad.reason, bad.error) == (Reason.ERROR, UNSTORABLE["error"])


def test_the_settling_of_a_killed_task_is_written(recorder, claimed):
    [claim] = claimed(1)
    task = Task.objects.get(pk=claim.pk)
    task.kill()
    done = []
    recorder.record(claim, None, done.append)
    wait_for(lambda: done)
    task.refresh_from_db()
    assert task.reason == ""


def test_a_program_that_completed_as_it_was_killed_settles_its_task(recorder, claimed):
    [claim] = claimed(1)
    task = Task.objects.get(pk=claim.pk)
    task.kill()
    done = []
    recorder.record(claim, Move.completion(claim), done.append)
    wait_for(lambda: done)
    task.refresh_from_db()
    assert (task.status, task.reason) == (Status.KILLED, "")


def test_a_lock_is_waited_for(recorder, claimed):
    [task] = claimed(1)
    done = []
    with transaction.atomic():
        Task.objects.select_for_update().get(pk=task.pk)
        recorder.record(task, Move.completion(task), done.append)
        time.sleep(0.2)
        assert not done
    wait_for(lambda: done)
    assert status_of(task) == Status.COMPLETED


@pytest.mark.skipif(connection.vendor != "postgresql", reason="it is PostgreSQL that has an error of its own for this")
def test_a_suspension_in_a_transaction_loses_no_end(recorder, claimed, monkeypatch):
    record, tried = Task.objects.record, []

    def record_slowly(worker, moves):
        tried.append(1)
        with transaction.atomic():
            if len(tried) == 1:
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
                time.sleep(0.5)
            return record(worker, moves)

    monkeypatch.setattr(Task.objects, "record", record_slowly)
    [task] = claimed(1)
    recorder.record(task, Move.completion(task), lambda claim: None)
    wait_for(lambda: status_of(task) == Status.COMPLETED)
    assert len(tried) == 2
