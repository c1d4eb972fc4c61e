"""The commands of the fleet, and who may have one."""

import os
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from taskapi.models import Worker
from tests.server import PROJECT


def manage(*arguments, **environment):
    environment = os.environ | {"SECRET_KEY": "x", "TASK_ENGINE": "procrastinate"} | environment
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize("command", ["check", "up", "worker"])
def test_it_needs_postgresql_and_says_so_in_a_line(command):
    run = manage(command, DATABASE_URL="sqlite:////tmp/no-fleet.sqlite3")
    assert (run.returncode, run.stderr.count("\n")) == (1, 1)
    assert "TASK_ENGINE=procrastinate: needs PostgreSQL" in run.stderr


@pytest.mark.parametrize(("engine", "lease"), [("threads", "0:00:10"), ("procrastinate", "0:00:30")])
def test_a_fleet_is_more_patient(engine, lease):
    code = "from django.conf import settings; print(settings.TASK_LEASE)"
    run = manage("shell", "-v0", "-c", code, TASK_ENGINE=engine, DATABASE_URL="postgres://a@b/c")
    assert run.stdout.strip() == lease


@pytest.mark.parametrize("command", ["up", "worker"])
def test_without_a_database_it_does_not_start(command):
    run = manage(command, "--port=0" if command == "up" else "--slots=1", DATABASE_URL="postgres://a@127.0.0.1:1/b")
    assert run.returncode == 1
    assert "The database cannot be used" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_worker_shows_its_figures_to_nobody_without_a_token():
    run = manage("worker", "--metrics-port=0", DATABASE_URL="postgres://a@127.0.0.1:1/b")
    assert (run.returncode, run.stderr.count("\n")) == (1, 1)
    assert "METRICS_TOKEN" in run.stderr


def test_it_cannot_limit_what_users_run():
    run = manage("check", DATABASE_URL="postgres://a@b/c", TASK_USER_RUNNING="3")
    assert (run.returncode, run.stderr.count("\n")) == (1, 1)
    assert "TASK_USER_RUNNING" in run.stderr


def test_other_engines_have_no_workers(settings):
    settings.FLEET = False
    with pytest.raises(CommandError, match="Workers are for TASK_ENGINE=procrastinate"):
        call_command("worker")


def test_a_worker_for_a_program_that_there_is_not():
    with pytest.raises(CommandError, match="there is no program 'dance'. Known are: command, fetch, notify, sleep"):
        call_command("worker", programs="sleep, dance")


@pytest.mark.parametrize("slots", ["0", "-1", "many"])
def test_a_number_of_slots_that_is_none(slots):
    with pytest.raises(CommandError, match="expected a whole number above 0"):
        call_command("worker", f"--slots={slots}")


def test_workers_are_a_table(running, capsys):
    worker = running().worker
    Worker.objects.enlist("test", 3)
    Worker.objects.exclude(pk=worker.pk).update(name="far:7", lost=True, ended_at=Now())
    call_command("workers")
    head, alive, lost = capsys.readouterr().out.splitlines()
    assert head.split() == ["WORKER", "ENGINE", "VERSION", "SLOTS", "BUSY", "HEARTBEAT", "STATE"]
    assert (lost.split()[0], lost.split()[-1]) == ("far:7", "lost")
    assert (alive.split()[0], alive.split()[3:5], alive.split()[-1]) == (worker.name, ["10", "1"], "alive")
