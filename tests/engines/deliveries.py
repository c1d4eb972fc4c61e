"""The ends of tasks are told to a real server, in an engine that runs tasks in the background."""

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from taskapi.exceptions import TaskEnded
from taskapi.models import Reason, Status, Task
from tests.conftest import wait_for
from tests.engines.contract import BackgroundContract, printed
from tests.receiver import receiving
from tests.unit.test_fetch import allow  # noqa: F401  a fixture


@pytest.fixture
def receiver(allow, monkeypatch):  # noqa: F811
    monkeypatch.setattr("taskapi.models.moves.RETRY_FIRST", timedelta(milliseconds=50))
    allow("127.0.0.1")
    with receiving() as receiver:
        yield receiver


def delivery_of(task):
    return Task.objects.get(notifies=task)


def kill(engine, task, by):
    try:
        engine.kill(Task.objects.get(pk=task.pk), by)
    except TaskEnded:
        pass
    finally:
        connection.close()


class DeliveryContract(BackgroundContract):
    @pytest.fixture
    def told(self, start, receiver):
        """told(program, ...) is a new task whose end is told to the receiver."""
        return lambda *program, **fields: start(*program, notify_url=receiver.url, **fields)

    def hears(self, receiver, task, kind):
        """The end of this task, and only that, arrives."""
        wait_for(lambda: receiver.accepted)
        self.ends(delivery_of(task), Status.COMPLETED)
        assert receiver.told == [(task.pk, kind)]

    def test_a_completed_task_is_told_signed(self, told, receiver, user):
        task = told(arguments={"seconds": 0})
        self.hears(receiver, task, "task.completed")
        [post] = receiver.accepted
        assert post.signed_with(user.webhook_key())
        assert delivery_of(task).result == {"status": 204}

    def test_a_task_is_told_when_it_has_failed_for_good(self, told, receiver):
        task = told("flaky", max_attempts=2)
        self.hears(receiver, task, "task.failed")
        [post] = receiver.accepted
        assert (post.event["data"]["attempt"], post.event["data"]["error"]) == (2, "RuntimeError: attempt 2")

    def test_a_timeout_is_told(self, told, receiver):
        task = told(arguments={"seconds": 60}, timeout=0.1)
        self.hears(receiver, task, "task.failed")
        assert receiver.accepted[0].event["data"]["reason"] == Reason.TIMEOUT

    def test_a_kill_is_told(self, engine, told, receiver):
        task = self.running(told(arguments={"seconds": 60}))
        engine.kill(task)
        self.hears(receiver, task, "task.killed")

    def test_a_kill_before_the_start_is_told(self, engine, told, receiver):
        task = told(run_at=timezone.now() + timedelta(hours=1))
        engine.killall(Task.objects.filter(pk=task.pk))
        self.hears(receiver, task, "task.killed")

    def test_what_was_lost_is_told_by_who_comes_next(self, engine, told, receiver):
        task = self.running(told(arguments={"seconds": 60}))
        engine.stop()
        engine.start()
        self.hears(receiver, task, "task.failed")
        assert receiver.accepted[0].event["data"]["reason"] == Reason.LOST

    def test_a_receiver_that_fails_is_tried_again_with_the_same_id(self, told, receiver):
        receiver.statuses = [500, 503]
        task = told(arguments={"seconds": 0})
        self.hears(receiver, task, "task.completed")
        assert len({post.id for _, post in receiver.posts}) == 1
        lines = [f"POST {receiver.url} → {status}\n" for status in (500, 503, 204)]
        assert printed(delivery_of(task)).decode() == "no\n".join(lines)

    def test_a_receiver_that_is_down_gets_it_when_it_is_up(self, told, receiver, start):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        task = start(arguments={"seconds": 0}, notify_url=f"http://127.0.0.1:{port}/")
        wait_for(lambda: Task.objects.filter(notifies=task, attempt__gte=2).exists())
        with receiving(port) as late:
            self.hears(late, task, "task.completed")

    def test_of_a_kill_and_an_end_that_race_one_is_told(self, engine, told, receiver, user):
        tasks = [told(arguments={"seconds": 0.01}) for _ in range(50)]
        kills = [partial(kill, engine, task, user) for task in tasks]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda call: call(), kills))
        wait_for(lambda: Task.objects.filter(notifies__in=tasks, status=Status.COMPLETED).count() == 50)
        assert sorted(pk for pk, _ in receiver.told) == [task.pk for task in tasks]

    def test_a_delivery_can_be_killed(self, engine, told, receiver):
        receiver.statuses = [500] * 100
        task = told(arguments={"seconds": 0})
        wait_for(lambda: receiver.posts)
        engine.kill(delivery_of(task))
        self.ends(delivery_of(task), Status.KILLED)
