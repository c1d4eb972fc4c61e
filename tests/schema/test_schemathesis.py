"""The server answers as /schema/ says, to whatever schemathesis makes of that."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import database_url
from tests.server import PROJECT, Server
from userapi.models import User

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("SCHEMA_EXAMPLES", "10")


@pytest.fixture
def server(transactional_db):
    settings = "tests.sample.settings"  # for more programs
    with Server(database_url(), DJANGO_SETTINGS_MODULE=settings, STREAM_TTL="0.2s", TASK_GRACE="1s") as server:
        yield server


def schemathesis(server, folder, user=None):
    """What `schemathesis run` says of the server, and its exit status."""
    environment = server.environment | {
        "SCHEMATHESIS_HOOKS": "tests.schema.hooks",
        "LOGGED_IN_AS": str(user.pk) if user else "",
        "LOG_LEVEL": "ERROR",
        "PYTHONPATH": str(PROJECT),
    }
    command = [
        Path(sys.executable).with_name("schemathesis"),
        "--config-file",
        HERE / "schemathesis.toml",
        "--no-color",
    ]
    command += ["run", f"{server.url}/schema/", "--max-examples", EXAMPLES, "--continue-on-failure"]
    command += ["--checks", "all", "--exclude-checks", "use_after_free"]  # a killed task stays
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=900)
    return done.returncode, done.stdout + done.stderr


def test_as_a_user_who_is_logged_in(server, tmp_path):
    server.log_in()
    status, said = schemathesis(server, tmp_path, user=User.objects.get())
    assert status == 0, said
    assert "Traceback" not in server.output()


def test_without_a_token(server, tmp_path):
    status, said = schemathesis(server, tmp_path)
    assert status == 0, said
    assert "Traceback" not in server.output()
