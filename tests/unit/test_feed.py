"""The feed: one reader for all viewers, nothing left out, nothing told twice."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from taskapi import feed
from taskapi.models import Move, Report, Task, TaskEvent
from tests.conftest import wait_for


@pytest.fixture
def moves(transactional_db):
    return feed.Moves()


def taken(mailbox, count):
    """The next so many items that come."""
    items = []
    wait_for(lambda: items.extend(mailbox.take(0.1)) or len(items) >= count)
    assert len(items) == count
    return items


def test_a_viewer_gets_the_moves_of_his_own_tasks(moves, user, other, fork):
    with moves.subscribed(user.pk) as (mailbox, position):
        mine, _ = fork(name="mine"), fork(owner=other)
        mine.kill(by=user)
        pending, killed = taken(mailbox, 2)
    assert position < pending[0] < killed[0]
    assert [item["status"] for _, item in (pending, killed)] == ["pending", "killed"]
    assert (killed[1]["id"], killed[1]["name"], killed[1]["by"], killed[1]["status_label"]) == (
        mine.pk,
        "mine",
        "ada",
        "Killed",
    )


def test_what_can_be_large_is_not_sent(moves, user, fork):
    with moves.subscribed(user.pk) as (mailbox, _):
        fork(description="x" * 1_000)
        [(_, fields)] = taken(mailbox, 1)
    assert not {"description", "arguments", "result"} & fields.keys()


def test_progress_is_told_without_an_id_and_once(moves, user, running, worker):
    task = running()
    with moves.subscribed(user.pk) as (mailbox, _):
        Task.objects.report(worker, [Report(task.pk, 1, (0.5, "half"))])
        assert taken(mailbox, 1) == [(None, {"id": task.pk, "progress": 0.5, "progress_text": "half"})]
        assert mailbox.take(1.2) == []


def test_who_comes_while_the_moves_are_read_misses_none(moves, user, other, fork, monkeypatch):
    latecomers = []

    def briefs_of(ids):
        if not latecomers:
            latecomers.append(moves.subscribe(user.pk)[0])
        return {}

    monkeypatch.setattr(feed, "briefs_of", briefs_of)
    moves.begin()
    moves._thread = threading.main_thread()
    fork()
    fork(owner=other)
    moves._subscribers[other.pk].append(feed.Mailbox())
    moves.read()
    moves.read()
    assert len(latecomers[0].take(0)) == 1
    moves._subscribers.clear()


def test_two_hundred_viewers_cost_as_many_queries_as_one(moves, user, django_assert_max_num_queries):
    moves.begin()
    for count in (1, 200):
        moves._subscribers[user.pk] = [feed.Mailbox() for _ in range(count)]
        Task.objects.fork(user, [{"name": "a"}])
        moves._next_progress = 0
        with django_assert_max_num_queries(3):
            moves.read()
        assert all(len(mailbox.take(0)) == 1 for mailbox in moves._subscribers[user.pk])
    moves._subscribers.clear()


def test_the_reader_ends_with_its_last_viewer(moves, user):
    with moves.subscribed(user.pk):
        thread = moves._thread
        assert thread.is_alive()
    wait_for(lambda: not thread.is_alive())


def test_there_is_one_reader_however_viewers_come_and_go(moves, user, monkeypatch):
    reading, together = [], []

    def read():
        reading.append(1)
        together.append(len(reading))
        time.sleep(0.05)
        reading.pop()

    monkeypatch.setattr(moves, "read", read)
    for _ in range(20):
        with moves.subscribed(user.pk):
            time.sleep(0.02)
    assert set(together) == {1}


def test_the_reader_outlives_its_errors(moves, user, fork, monkeypatch, caplog):
    read = moves.read
    monkeypatch.setattr(moves, "read", lambda: monkeypatch.setattr(moves, "read", read) or 1 / 0)
    with moves.subscribed(user.pk) as (mailbox, _):
        fork()
        assert len(taken(mailbox, 1)) == 1
    assert "ZeroDivisionError" in caplog.text


@pytest.fixture
def gap(moves, user, fork, monkeypatch):
    """An id is missing, as while a transaction that has it is not committed."""
    monkeypatch.setattr(feed, "gap_patience", lambda: 0.5)
    fork()
    moves.begin()
    mailbox = feed.Mailbox()
    moves._subscribers[user.pk].append(mailbox)
    task = fork()
    missing = TaskEvent.objects.get(task=task)
    TaskEvent.objects.filter(pk=missing.pk).delete()
    fork()
    yield missing, mailbox
    moves._subscribers.clear()


def statuses(mailbox):
    return [event_id for event_id, _ in mailbox.take(0)]


@pytest.mark.skipif(connection.vendor == "postgresql", reason="PostgreSQL knows that nobody has the id")
def test_later_moves_wait_for_one_that_is_not_committed_yet(moves, gap):
    missing, mailbox = gap
    moves.read()
    assert statuses(mailbox) == []
    missing.save(force_insert=True)
    moves.read()
    assert statuses(mailbox) == [missing.pk, missing.pk + 1]


def test_a_gap_that_nobody_fills_is_passed_over(moves, gap):
    missing, mailbox = gap
    wait_for(lambda: moves.read() or moves.position > missing.pk)
    assert statuses(mailbox) == [missing.pk + 1]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="transactions come one after the other")
def test_moves_wait_for_an_earlier_one_in_a_transaction_that_stays_open(moves, user, fork, monkeypatch):
    monkeypatch.setattr(feed, "GAP_PATIENCE", 0.1)
    first, second = fork(), fork()
    moves.begin()
    mailbox = feed.Mailbox()
    moves._subscribers[user.pk].append(mailbox)
    began, noted, over = threading.Event(), threading.Event(), threading.Event()

    def stays_open():
        with transaction.atomic():
            began.wait(20)
            second.events.create(status="running")
            noted.set()
            over.wait(20)
        connection.close()

    other = threading.Thread(target=stays_open)
    other.start()
    with transaction.atomic():
        Task.objects.filter(pk=first.pk).update(nice=1)  # so that it is the older transaction
        began.set()
        noted.wait(20)
        first.events.create(status="completed")
    for _ in range(5):
        moves.read()
        time.sleep(0.1)
    early = mailbox.take(0)
    over.set()
    other.join()
    wait_for(lambda: moves.read() or moves.position == TaskEvent.objects.latest("id").pk)
    assert [fields["status"] for _, fields in early + mailbox.take(0)] == ["running", "completed"]
    moves._subscribers.clear()


def test_many_gaps_that_nobody_fills_take_no_longer_than_one(moves, user, fork, monkeypatch):
    monkeypatch.setattr(feed, "gap_patience", lambda: 1)
    fork()
    moves.begin()
    moves._subscribers[user.pk].append(feed.Mailbox())
    ids = [fork().events.get().pk for _ in range(40)]
    TaskEvent.objects.filter(pk__in=ids[::2]).delete()
    wait_for(lambda: moves.read() or moves.position == ids[-1], seconds=10)
    moves._subscribers.clear()


def test_an_old_gap_is_none_to_begin_before(moves, fork, monkeypatch):
    monkeypatch.setattr(feed, "gap_patience", lambda: 1)
    first, second, third = (fork().events.get() for _ in range(3))
    second.delete()
    moves.begin()
    assert moves.position == first.pk
    TaskEvent.objects.update(at=timezone.now() - timedelta(hours=1))
    moves.begin()
    assert moves.position == third.pk


def test_where_all_is_pruned_the_history_says_where_to_begin(moves, fork):
    fork().kill()
    last = TaskEvent.objects.latest("id").pk
    Task.objects.update(ended_at=timezone.now() - timedelta(hours=1))
    Task.objects.prune(timedelta())
    moves.begin()
    assert moves.position == last


def test_a_viewer_that_does_not_take_is_let_go(monkeypatch):
    monkeypatch.setattr(feed, "ROOM", 3)
    mailbox = feed.Mailbox()
    for number in range(5):
        mailbox.put(number)
    assert (mailbox.take(0), mailbox.overflowed) == ([0, 1, 2], True)


def test_a_watched_task_tells_output_and_end(transactional_db, running, worker):
    task, watch = running(), feed.Watch()
    with watch.subscribed(task.pk) as (mailbox, _):
        assert taken(mailbox, 1) == [(False, False, None)]
        Task.objects.report(worker, [Report(task.pk, 1, None, 0, b"a")])
        assert taken(mailbox, 1) == [(False, False, 0)]
        Task.objects.record(worker, [Move.completion(task)])
        assert taken(mailbox, 1) == [(True, True, 0)]


def test_who_comes_later_is_told_the_state_that_others_know(transactional_db, running):
    task, watch = running(), feed.Watch()
    with watch.subscribed(task.pk) as (first, _):
        taken(first, 1)
        with watch.subscribed(task.pk) as (second, _):
            assert taken(second, 1) == [(False, False, None)]
            assert first.take(0.3) == []


def test_who_does_not_take_gets_the_latest_state_all_the_same(transactional_db, monkeypatch):
    monkeypatch.setattr(feed, "ROOM", 3)
    watch = feed.Watch()
    with watch.subscribed(10**9) as (mailbox, _):
        for offset in range(5):
            watch.tell(10**9, (False, False, offset))
        watch.tell(10**9, (True, True, 5))
        assert not mailbox.overflowed
        assert mailbox.take(0)[-1] == (True, True, 5)


def test_a_killed_task_is_over_when_its_program_has_stopped(transactional_db, running, worker):
    task, watch = running(), feed.Watch()
    with watch.subscribed(task.pk) as (mailbox, _):
        taken(mailbox, 1)
        task.kill()
        assert taken(mailbox, 1) == [(True, False, None)]
        Task.objects.settle(worker)
        assert taken(mailbox, 1) == [(True, True, None)]
