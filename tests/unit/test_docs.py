"""What docs/programs.md shows is what is there, and it runs."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from django.conf import settings

from taskapi.programs import programs
from taskapi.runner.task import RunningTask
from tests.conftest import PASSWORD, database_url, needs
from tests.server import PROJECT, Server

TEXT = (PROJECT / "docs" / "programs.md").read_text()
SAMPLE = PROJECT / "tests" / "sample"
NOT_FOR_PROGRAMS = {"claim", "tell"}


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["programs.py", "models.py", "tests.py"])
def test_the_example_is_the_sample_app(name):
    code = (SAMPLE / name).read_text()
    assert re.sub(r"  # noqa.*", "", code) in blocks("python")


def test_the_tests_of_the_example_pass(tmp_path):
    # In a process and on a database of their own, as another app's tests would be.
    own = {"TASK_ENGINE": "immediate", "DATABASE_URL": f"sqlite:///{tmp_path}/x", "TEST_SQLITE": f"{tmp_path}/test"}
    options = ["--ds=tests.sample.settings", "--noconftest", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, "tests/sample/tests.py"]
    environment = os.environ | {"SECRET_KEY": "x"} | own
    run = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60)
    assert "2 passed" in run.stdout, run.stdout


def test_its_lines_for_a_shell_work(transactional_db):
    needs(shutil.which("curl"), "curl")
    own = {"DJANGO_SETTINGS_MODULE": "tests.sample.settings", "TASK_OPEN_PROGRAMS": "command,fetch", "TASK_GRACE": "1s"}
    with Server(database_url(), **own) as server:
        token = server.log_in()
        script = "\n".join(blocks("sh")).replace("localhost:8000", f"127.0.0.1:{server.port}")
        lines = subprocess.run(["sh"], input=f"TOKEN={token}\n{script}", capture_output=True, text=True).stdout
    listed, first, *_ = lines.splitlines()
    assert '"name":"word_count"' in listed
    assert '"program":"word_count","arguments":{"text":"to be or not to be","least":2}' in first
    forked = re.findall(r'^{"id":\d+,.*"status":"pending".*"program":"(\w+)"', lines, re.MULTILINE)
    assert forked == ["word_count", "sleep", "command", "command", "command", "fetch", "fetch"]


@pytest.mark.django_db
def test_its_lines_for_manage_py_shell_work(django_user_model):
    django_user_model.objects.create_user("yourusername", "you@example.com", PASSWORD)
    [lines] = [block for block in blocks("python") if "user_permissions" in block]
    exec(lines, {})
    assert django_user_model.objects.get().has_perm("taskapi.run_command")


def test_everything_that_task_offers_is_explained():
    offered = {name for name in vars(RunningTask) if not name.startswith("_")} - NOT_FOR_PROGRAMS
    assert {name for name in offered if f"`task.{name}" not in TEXT} == set()


@pytest.mark.parametrize("name", ["sleep", "command", "fetch"])
def test_every_argument_of_what_ships_is_explained(name):
    section = TEXT.partition(f"### {name}\n")[2].partition("\n##")[0]
    assert [argument for argument in programs[name].parameters if f"`{argument}`" not in section] == []


def test_the_limits_of_a_command_are_those_of_the_settings():
    limits = [name for name in dir(settings) if name.startswith("COMMAND_")]
    assert [name for name in limits if f"`{name}`" not in TEXT] == []
    schema = programs["command"].schema["$defs"]["Limits"]["properties"]
    assert [name for name in schema if f"| `{name}`" not in TEXT] == []
