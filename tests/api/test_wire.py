"""The wire: whatever comes in, what goes out is JSON that says what to do."""

from unittest.mock import Mock

import pytest
from django.db import OperationalError
from django.urls import get_resolver

from taskapi.exceptions import TooManyStreams
from taskapi.models import Task
from taskapi.seats import seats
from taskmanager import wire
from taskmanager.wire import DEPTH_LIMIT, JSONParser, TooLarge, check_size
from tests.conftest import client_of

TASKS = "/taskapi/tasks/"


def post(client, body, content_type="application/json", path=TASKS):
    return client.generic("POST", path, body, content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'name': 'a'}",
        b'{"name": "a",}',
        b'{"name": NaN}',
        b'{"name": "a", "arguments": {"seconds": Infinity}}',
        b'{"name": "a", "arguments": {"seconds": 1e999}}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b'{"name": "a", "arguments": {"\\udfff": 1}}',
        b'{"name": "\\u0000"}',
        b'{"name": "a", "description": "x\\u0000y"}',
        b'{"name": "a", "arguments": {"x": [{"y": "\\u0000"}]}}',
        b'{"name": "a", "\\u0000": 1}',
        b"[" * 100_000,
        b'{"a":' * (DEPTH_LIMIT + 1) + b"1" + b"}" * (DEPTH_LIMIT + 1),
        b"\xef\xbb\xbf{}",
        b"\0",
    ],
    ids=lambda body: repr(body)[:30],
)
def test_a_body_that_is_no_good_json_is_a_400(client, body):
    answer = post(client, body)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("The body ")
    assert Task.objects.count() == 0


@pytest.mark.parametrize("body", [b"7", b"null", b'"name"', b"true"])
def test_a_body_that_is_no_object_is_a_400(client, body):
    answer = post(client, body)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/json"


def test_an_escaped_backslash_is_not_a_nul(client):
    assert post(client, b'{"name": "\\\\u0000"}').status_code == 201


def test_an_oversized_body_is_a_413_that_names_the_limit(client, monkeypatch):
    monkeypatch.setattr(JSONParser, "limit", 100)
    answer = post(client, b'{"name": "%s"}' % (b"a" * 100))
    assert answer.status_code == 413
    assert answer.json() == {"detail": "The body is larger than the limit of 100 bytes."}


def test_who_has_not_logged_in_may_send_little(anonymous):
    answer = post(anonymous, b'{"username": "%s"}' % (b"a" * 70_000), path="/userapi/login/")
    assert answer.status_code == 413


def test_a_compressed_body_is_a_415(client):
    answer = client.generic("POST", TASKS, b"{}", "application/json", HTTP_CONTENT_ENCODING="gzip")
    assert answer.status_code == 415


def test_of_many_unknown_fields_some_are_named(client):
    answer = client.post(TASKS, {str(number): 0 for number in range(1_000)})
    assert answer.status_code == 400
    assert len(answer.json()) < 30


@pytest.mark.parametrize("path", ["/", "/index.html", "/favicon.svg"])
def test_the_page_is_read_only(client, path):
    answer = client.post(path, {})
    assert answer.status_code == 404
    assert list(answer.json()) == ["detail"]


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "x"]
)
def test_something_else_than_json_is_a_415_that_says_so(client, content_type):
    answer = post(client, b"name=a", content_type)
    assert answer.status_code == 415
    assert answer.json() == {"detail": 'Send JSON, with the header "Content-Type: application/json".'}


def test_a_character_set_in_the_content_type_is_fine(client):
    assert post(client, b'{"name": "a"}', "application/json; charset=utf-8").status_code == 201


