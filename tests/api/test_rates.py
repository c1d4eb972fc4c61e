"""Calls by users, and by addresses without a token, are counted."""

from contextlib import closing

import pytest

from taskmanager import throttling
from taskmanager.throttling import Limiter
from tests.conftest import client_of

TASKS = "/taskapi/tasks/"


@pytest.fixture
def throttle(monkeypatch):
    """throttle(users=1) lets each user make one call."""

    def throttle(**counts):
        for name, count in counts.items():
            monkeypatch.setattr(throttling, name, Limiter(count, 60) if count else None)

    return throttle


def statuses(client, path, calls, **headers):
    return [client.get(path, **headers).status_code for _ in range(calls)]


def test_a_user_who_calls_too_often_is_told_when_to_come_again(client, throttle):
    throttle(users=2)
    assert statuses(client, TASKS, 2) == [200, 200]
    answer = client.get("/userapi/me/")
    assert (answer.status_code, answer["Retry-After"]) == (429, "30")
    assert answer.json() == {"detail": "2 calls in 60 s are the limit. Try again in 30 s."}


def test_another_user_and_another_token_are_counted_apart_and_together(client, user, other, throttle):
    throttle(users=1)
    assert statuses(client, TASKS, 1) == [200]
    assert statuses(client_of(user), TASKS, 1) == [429]
    assert statuses(client_of(other), TASKS, 1) == [200]


@pytest.mark.parametrize("path", [TASKS, "/schema/", "/userapi/login/"])
def test_who_has_no_token_is_counted_by_address(anonymous, throttle, path):
    throttle(addresses=1)
    statuses(anonymous, path, 1, REMOTE_ADDR="192.0.2.1")
    assert statuses(anonymous, path, 1, REMOTE_ADDR="192.0.2.1") == [429]
    assert 429 not in statuses(anonymous, path, 1, REMOTE_ADDR="192.0.2.2")


def test_a_bad_token_counts_as_none(anonymous, throttle):
    throttle(addresses=2)
    assert [anonymous.get(TASKS, HTTP_AUTHORIZATION=f"Token {n}").status_code for n in range(3)] == [401, 401, 429]


def test_a_good_token_is_let_in_whatever_others_do_at_its_address(client, anonymous, throttle):
    throttle(addresses=1)
    assert statuses(anonymous, TASKS, 2) == [401, 429]
    assert statuses(client, TASKS, 1) == [200]


def test_a_failed_login_is_counted_once(anonymous, user, throttle):
    throttle(addresses=2)
    body = {"username": "ada", "password": "wrong"}
    assert [anonymous.post("/userapi/login/", body).status_code for _ in range(3)] == [401, 401, 429]


def test_who_may_not_even_ask_is_counted(anonymous, throttle, settings):
    throttle(addresses=2)
    settings.REGISTRATION = "closed"
    assert [anonymous.post("/userapi/register/", {}).status_code for _ in range(3)] == [403, 403, 429]


def test_a_stream_is_one_call_whatever_comes_on_it(client, throttle):
    throttle(users=2)
    with closing(client.get("/taskapi/events/")) as stream:
        assert next(iter(stream.streaming_content)).startswith(b"retry:")
        assert statuses(client, TASKS, 2) == [200, 429]


def test_no_query_is_made_for_it(client, throttle, django_assert_num_queries):
    statuses(client, "/userapi/me/", 1)
    throttle(users=5, addresses=5)
    with django_assert_num_queries(1):  # the token's
        statuses(client, "/userapi/me/", 1)


def test_health_and_page_are_not_counted(anonymous, throttle):
    throttle(addresses=1)
    assert 429 not in statuses(anonymous, "/healthz", 3) + statuses(anonymous, "/favicon.svg", 3)


def test_a_page_from_disk_can_read_when_to_come_again(anonymous, throttle):
    throttle(addresses=1)
    statuses(anonymous, TASKS, 1)
    answer = anonymous.get(TASKS, HTTP_ORIGIN="null")
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (429, "*")


def test_it_can_be_switched_off(client, anonymous, throttle):
    throttle(users=0, addresses=0)
    assert set(statuses(client, TASKS, 5)) == {200}
    assert set(statuses(anonymous, TASKS, 5)) == {401}
