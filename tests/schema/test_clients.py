"""Clients that know nothing but /schema/ take a task from fork to kill."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from taskapi.models import Task
from tests.conftest import needs

HERE = Path(__file__).parent
PROGRAMS = Path(sys.executable).parent


def run(*command, **environment):
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def made(server, tmp_path):
    """The folder of the client that openapi-python-client makes."""
    target = tmp_path / "client"
    path = f"{PROGRAMS}:{os.environ['PATH']}"  # it looks for ruff there
    options = ["--url", f"{server.url}/schema/", "--output-path", target, "--fail-on-warning"]
    run(PROGRAMS / "openapi-python-client", "generate", *options, PATH=path)
    return target


def test_a_python_client_made_from_the_schema(server, made):
    run(sys.executable, HERE / "client.py", server.url, PYTHONPATH=str(made))  # it asserts
    assert sorted(Task.objects.values_list("status", flat=True)) == ["killed", "killed"]


def test_a_shell_script(server):
    needs(shutil.which("curl"), "curl")
    running, stopped, detail, status, rows = run("sh", HERE / "client.sh", server.url).splitlines()
    assert (running.split()[0], stopped.split()[0], status) == ("running", "stopped", "killed")
    assert detail.endswith("killed")
    assert rows == '[{"name":"nap","status":"killed"}]'
