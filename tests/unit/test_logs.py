"""The log: one record is one line, for people or as JSON, and says for which request and task it is."""

import json
import logging
import sys

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse

from taskmanager import request_id, requests
from taskmanager.logs import Context, JSONFormatter, LineFormatter

TEXT = "{levelname} {name}: {message}"


def record(message="hello", *arguments, error=None, **attached):
    made = logging.makeLogRecord({"name": "x", "levelname": "INFO", "msg": message, "args": arguments, **attached})
    made.exc_info = error and (type(error), error, error.__traceback__)
    Context().filter(made)
    return made


def as_line(*arguments, **attached):
    return LineFormatter(TEXT, style="{").format(record(*arguments, **attached))


def as_json(*arguments, **attached):
    line = JSONFormatter().format(record(*arguments, **attached))
    assert len(line.splitlines()) == 1
    return json.loads(line)


def raised(message):
    try:
        raise ValueError(message)
    except ValueError as error:
        return error


@pytest.fixture
def in_request():
    token = request_id.current.set("r1")
    yield
    request_id.current.reset(token)


def test_a_line_for_people():
    assert as_line("hello %s", "you") == "INFO x: hello you"


def test_it_ends_with_the_id_of_its_request(in_request):
    assert as_line() == "INFO x: hello [r1]"


@pytest.mark.parametrize(
    ("text", "written"),
    [("a\nINFO x: b", r"a\nINFO x: b"), ("\x1b[2J\r\0", r"\x1b[2J\r\x00"), ("\x85\u2028", r"\x85\u2028")],
)
def test_nothing_in_it_can_look_like_another_line(text, written):
    assert as_line("%s", text) == f"INFO x: {written}"


def test_neither_can_anything_in_a_traceback():
    first, *others = as_line(error=raised("a\nINFO x: b")).splitlines()
    assert first == "INFO x: hello"
    assert "    INFO x: b" in others
    assert all(line.startswith("    ") for line in others)


def test_nor_does_it_do_anything_to_a_terminal():
    assert as_line(error=raised("\x1b[2J\0")).splitlines()[-1] == r"    ValueError: \x1b[2J\x00"


def test_json_has_a_line_for_each_record():
    found = as_json("a\nb %s", "\ud800\x00", created=1.5)
    assert found == {"time": "1970-01-01T00:00:01.500000Z", "level": "INFO", "logger": "x", "message": "a\nb \\ud800\0"}


def test_json_names_the_request(in_request):
    assert as_json()["request_id"] == "r1"


def test_json_names_the_task_that_a_message_is_about():
    assert as_json("Task %s: %s failed", 7, "sleep")["task_id"] == 7


def test_json_has_an_exception_as_a_field():
    assert as_json(error=raised("no"))["exception"].endswith("ValueError: no")


def test_json_tells_nothing_else_that_is_attached():
    assert "secret" not in json.dumps(as_json(request="?token=secret", status=200))


def test_what_cannot_be_formatted_is_reported_and_not_raised(capsys):
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JSONFormatter())
    handler.handle(record("%d", "x"))
    assert "Logging error" in capsys.readouterr().err


@pytest.fixture
def answered(rf, settings, caplog):
    """answered(path, user) is what the access log says of a request."""

    def answered(path, user=None):
        request = rf.get(path, headers={"X-Request-ID": "r1"})
        request.user = user or AnonymousUser()
        with caplog.at_level(logging.INFO, "taskmanager.access"):
            requests.RequestMiddleware(lambda request: HttpResponse(status=404))(request)
        return caplog.records

    settings.ACCESS_LOG = True
    return answered


def test_the_access_log_tells_who_asked_for_what(answered, user):
    [line] = answered("/a/", user)
    assert (line.method, line.path, line.status, line.user_id) == ("GET", "/a/", 404, user.pk)
    assert line.ms >= 0


def test_it_never_tells_a_query(answered):
    [line] = answered("/a/?token=secret")
    assert "secret" not in line.getMessage()
    assert line.user_id is None


def test_it_is_off_by_default(answered, settings):
    settings.ACCESS_LOG = False
    assert answered("/a/") == []
