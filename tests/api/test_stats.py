"""How a user's tasks are doing: by status, the load, what ended in the last hour."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from taskapi import stats
from taskapi.models import Move, Status, Task
from tests.conftest import client_of, wait_for

STATS = "/taskapi/stats/"


@pytest.fixture(autouse=True)
def _nothing_known():
    stats.shared_by.cache_clear()
    stats.fleet.cache_clear()


@pytest.fixture
def look(client):
    def look():
        answer = client.get(STATS)
        assert answer.status_code == 200, answer.json()
        return answer.json()

    return look


@pytest.fixture
def now(monkeypatch):
    """The moment at which it is looked."""
    now = timezone.now()
    monkeypatch.setattr(stats.timezone, "now", lambda: now)
    return now


@pytest.fixture
def ran(fork, worker):
    """ran(began, ended) is a task that ran from then on until then."""

    def ran(began, ended, status=Status.COMPLETED):
        times = {"started_at": began, "ended_at": ended}
        Task.objects.filter(pk=fork().pk).update(status=status, worker=worker, turn=None, **times)

    return ran


def test_of_a_user_without_tasks(look, now):
    found = look()
    assert found["status"] == {"pending": 0, "running": 0, "completed": 0, "failed": 0, "killed": 0}
    assert found["load"] == {"now": 0, "1": 0, "5": 0, "15": 0}
    assert found["waiting"] == {"tasks": 0, "oldest": None}
    assert (found["slots"], found["workers"]) == (None, [])
    assert found["at"] == now.isoformat().replace("+00:00", "Z")


def test_counts_by_status(look, fork, running, worker):
    for status in (Status.COMPLETED, Status.FAILED, Status.FAILED):
        Task.objects.record(worker, [Move(running().pk, 1, status)])
    fork().kill()
    running()
    fork()
    assert look()["status"] == {"pending": 1, "running": 1, "completed": 1, "failed": 2, "killed": 1}


def test_only_ones_own(client, other, running):
    running().kill()
    running()
    found = client_of(other).get(STATS).json()
    assert set(found["status"].values()) == {0}
    assert found["load"] == {"now": 0, "1": 0, "5": 0, "15": 0}


def test_open_tasks_are_exact_at_each_look_and_the_others_soon(look, fork):
    task = fork()
    assert look()["status"]["pending"] == 1
    task.kill()
    assert look()["status"]["pending"] == 0
    wait_for(lambda: look()["status"]["killed"] == 1)


def test_what_ended_by_the_minute(look, ran, now):
    this_minute = now.replace(second=0, microsecond=0)
    ran(now, this_minute)
    ran(now, this_minute - timedelta(seconds=1), Status.FAILED)
    ran(now, this_minute - timedelta(minutes=59), Status.KILLED)
    ran(now, this_minute - timedelta(minutes=59, seconds=1))
    found = look()
    minutes = [entry.pop("minute") for entry in found["ended"]]
    assert minutes == [f"{this_minute - timedelta(minutes=ago):%Y-%m-%dT%H:%M:00Z}" for ago in range(59, -1, -1)]
    ended = {number: entry for number, entry in enumerate(found["ended"]) if any(entry.values())}
    assert ended == {
        0: {"completed": 0, "failed": 0, "killed": 1},
        58: {"completed": 0, "failed": 1, "killed": 0},
        59: {"completed": 1, "failed": 0, "killed": 0},
    }
    assert found["status"]["completed"] == 2


def test_the_load_is_the_mean_of_what_ran(look, ran, running, now):
    ran(now - timedelta(seconds=90), now - timedelta(seconds=30))
    ran(now - timedelta(hours=2), now - timedelta(minutes=10))
    Task.objects.filter(pk=running().pk).update(started_at=now - timedelta(seconds=15))
    assert look()["load"] == {"now": 1, "1": 0.75, "5": 0.25, "15": round((300 + 60 + 15) / 900, 2)}


def test_what_never_ran_is_no_load(look, fork, now):
    task = fork()
    # As after an attempt that failed, killed while it waited for the next.
    Task.objects.filter(pk=task.pk).update(started_at=now - timedelta(minutes=1))
    task.kill()
    assert look()["load"] == {"now": 0, "1": 0, "5": 0, "15": 0}


def test_what_waits_for_a_slot_and_since_when(look, fork, running, now):
    running()
    for seconds in (30, 20):
        Task.objects.filter(pk=fork().pk).update(created_at=now - timedelta(seconds=seconds))
    fork(run_at=now + timedelta(hours=1))
    assert look()["waiting"] == {"tasks": 2, "oldest": 30}


def test_a_task_waits_from_its_time_on(look, fork, now):
    times = {"created_at": now - timedelta(hours=1), "run_at": now - timedelta(seconds=7)}
    Task.objects.filter(pk=fork().pk).update(**times)
    assert look()["waiting"] == {"tasks": 1, "oldest": 7}


def test_the_slots_of_the_living_workers(look, worker, settings):
    type(worker).objects.enlist("test", 5)
    type(worker).objects.enlist("test", 7).retire()
    silent = timezone.now() - 2 * settings.TASK_LEASE
    type(worker).objects.filter(pk=type(worker).objects.enlist("test", 9).pk).update(heartbeat_at=silent)
    assert look()["slots"] == 15


def test_the_workers_and_how_many_tasks_they_run_for_all_users(client, other, running, worker):
    running()
    for user in (client, client_of(other)):
        [found] = user.get(STATS).json()["workers"]
        assert (found["name"], found["slots"], found["busy"], found["state"]) == (worker.name, 10, 1, "alive")


def test_the_workers_are_read_once_for_all_users(client, other, worker):
    client.get(STATS)
    stats.fleet()._compute.__self__._reading = stats.Pace(1, least=60)
    client.get(STATS)
    with CaptureQueriesContext(connection) as asked:
        assert len(client_of(other).get(STATS).json()["workers"]) == 1
    assert not [query for query in asked if "taskapi_worker" in query["sql"]]


def test_what_has_ended_is_followed_and_not_counted_again(user, ran, monkeypatch, django_assert_max_num_queries):
    figures = stats.Stats(user.pk)
    start = timezone.now()
    for seconds in range(0, 100, 5):
        now = start + timedelta(seconds=seconds)
        monkeypatch.setattr(stats.timezone, "now", lambda now=now: now)
        ran(now - timedelta(seconds=2), now)
        figures._reading = stats.Pace(1)
        with django_assert_max_num_queries(14 if seconds == 0 else 11):
            found = figures.look()
        assert found["status"][Status.COMPLETED] == 1 + seconds // 5
    fresh = stats.Stats(user.pk).look()
    assert {name: found[name] for name in ("status", "ended", "load")} == {
        name: fresh[name] for name in ("status", "ended", "load")
    }
    assert found["load"]["1"] == pytest.approx(0.4, abs=0.02)


def test_a_second_look_takes_two_queries(look, fork, django_assert_num_queries):
    fork()
    look()
    stats.shared_by.cache_info()
    [shared] = [stats.shared_by(Task.objects.get().owner_id)]
    for known in (shared, stats.fleet()):
        known._compute.__self__._reading = stats.Pace(1, least=60)
    look()
    with django_assert_num_queries(2):  # of these one for the user
        look()


def test_an_unknown_parameter_is_refused(client):
    answer = client.get(STATS + "?minutes=5")
    assert answer.status_code == 400
    assert list(answer.json()) == ["minutes"]


def test_without_a_token_there_are_none(anonymous):
    assert anonymous.get(STATS).status_code == 401


def test_who_asks_meanwhile_shares_the_next_computation():
    begun, go_on, computed = threading.Semaphore(0), threading.Semaphore(0), []

    def compute():
        begun.release()
        assert go_on.acquire(timeout=20)
        computed.append(len(computed) + 1)
        return computed[-1]

    shared, got = stats.Shared(compute), []
    threads = [threading.Thread(target=lambda: got.append(shared.get())) for _ in range(6)]
    threads[0].start()
    assert begun.acquire(timeout=20)
    for thread in threads[1:]:
        thread.start()
    wait_for(lambda: shared._asked == 6)
    go_on.release(2)
    for thread in threads:
        thread.join(20)
    assert sorted(got) == [1, 2, 2, 2, 2, 2]


def test_after_an_error_the_next_one_computes():
    answers = iter([ZeroDivisionError, 7])

    def compute():
        if (answer := next(answers)) is ZeroDivisionError:
            raise answer
        return answer

    shared = stats.Shared(compute)
    with pytest.raises(ZeroDivisionError):
        shared.get()
    assert shared.get() == 7


def test_what_ended_is_counted_once_though_the_database_fails_in_between(look, ran, now, monkeypatch):
    look()
    ran(now - timedelta(seconds=20), now - timedelta(seconds=5))
    later = now + timedelta(minutes=1)
    monkeypatch.setattr(stats.timezone, "now", lambda: later)
    monkeypatch.setattr(stats.Pace, "step", lambda self, step, *arguments: step(*arguments))
    with monkeypatch.context() as broken:
        broken.setattr(stats.Stats, "_count", lambda *arguments: None)
        broken.setattr(stats.Ended, "_add", Mock(side_effect=OperationalError("gone")))
        with pytest.raises(OperationalError):
            stats.of_user(Task.objects.get().owner)
    monkeypatch.setattr(stats.Stats, "_count", lambda *arguments: None)
    assert look()["status"]["completed"] == 1


def test_who_waits_for_a_look_that_fails_does_not_wait_for_another():
    tries, begun = [], threading.Event()

    def fail():
        tries.append(1)
        begun.wait(5)
        raise OperationalError("gone")

    shared = stats.Shared(fail)
    with ThreadPoolExecutor(5) as pool:
        askers = [pool.submit(shared.get) for _ in range(5)]
        wait_for(lambda: shared._asked == 5)
        begun.set()
        assert all(isinstance(asker.exception(), OperationalError) for asker in askers)
    assert len(tries) <= 2
