"""The contract, "Words on the wire": statuses, reasons, times, errors, tokens, origins."""

import http.client
import re
import socket

import pytest

from tests.conftest import wait_for
from tests.contract.conftest import TASKS

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
# Every call that is about one task, and every call that needs a token.
ONE = [
    ("GET", ""),
    ("GET", "?wait=1"),
    ("PATCH", ""),
    ("DELETE", ""),
    ("POST", "signal/"),
    ("GET", "output/"),
    ("GET", "output/?follow=1"),
    ("POST", "restart/"),
    ("GET", "events/"),
]
CALLS = [
    ("POST", "/userapi/logout/"),
    ("POST", "/userapi/logoutall/"),
    ("GET", "/userapi/me/"),
    ("PATCH", "/userapi/me/"),
    ("POST", "/userapi/password/"),
    ("GET", TASKS),
    ("POST", TASKS),
    ("DELETE", f"{TASKS}?status=running"),
    *[(method, f"{TASKS}1/{rest}") for method, rest in ONE],
    ("GET", "/taskapi/programs/"),
    ("GET", "/taskapi/events/"),
]


def is_json_error(answer):
    """Whether this says in JSON, and in JSON only, what is wrong."""
    plain = not re.search(rb"<|Traceback|File \"", answer.body)
    return plain and answer.headers["Content-Type"] == "application/json" and isinstance(answer.json["detail"], str)


# status


def test_a_status_is_lower_case_and_has_a_label(ada):
    task = ada.later()
    assert (task["status"], task["status_label"]) == ("pending", "Pending")


@pytest.mark.parametrize("word", ["pending", "PENDING", "Pending"])
def test_a_filter_takes_a_status_in_any_case(newcomer, word):
    task = newcomer.later()
    assert [found["id"] for found in newcomer.get(f"{TASKS}?status={word}").json] == [task["id"]]


# reason


def test_reason_of_a_pending_task_that_waits_for_its_time(ada):
    assert ada.later()["reason"] == "scheduled"


def test_reason_of_a_pending_task_that_is_tried_again(ada):
    task = ada.fork(program="fail", max_attempts=5)
    wait_for(lambda: (now := ada.task(task))["reason"] == "retry" and now["status"] == "pending")


def test_reason_of_a_running_task_is_empty_and_then_stopped(ada):
    task = ada.running()
    assert task["reason"] == ""
    assert ada.post(f"{TASKS}{task['id']}/signal/", {"signal": "STOP"}).json["reason"] == "stopped"


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        ("error", {"program": "fail"}),
        ("exit", {"program": "leave"}),
        ("timeout", {"arguments": {"seconds": 60}, "timeout": 0.1}),
    ],
)
def test_reason_of_a_failed_task(ada, reason, fields):
    task = ada.ended(**{"arguments": {}} | fields)
    assert (task["status"], task["reason"]) == ("failed", reason)


def test_reason_of_a_killed_task_is_terminating_while_its_program_is_stopped_and_then_empty(ada):
    task = ada.running(program="linger")
    wait_for(lambda: ada.get(f"{TASKS}{task['id']}/output/").body)
    ada.delete(f"{TASKS}{task['id']}/")
    now = ada.task(task)
    assert (now["status"], now["reason"]) == ("killed", "terminating")
    wait_for(lambda: ada.task(task)["reason"] == "")


# times


def test_times_are_iso_8601_in_utc_with_a_z(ada):
    task = ada.ended()
    assert all(TIME.fullmatch(task[name]) for name in task if name.endswith("_at") and name != "run_at")


def test_a_time_with_another_offset_is_answered_in_utc(ada):
    assert ada.fork(run_at="2100-01-01T01:00:00+01:00")["run_at"] == "2100-01-01T00:00:00Z"


def test_completed_at_and_ended_at_of_a_completed_task(ada):
    task = ada.ended()
    assert task["completed_at"] == task["ended_at"] is not None


def test_ended_at_and_no_completed_at_of_a_failed_task(ada):
    task = ada.ended(program="fail", arguments={})
    assert (task["completed_at"], task["ended_at"] is None) == (None, False)


def test_ended_at_and_no_completed_at_of_a_killed_task(ada):
    task = ada.later()
    ada.delete(f"{TASKS}{task['id']}/")
    task = ada.task(task)
    assert (task["completed_at"], task["ended_at"] is None) == (None, False)


# errors


@pytest.mark.parametrize(
    ("status", "method", "path", "body", "headers"),
    [
        (404, "GET", "/nowhere/", None, {}),
        (404, "POST", "/taskapi/nowhere/", {}, {}),
        (404, "GET", "/taskapi/tasks", None, {}),
        (404, "GET", f"{TASKS}0/", None, {}),
        (404, "GET", f"{TASKS}one/", None, {}),
        (404, "GET", f"{TASKS}{'9' * 30}/", None, {}),
        (404, "GET", f"{TASKS}%00/", None, {}),
        (405, "PUT", TASKS, {}, {}),
        (405, "PUT", f"{TASKS}1/", {}, {}),
        (405, "GET", "/userapi/login/", None, {}),
        (405, "DELETE", "/taskapi/programs/", None, {}),
        (405, "BREW", TASKS, None, {}),
        (400, "POST", TASKS, b"{", {}),
        (400, "POST", TASKS, b"[[[" * 1000, {}),
        (400, "GET", TASKS, None, {"Host": "evil.example"}),
        (415, "POST", TASKS, b"\x1f\x8b", {"Content_Encoding": "gzip"}),
        (413, "POST", TASKS, b" " * (10 * 2**20 + 1), {}),
        (413, "POST", "/userapi/login/", b" " * (64 * 2**10 + 1), {}),
    ],
)
def test_an_error_is_json(ada, status, method, path, body, headers):
    answer = ada.call(method, path, body, **headers)
    assert (answer.status, is_json_error(answer)) == (status, True), answer


