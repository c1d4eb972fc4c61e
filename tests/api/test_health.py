"""/healthz and /readyz: for load balancers."""

from unittest.mock import Mock

import pytest
from django.db import OperationalError

import taskmanager
from taskapi.engines import get_engine
from taskmanager import health
from tests.conftest import wait_for


@pytest.fixture
def engine_works(monkeypatch):
    monkeypatch.setattr(get_engine(), "works", lambda: True)


def test_a_server_that_lives_says_which_version_it_is(anonymous):
    answer = anonymous.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": taskmanager.__version__})


def test_a_server_is_ready_when_database_and_engine_are(anonymous, engine_works):
    answer = anonymous.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "database": "ok", "engine": "ok"})
    assert answer["Cache-Control"] == "no-store"


def test_not_without_its_engine(anonymous, monkeypatch):
    monkeypatch.setattr(get_engine(), "works", lambda: False)
    answer = anonymous.get("/readyz")
    assert (answer.status_code, answer.json()["engine"]) == (503, "stopped")


def test_not_without_its_database(anonymous, engine_works, monkeypatch):
    monkeypatch.setattr(health.History, "start", Mock(side_effect=OperationalError("gone")))
    monkeypatch.setattr(health, "connection", Mock())
    answer = anonymous.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "away")


def test_not_before_its_migrations(anonymous, engine_works, monkeypatch):
    monkeypatch.setattr(health, "is_migrated", lambda: False)
    answer = anonymous.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "not migrated")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_they_are_for_reading(anonymous, path):
    answer = anonymous.post(path)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
    assert "detail" in answer.json()
    assert anonymous.head(path).status_code in (200, 503)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_they_may_be_called_by_address(anonymous, engine_works, path):
    assert anonymous.get(path, HTTP_HOST="10.0.0.5").status_code == 200


def test_a_real_server_is_ready(server):
    ready = 200, {"status": "ok", "database": "ok", "engine": "ok"}
    wait_for(lambda: server.call("GET", "/readyz") == ready)  # it serves before its engine has begun
