"""Settings from the environment: a wrong one stops the start with one line that says which and why."""

import os
import subprocess
import sys
from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.core.exceptions import ImproperlyConfigured

from taskmanager import env
from tests.server import PROJECT


@pytest.mark.parametrize(
    ("text", "seconds"), [("10", 10), ("10s", 10), ("5m", 300), ("2h", 7_200), ("30d", 2_592_000), ("0.5s", 0.5)]
)
def test_durations(monkeypatch, text, seconds):
    monkeypatch.setenv("X", text)
    assert env.duration("X", "1s") == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["0", "-1s", "1w", "s", "1 s", "1e3", "٣s", "9" * 12])
def test_wrong_durations(monkeypatch, text):
    monkeypatch.setenv("X", text)
    with pytest.raises(ImproperlyConfigured, match=r"^X=.*expected a duration"):
        env.duration("X", "1s")


def test_a_bare_number_is_refused_where_a_wrong_unit_would_delete(monkeypatch):
    monkeypatch.setenv("X", "30")
    with pytest.raises(ImproperlyConfigured, match=r"^X='30': expected a duration with its unit"):
        env.duration("X", None, bare=False)
    monkeypatch.setenv("X", "30d")
    assert env.duration("X", None, bare=False) == timedelta(days=30)


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False), ("", False)])
def test_flags(monkeypatch, text, value):
    monkeypatch.setenv("X", text)
    assert env.flag("X") is value


def test_a_secret_is_not_shown(monkeypatch):
    monkeypatch.setenv("X", "0123456789-abcdef")
    assert env.secret("X") == "0123456789-abcdef"
    monkeypatch.setenv("X", "much too ünusual, and spaces")
    with pytest.raises(ImproperlyConfigured, match="^X: expected 16 or more") as refused:
        env.secret("X")
    assert "ünusual" not in str(refused.value)


def test_networks(monkeypatch):
    monkeypatch.setenv("X", "127.0.0.0/8, ::1,")
    assert env.networks("X") == [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    monkeypatch.delenv("X")
    assert env.networks("X") == []


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "10", "localhost", "::1, ::g", "*"])
def test_wrong_networks(monkeypatch, text):
    monkeypatch.setenv("X", text)
    with pytest.raises(ImproperlyConfigured, match=r"^X=.*expected networks"):
        env.networks("X")


@pytest.mark.parametrize(
    ("text", "rate"),
    [("100/s", (100, 1)), ("6000/m", (6_000, 60)), ("1/d", (1, 86_400)), ("0", None), ("", (5, 3_600))],
)
def test_rates(monkeypatch, text, rate):
    monkeypatch.setenv("X", text)
    assert env.rate("X", "5/h") == rate


@pytest.mark.parametrize("text", ["100", "0/s", "-1/s", "1/w", "1/60s", "1 / s", "1.5/s", "٣/s", "/s", "9" * 12 + "/s"])
def test_wrong_rates(monkeypatch, text):
    monkeypatch.setenv("X", text)
    with pytest.raises(ImproperlyConfigured, match=r"^X=.*expected a rate"):
        env.rate("X", "5/h")


@pytest.mark.parametrize("text", ["-3", "1.5", "many", "0", "٣", "9" * 12, "9" * 5_000])
def test_wrong_numbers(monkeypatch, text):
    monkeypatch.setenv("X", text)
    with pytest.raises(ImproperlyConfigured, match=r"^X=.*expected a whole number"):
        env.number("X", 1)


@pytest.mark.parametrize(("read", "text"), [(env.flag, "maybe"), (env.origins, "example.com")])
def test_wrong_values_name_the_variable(monkeypatch, read, text):
    monkeypatch.setenv("X", text)
    with pytest.raises(ImproperlyConfigured, match="^X="):
        read("X")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TASK_ENGINE", "steam"),
        ("TASK_SLOTS", "many"),
        ("TASK_LEASE", "soon"),
        ("TASK_LEASE", "0.5s"),
        ("TASK_GRACE", "-1s"),
        ("TASK_ENGINE", "os.path.join"),
        ("TOKEN_TTL", "999999999d"),
        ("ALLOWED_HOSTS", "http://example.com"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:////etc/passwd"),
        ("TOKEN_TTL", "forever"),
        ("DEBUG", "perhaps"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("ACCESS_LOG", "sometimes"),
        ("METRICS_TOKEN", "short"),
        ("METRICS_TOKEN", "with spaces and such"),
        ("PROMETHEUS_MULTIPROC_DIR", "/nowhere"),
        ("DATABASE_URL", "oracle://x"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "postgres://localhost:port/x"),
        ("CORS_ALLOWED_ORIGINS", "example.com"),
        ("FETCH_ALLOWED_NETWORKS", "10.0.0.1/8"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(tmp_path, name, value):
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3", name: value}
    run = manage("up", "--port", "0", environment=environment)
    assert run.returncode != 0
    assert name in run.stderr or "database" in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1, run.stderr


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_a_wrong_port_is_refused(port):
    run = manage("up", "--port", port, environment=os.environ)
    assert run.returncode != 0
    assert "--port" in run.stderr


def test_a_secret_key_is_made_once_and_is_its_owners_alone(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "SECRET_KEY"}
    environment["DATABASE_URL"] = f"sqlite:///{tmp_path}/x.sqlite3"
    ask = ("shell", "-c", "from django.conf import settings; print(settings.SECRET_KEY)", "--no-imports")
    first, second = (manage(*ask, environment=environment).stdout for _ in range(2))
    assert first == second
    assert len(first.strip()) > 50
    assert (tmp_path / ".secret_key").stat().st_mode & 0o777 == 0o600


def test_another_database_needs_a_secret_key():
    environment = {name: value for name, value in os.environ.items() if name != "SECRET_KEY"}
    run = manage("check", environment=environment | {"DATABASE_URL": "postgres://localhost/x"})
    assert run.stderr.startswith("Wrong setting. SECRET_KEY: required")


def manage(*arguments, environment):
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60)


def test_a_directory_has_to_be_there(monkeypatch, tmp_path):
    monkeypatch.setenv("PLACE", str(tmp_path))
    assert env.directory("PLACE") == str(tmp_path)
    monkeypatch.setenv("PLACE", str(tmp_path / "nowhere"))
    with pytest.raises(ImproperlyConfigured, match="PLACE=.*nowhere"):
        env.directory("PLACE")
