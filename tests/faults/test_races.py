"""Moves that race: exactly one wins, every time."""

import random
import threading
import time
from operator import attrgetter

import pytest
from django.db import connection

from taskapi.engines.base import Engine
from taskapi.exceptions import TaskEnded
from taskapi.models import FINAL, Move, Reason, Signal, Status, Task, TaskEvent, failure
from taskapi.models.queryset import TaskQuerySet
from taskapi.recorder import Recorder
from tests.conftest import final_events

ROUNDS = 1_000
# A kill asks more of the database than an end does, and without a head start it would never win.
HEAD_STARTS = (0, 0, 0.001, 0.002, 0.004, 0.008)


def race(rounds, *moves):
    """Calls each of the moves with the round's number, all at the same moment, in threads of their own."""
    barrier = threading.Barrier(len(moves))
    trouble = []

    def run(move):
        try:
            for number in range(rounds):
                barrier.wait(30)
                move(number)
        except Exception as error:
            trouble.append(error)
            barrier.abort()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(move,)) for move in moves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not trouble


@pytest.fixture
def tasks(transactional_db, user, worker):
    Task.objects.fork(user, [{"name": "a"}] * ROUNDS)
    return Task.objects.claim(worker, ROUNDS)


def test_a_kill_races_an_end(tasks, worker, user):
    winners = []

    def kill(number):
        try:
            Task.objects.get(pk=tasks[number].pk).kill(by=user)
            winners.append("kill")
        except TaskEnded:
            pass

    def complete(number):
        time.sleep(random.choice(HEAD_STARTS))
        if Task.objects.record(worker, [Move.completion(tasks[number])]):
            winners.append("end")

    race(ROUNDS, kill, complete)
    assert len(winners) == ROUNDS
    assert len(set(winners)) == 2, "one side always won: this was no race"
    ends = TaskEvent.objects.filter(status__in=FINAL)
    assert ends.count() == ends.values("task").distinct().count() == ROUNDS
    assert Task.objects.filter(status=Status.COMPLETED).count() == winners.count("end")


def test_two_kills_an_end_a_failure_and_a_recovery_race(tasks, worker):
    def kill(number):
        try:
            Task.objects.get(pk=tasks[number].pk).kill()
        except TaskEnded:
            pass

    def complete(number):
        Task.objects.record(worker, [Move.completion(tasks[number])])

    def fail(number):
        Task.objects.record(worker, [failure(tasks[number], Reason.ERROR, "no")])

    def recover(number):
        Task.objects.filter(pk=tasks[number].pk).recover(worker)

    race(100, kill, kill, complete, fail, recover)
    assert {final_events(task.pk) for task in tasks[:100]} == {1}


def test_several_workers_claim_each_task_once(transactional_db, user, worker):
    Task.objects.fork(user, [{"name": "a"}] * 500)
    claimed = []

    def claim(number):
        claimed.extend(task.pk for task in Task.objects.claim(worker, 7))

    race(40, *[claim] * 4)
    assert len(claimed) == len(set(claimed)) == 500


@pytest.mark.parametrize("limit", [0, 20_000])
def test_restarts_and_kills_of_the_same_tasks_wait_for_each_other_in_no_circle(tasks, user, settings, limit):
    settings.TASK_USER_ACTIVE = limit
    engine = Engine()

    def kill(number):
        try:
            Task.objects.get(pk=tasks[number].pk).kill(by=user)
        except TaskEnded:
            pass

    def restart(number):
        spec = {"name": "again", "restarted_from_id": tasks[number].pk}
        engine.fork_once(user, [spec], f"key {number}", "digest")
        engine.fork(user, [spec])

    race(60, kill, kill, restart, restart)
    # One by the key, and two without.
    assert Task.objects.filter(restarted_from__in=[task.pk for task in tasks[:60]]).count() == 60 * 3
    assert {final_events(task.pk) for task in tasks[:60]} == {1}


def write_ends(worker, killed, ended):
    recorder = Recorder()
    recorder.worker = worker
    recorder._write_moves([(killed, None, None), (ended, Move.completion(ended), None)])
    assert recorder.close(timeout=5)


def take_over(worker, killed, ended):
    worker.retire()
    Task.objects.recover(worker)


@pytest.mark.parametrize("write", [write_ends, take_over])
def test_a_group_does_not_meet_a_second_killall(tasks, worker, monkeypatch, write):
    """Which saw the tasks before the first one did, and now locks them all while the programs end."""
    killed, ended = sorted(tasks, key=attrgetter("pk"))[:2]
    Task.objects.filter(pk=killed.pk).kill()
    trouble, settle = [], TaskQuerySet.settle

    def kill():
        try:
            Task.objects.all()._kill([killed.pk, ended.pk], None, Signal.TERM, False)
        except Exception as error:
            trouble.append(error)
        finally:
            connection.close()

    def settle_later(*arguments):
        killer.start()
        time.sleep(0.3)  # until it waits, if it has to
        return settle(*arguments)

    killer = threading.Thread(target=kill)
    monkeypatch.setattr(TaskQuerySet, "settle", settle_later)
    write(worker, killed, ended)
    killer.join()
    assert not trouble
    assert not Task.objects.filter(pk=killed.pk, reason=Reason.TERMINATING).exists()
