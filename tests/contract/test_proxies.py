"""Behind a proxy: who the client is, and how it came, on the servers that it can be."""

import http.client
import json
from contextlib import closing

import pytest

from tests.conftest import database_url
from tests.contract.conftest import empty
from tests.server import ASGI, Gunicorn, Server

TRUSTING = {"DJANGO_SETTINGS_MODULE": "tests.settings", "TRUSTED_PROXIES": "127.0.0.1,10.0.0.0/8", "HSTS": "1h"}
LOGIN = "/userapi/login/"
WRONG = {"username": "ada", "password": "wrong-horse-9"}
TASKS = "/taskapi/tasks/?limit=1"


class PlainASGI(ASGI):
    def command(self):
        return [*super().command(), "--no-proxy-headers"]


@pytest.fixture(params=[Server, Gunicorn, PlainASGI], scope="module")
def server(request, transactional_db, django_db_blocker):
    with request.param(database_url(), **TRUSTING) as server:
        yield server
    empty(django_db_blocker)


def guess(server, *forwarded, times=1):
    headers = {"X-Forwarded-For": ", ".join(forwarded)} if forwarded else {}
    return [server.raw("POST", LOGIN, WRONG, **headers)[0] for _ in range(times)]


def test_each_client_is_counted_for_itself(server):
    assert guess(server, "203.0.113.1", times=11) == [401] * 10 + [429]
    assert guess(server, "203.0.113.2") == [401]
    assert guess(server, "203.0.113.1:4711", "10.1.1.1") == [429]


def test_what_a_client_has_put_before_makes_no_difference(server):
    assert [guess(server, f"198.51.100.{number}", "203.0.113.3")[0] for number in range(11)] == [401] * 10 + [429]


@pytest.mark.parametrize(("name", "client"), [("X-Forwarded-For", "203.0.113.4"), ("X_Forwarded_For", "203.0.113.5")])
def test_a_second_header_in_front_or_in_disguise_makes_no_difference(server, name, client):
    headers = [[(name, f"198.51.100.{number}"), ("X-Forwarded-For", client)] for number in range(11)]
    statuses = [guess_with(server, *pair) for pair in headers]
    assert statuses == [401] * 10 + [429]


def guess_with(server, *headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with closing(connection):
        connection.putrequest("POST", LOGIN)
        body = json.dumps(WRONG).encode()
        for header in (*headers, ("Content-Type", "application/json"), ("Content-Length", str(len(body)))):
            connection.putheader(*header)
        connection.endheaders(body)
        return connection.getresponse().status


def test_links_lead_to_where_the_client_came_from(server):
    token = server.log_in("linked")
    for _ in range(2):
        server.call("POST", "/taskapi/tasks/", {"name": "a", "run_at": "2100-01-01T00:00:00Z"}, token)
    _, headers, _ = server.raw("GET", TASKS, token=token, **{"X-Forwarded-Proto": "https"})
    assert headers["Link"].startswith(f"<https://127.0.0.1:{server.port}/taskapi/tasks/")
    assert headers["Strict-Transport-Security"] == "max-age=3600"
    _, headers, _ = server.raw("GET", TASKS, token=token)
    assert headers["Link"].startswith("<http://")
    assert "Strict-Transport-Security" not in headers


def test_without_the_setting_nobody_is_believed(transactional_db):
    with Server(database_url(), DJANGO_SETTINGS_MODULE="tests.settings", HSTS="1h") as server:
        statuses = [guess(server, f"203.0.113.{number}")[0] for number in range(11)]
        _, headers, _ = server.raw("GET", "/userapi/me/", **{"X-Forwarded-Proto": "https"})
    assert statuses == [401] * 10 + [429]
    assert "Strict-Transport-Security" not in headers
