"""A program that cannot be one, or a wrong name in TASK_OPEN_PROGRAMS: no server starts, and `check` says why."""

import os
import subprocess
import sys
from textwrap import dedent

import pytest

from tests.server import PROJECT

PROGRAMS = """
from taskapi.programs import program

@program
def mute(task, words): ...

@program
def sleep(task): ...
"""


@pytest.fixture
def python(tmp_path):
    """python(*arguments, **environment) runs Python in the project with a database of its own."""

    def python(*arguments, **environment):
        own = {"DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3", "SECRET_KEY": "x"}
        environment = os.environ | own | environment
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60)

    return python


@pytest.fixture
def broken(tmp_path):
    """The environment in which an app is installed that has two functions which cannot be programs."""
    settings = """
        from taskmanager.settings import *
        INSTALLED_APPS += ["chores"]
        """
    (tmp_path / "chores").mkdir()
    (tmp_path / "chores" / "__init__.py").touch()
    (tmp_path / "chores" / "programs.py").write_text(PROGRAMS)
    (tmp_path / "chores" / "settings.py").write_text(dedent(settings))
    return {"PYTHONPATH": str(tmp_path), "DJANGO_SETTINGS_MODULE": "chores.settings"}


def test_check_finds_nothing_in_what_ships(python):
    run = python("manage.py", "check")
    assert (run.returncode, run.stdout) == (0, "System check identified no issues (0 silenced).\n")


@pytest.mark.parametrize("command", [("check",), ("up", "--port", "0")])
def test_broken_programs_are_named_with_a_hint_and_no_server_starts(python, broken, tmp_path, command):
    run = python("manage.py", *command, **broken)
    assert run.returncode != 0
    assert "(taskapi.E001) @program chores.programs.mute: `words` has no type.\n" in run.stderr
    assert "HINT: Give it one, such as `words: str`.\n" in run.stderr
    second = "@program chores.programs.sleep: there is a program of this name already, taskapi.programs.sleep.sleep."
    assert f"(taskapi.E001) {second}\n\tHINT: Rename one.\n" in run.stderr
    assert not (tmp_path / "x.sqlite3").exists()


@pytest.mark.parametrize("command", [("check",), ("up", "--port", "0")])
def test_a_wrong_name_in_task_open_programs(python, command):
    run = python("manage.py", *command, TASK_OPEN_PROGRAMS="sleep,comand")
    assert run.returncode != 0
    assert "(taskapi.E002) TASK_OPEN_PROGRAMS: there is no program comand.\n" in run.stderr
    assert "HINT: Known are: command, fetch, sleep.\n" in run.stderr


def test_another_server_of_wsgi_does_not_start_with_a_broken_program(python, broken):
    run = python("-c", "import taskmanager.wsgi", **broken)
    assert run.returncode != 0
    last = run.stderr.splitlines()[-1]
    assert last.startswith("django.core.exceptions.ImproperlyConfigured: @program chores.programs.mute: `words` has")
    assert last.endswith("Give it one, such as `words: str`. (python manage.py check shows all.)")