def test_an_error_for_another_content_type_is_json(ada, server):
    headers = {"Authorization": f"Token {ada.token}", "Content-Type": "application/x-www-form-urlencoded"}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", TASKS, b"name=a", headers)
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Type"]) == (415, "application/json")
    connection.close()


def test_an_error_for_a_wrong_method_says_which_are_right(ada):
    assert set(ada.call("PUT", TASKS).headers["Allow"].split(", ")) >= {"GET", "POST", "DELETE"}


def test_an_error_of_a_field_is_a_map_to_messages(ada):
    answer = ada.post(TASKS, {"name": "", "nice": "high"})
    assert (answer.status, sorted(answer.json)) == (400, ["name", "nice"])
    assert all(isinstance(text, str) for messages in answer.json.values() for text in messages)


@pytest.mark.parametrize(
    "request_text",
    [
        b"NONSENSE\r\n\r\n",
        b"POST /taskapi/tasks/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST /taskapi/tasks/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    ],
    ids=["nonsense", "oversized", "no length", "long header"],
)
def test_an_error_for_what_is_hardly_http_is_json(server, request_text):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(request_text)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert 400 <= answer.status < 500
        assert answer.headers["Content-Type"] == "application/json"
        assert b'{"detail":"' in answer.read()


# tokens


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_without_a_token_401_and_www_authenticate(anonymous, method, path):
    answer = anonymous.call(method, path, {} if method in ("POST", "PATCH") else None)
    assert (answer.status, answer.headers["WWW-Authenticate"], is_json_error(answer)) == (401, "Token", True)


@pytest.mark.parametrize(
    "header", ["Token", "Token nonsense", "Token a b", "Bearer {}", "Basic YWRhOmFkYQ==", "{}", "Token \xff"]
)
def test_a_bad_token_401_and_www_authenticate(ada, anonymous, header):
    answer = anonymous.get(TASKS, Authorization=header.format(ada.token))
    assert (answer.status, answer.headers["WWW-Authenticate"], is_json_error(answer)) == (401, "Token", True)


def test_the_word_token_counts_in_any_case(ada, anonymous):
    assert anonymous.get(TASKS, Authorization=f"token {ada.token}").status == 200


def test_no_cookie_is_set_or_read(ada, anonymous):
    assert ada.get(TASKS).headers["Set-Cookie"] is None
    assert anonymous.get(TASKS, Cookie=f"token={ada.token}; sessionid={ada.token}").status == 401


@pytest.mark.parametrize(("method", "rest"), ONE)
def test_another_users_task_404(ada, grace, method, rest):
    task = ada.later()
    body = {"POST": {"signal": "TERM"}, "PATCH": {"name": "mine"}}.get(method)
    answer = grace.call(method, f"{TASKS}{task['id']}/{rest}", body)
    assert (answer.status, is_json_error(answer)) == (404, True)
    assert ada.task(task) == task


def test_another_users_task_is_neither_listed_nor_killed(ada, newcomer):
    task = ada.later()
    assert newcomer.get(TASKS).json == []
    assert newcomer.delete(f"{TASKS}?status=pending").json["killed"] == 0
    assert ada.task(task) == task


# origins


def words(header):
    return {word.strip().lower() for word in header.split(",")}


@pytest.mark.parametrize("origin", ["null", "https://elsewhere.example"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_a_preflight_from_any_origin_allows(anonymous, origin, method):
    asked = {"Origin": origin, "Access_Control_Request_Method": method}
    answer = anonymous.options(f"{TASKS}1/", **asked, Access_Control_Request_Headers="authorization")
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert method in answer.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize("header", ["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"])
def test_a_preflight_allows_the_header(anonymous, header):
    asked = {"Origin": "null", "Access_Control_Request_Method": "POST"}
    answer = anonymous.options(TASKS, **asked, Access_Control_Request_Headers=header.lower())
    assert header.lower() in words(answer.headers["Access-Control-Allow-Headers"])


@pytest.mark.parametrize("header", ["Link", "Location", "ETag", "Retry-After", "X-Offset", "X-Next-Offset"])
def test_the_header_is_exposed(ada, header):
    answer = ada.get(TASKS, Origin="null")
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert header.lower() in words(answer.headers["Access-Control-Expose-Headers"])


@pytest.mark.parametrize(("status", "path"), [(401, TASKS), (404, "/taskapi/nowhere/"), (405, "/userapi/login/")])
def test_an_error_can_be_read_from_any_origin(anonymous, status, path):
    answer = anonymous.get(path, Origin="null")
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (status, "*")


def test_a_stream_can_be_read_from_any_origin(ada):
    with ada.open("/taskapi/events/", Origin="null") as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_no_origin_may_send_credentials_of_the_browser(ada):
    assert ada.get(TASKS, Origin="null").headers["Access-Control-Allow-Credentials"] is None
