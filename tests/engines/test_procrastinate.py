"""The fleet, with a worker in this process. It needs PostgreSQL: make test-postgres."""

import os
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.db import connection

from taskapi.engines.procrastinate import ProcrastinateEngine
from taskapi.engines.procrastinate.worker import FleetWorker
from taskapi.models import Signal, Status, Task
from taskapi.programs import programs
from tests.conftest import database_url, status_of, wait_for
from tests.engines.commands import CommandContract, _no_launcher_left_over  # noqa: F401
from tests.engines.contract import _test_programs  # noqa: F401  a fixture
from tests.engines.deliveries import DeliveryContract, receiver  # noqa: F401
from tests.engines.fetches import FetchContract, allow, serve, slow  # noqa: F401
from tests.engines.programs import STARTED
from tests.engines.signals import SignalContract, release, stands_still  # noqa: F401  a fixture
from tests.server import PROJECT

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="belongs to make test-postgres")


@pytest.fixture(scope="module", autouse=True)
def _tables(django_db_setup, django_db_blocker):
    """Procrastinate's, which the migrations make only when its engine is chosen."""
    with django_db_blocker.unblock():
        environment = os.environ | {"DATABASE_URL": database_url(), "TASK_ENGINE": "procrastinate", "SECRET_KEY": "x"}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=PROJECT, env=environment, check=True)


@pytest.fixture(autouse=True)
def _no_job_left_over(transactional_db):
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


class WorkingEngine(ProcrastinateEngine):
    """What serves requests, with one worker beside it."""

    def __init__(self):
        self.worker = FleetWorker()

    def start(self):
        self.worker.start()

    def stop(self):
        self.worker.stop()

    def hurry(self):
        self.worker.hurry()

    def __getattr__(self, name):
        return getattr(self.worker, name)


class TestProcrastinate(SignalContract, CommandContract, FetchContract, DeliveryContract):
    engine_class = WorkingEngine

    def test_a_program_that_is_gone_is_a_failure(self, engine, start):
        """Here it waits instead: another worker, perhaps a newer one, has it."""
        task = start("missing")
        self.ends(start(arguments={"seconds": 0}), Status.COMPLETED)
        assert status_of(task) == Status.PENDING
        engine.kill(task)

    def test_a_worker_serves_the_programs_that_it_is_for(self, engine, start, monkeypatch):
        task = start("missing")
        monkeypatch.setitem(programs, "missing", programs["answer"])
        other = FleetWorker(slots=1, names=["missing"])
        other.start()
        self.ends(task, Status.COMPLETED)
        assert task.worker_id == other.keeper.worker.pk
        other.stop()

    def test_a_name_too_long_for_a_channel(self, start, monkeypatch):
        name = "answer" + "\u00e4" * 60
        monkeypatch.setitem(programs, name, programs["answer"])
        other = FleetWorker(slots=1, names=[name])
        other.start()
        self.ends(start(name), Status.COMPLETED)
        other.stop()

    def test_kill_and_stop_reach_another_process_at_once(self, engine, ticking):
        task = ticking("ticks")
        engine.worker.keeper.look = 60
        time.sleep(0.7)  # now it does not look by itself
        client = ProcrastinateEngine()
        client.signal(task, Signal.STOP)
        wait_for(lambda: stands_still(task), seconds=2)
        client.signal(task, Signal.CONT)
        wait_for(lambda: not stands_still(task), seconds=2)
        client.kill(task)
        wait_for(lambda: task.pk not in engine.runs, seconds=2)

    def test_a_waiting_task_of_another_nice_value_overtakes(self, engine, user):
        engine.stop()
        first, second = ProcrastinateEngine().fork(user, [{"name": name, "arguments": {"seconds": 0}} for name in "ab"])
        ProcrastinateEngine().edit(second, nice=-5)
        ProcrastinateEngine().edit(first, name="c")
        one = FleetWorker(slots=1)
        one.start()
        self.ends(first, Status.COMPLETED)
        one.stop()
        second.refresh_from_db()
        assert second.started_at < first.started_at

    def test_a_killed_task_leaves_no_job(self, engine, user):
        engine.stop()
        tasks = ProcrastinateEngine().fork(user, [{"name": "a"}] * 1_000)
        assert jobs_left() == len(tasks)
        assert ProcrastinateEngine().killall(user.tasks.all()) == len(tasks)
        assert jobs_left() == 0

    def test_what_has_ended_leaves_no_job(self, start):
        for task in [start(arguments={"seconds": 0}) for _ in range(10)]:
            self.ends(task, Status.COMPLETED)
        wait_for(lambda: jobs_left() == 0)

    def test_it_takes_no_more_jobs_than_it_has_slots(self, engine, user):
        ProcrastinateEngine().fork(user, [{"name": "a", "arguments": {"seconds": 60}}] * 45)
        wait_for(lambda: len(engine.runs) == engine.worker.slots)
        assert jobs_left("doing") == engine.worker.slots == 20

    def test_a_worker_that_has_stopped_keeps_no_job(self, engine, user):
        ProcrastinateEngine().fork(user, [{"name": "a", "arguments": {"seconds": 60}}] * 25)
        wait_for(lambda: len(engine.runs) == 20)
        engine.hurry()
        engine.stop()
        assert (jobs_left("doing"), jobs_left("todo")) == (0, 5)

    def test_the_jobs_of_others_in_its_queues_are_left_alone(self, start):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('task.sleep', 'of others')")
        self.ends(start(arguments={"seconds": 0}), Status.COMPLETED)
        assert jobs_left("todo") == 1

    @pytest.mark.parametrize(
        "loss", ["DELETE FROM procrastinate_jobs", "UPDATE procrastinate_jobs SET status = 'doing'"]
    )
    def test_a_task_whose_job_got_lost_is_run(self, engine, user, settings, loss):
        engine.stop()
        settings.TASK_LEASE = timedelta(seconds=1)
        [task] = ProcrastinateEngine().fork(user, [{"name": "a", "arguments": {"seconds": 0}}])
        with connection.cursor() as cursor:
            cursor.execute(loss)
        other = FleetWorker()
        other.start()
        self.ends(task, Status.COMPLETED)
        wait_for(lambda: jobs_left() == 0)
        other.stop()

    def test_its_connections_are_restored(self, engine, start):
        long = self.running(start(arguments={"seconds": 4}))
        break_all_connections()
        task = start("tidy")
        wait_for(lambda: task.pk in STARTED)
        engine.kill(task)
        self.ends(task, Status.KILLED)
        self.ends(long, Status.COMPLETED)
        assert engine.works()
        wait_for(lambda: jobs_left() == 0)

    def test_all_slots_are_free_again_after_its_connections_broke(self, engine, user):
        client = ProcrastinateEngine()
        client.fork(user, [{"name": "a", "arguments": {"seconds": 3}}] * 15)
        wait_for(lambda: len(engine.runs) == 15)
        break_all_connections()
        client.fork(user, [{"name": "a", "arguments": {"seconds": 60}}] * 25)
        wait_for(lambda: len(engine.runs) == 20 and not Task.objects.filter(arguments={"seconds": 3}, ended_at=None))
        time.sleep(0.5)
        assert len(engine.runs) == 20
        assert client.killall(user.tasks.all()) == 25


def break_all_connections():
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE pid <> pg_backend_pid() AND datname = current_database()"""
        )


def jobs_left(*statuses):
    """How many jobs there are, of these statuses or of any."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE status::text = ANY(%s) OR %s", [list(statuses), not statuses]
        )
        return cursor.fetchone()[0]