@pytest.mark.parametrize("path", ["/nope/", "/taskapi/", "/taskapi/nope/", "/userapi/", "/taskapi/tasks/1/x/", "/%ff/"])
def test_an_unknown_url_is_a_json_404(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert list(answer.json()) == ["detail"]


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_a_missing_final_slash_is_a_404_that_says_so(client, method):
    answer = getattr(client, method)("/taskapi/tasks")
    assert answer.status_code == 404
    assert answer.json() == {
        "detail": "There is nothing at /taskapi/tasks. URLs end with a slash: try /taskapi/tasks/."
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", TASKS), ("PATCH", TASKS), ("PUT", "1/"), ("POST", "1/"), ("TRACE", TASKS), ("GET", "/userapi/login/")],
)
def test_a_wrong_method_is_a_405(client, method, path):
    answer = client.generic(method, path if path.startswith("/") else TASKS + path)
    assert answer.status_code == 405
    assert answer["Allow"]
    assert method in answer.json()["detail"]


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense", "application/json;q=0"])
def test_the_answer_is_json_whatever_was_asked_for(client, accept):
    answer = client.get(TASKS, HTTP_ACCEPT=accept)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"


def test_a_wrong_host_is_a_json_400(client):
    answer = client.get(TASKS, HTTP_HOST="evil.example")
    assert answer.status_code == 400
    assert list(answer.json()) == ["detail"]


def test_an_error_of_ours_is_a_json_500_without_a_trace(user, monkeypatch):
    client = client_of(user)
    client.raise_request_exception = False
    monkeypatch.setattr("taskapi.views.filters.page", lambda *args: 1 / 0)
    answer = client.get(TASKS)
    assert answer.status_code == 500
    assert answer.json() == {"detail": "Something went wrong on the server. It has been logged."}


def test_a_database_that_is_away_is_a_503(client, monkeypatch):
    def away(*args):
        raise OperationalError("gone")

    monkeypatch.setattr("taskapi.views.filters.page", away)
    answer = client.get(TASKS)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "2"
    assert answer.json() == {"detail": "The database does not answer. Try again in a moment."}


def test_a_refusal_is_not_an_error_in_the_log(client, monkeypatch, caplog):
    monkeypatch.setattr(seats, "take", Mock(side_effect=TooManyStreams("No.")))
    assert client.get("/taskapi/events/").status_code == 503
    assert not caplog.records


@pytest.mark.parametrize("path", [TASKS, "/userapi/login/", "/taskapi/nope/"])
def test_a_page_from_disk_may_call_the_api(anonymous, path):
    answer = anonymous.options(
        path,
        HTTP_ORIGIN="null",
        HTTP_ACCESS_CONTROL_REQUEST_METHOD="POST",
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS="authorization,content-type,idempotency-key,last-event-id",
    )
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == "*"
    for header in ("authorization", "content-type", "idempotency-key", "last-event-id"):
        assert header in answer["Access-Control-Allow-Headers"]


def test_a_refusal_can_be_read_by_a_page_from_disk(anonymous):
    answer = anonymous.get(TASKS, HTTP_ORIGIN="null")
    assert answer.status_code == 401
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert (
        answer["Access-Control-Expose-Headers"]
        == "Link, Location, ETag, Retry-After, X-Offset, X-Next-Offset, X-Request-ID"
    )


def test_cookies_are_neither_set_nor_believed(client):
    answer = client.get(TASKS, HTTP_ORIGIN="https://elsewhere.example")
    assert "Set-Cookie" not in answer
    assert "Access-Control-Allow-Credentials" not in answer


def urls():
    """A URL for each route of both APIs."""
    apps = [app for app in get_resolver().url_patterns if str(app.pattern) in ("taskapi/", "userapi/")]
    return [f"/{app.pattern}{route.pattern}".replace("<pk>", "1") for app in apps for route in app.url_patterns]


@pytest.mark.parametrize("path", [*urls(), "/schema/"])
@pytest.mark.parametrize("headers", [{}, {"HTTP_AUTHORIZATION": "Token wrong"}], ids=["no token", "a wrong one"])
def test_of_who_is_not_known_little_is_read(anonymous, monkeypatch, path, headers):
    limits = []
    parse = JSONParser.parse
    monkeypatch.setattr(JSONParser, "parse", lambda self, *rest: (limits.append(self.limit), parse(self, *rest))[1])
    for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
        assert anonymous.generic(method, path, b"{}", "application/json", **headers).status_code < 500
    assert set(limits) <= {64 * 2**10}


def test_values_are_counted_before_they_are_made(client, settings):
    settings.VALUES_LIMIT = 100
    answer = post(client, b'{"name": "a", "arguments": {"x": [%s]}}' % b",".join([b"{}"] * 100))
    assert answer.status_code == 413
    assert answer.json() == {"detail": "The body has more than the limit of 100 values."}


@pytest.mark.parametrize("text", [b",[{" * 100, b'\\",' * 100, b'\\\\\\",' * 100, b"\\\\"])
def test_what_is_in_a_string_is_one_value(client, settings, text):
    settings.VALUES_LIMIT = 100
    body = b'{"name": "a", "description": "%s", "nice": 1, "timeout": %s}'
    assert post(client, body % (text, b"1")).status_code == 201
    assert post(client, body % (text, b"[%s]" % b",".join([b"1"] * 100))).status_code == 413


@pytest.mark.parametrize("size", [1, 7, 64])
def test_where_the_windows_end_does_not_matter(monkeypatch, size):
    monkeypatch.setattr(wire, "WINDOW", size)
    monkeypatch.setattr(wire.settings, "VALUES_LIMIT", 12)
    check_size(b'["a,b", "c\\"d,[{", [1, 2], {"e": ",,,,,,,,,,,,,,,,,,"}]')
    with pytest.raises(TooLarge):
        check_size(b'["a,b", "c\\"d", [1, 2, 3, 4, 5, 6, 7, 8], {"e": ",,"}]')
