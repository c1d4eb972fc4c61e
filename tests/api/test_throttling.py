"""Guessing is slowed down: where the guesser is, and nowhere else."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from tests.conftest import PASSWORD, client_of, database_url
from tests.server import Gunicorn
from userapi.models import AttemptCount

ADA = {"username": "ada", "password": PASSWORD}
WRONG = ADA | {"password": "wrong-horse-9"}
CHANGE = {"old_password": "wrong-horse-9", "new_password": "battery-staple-7"}
WINDOW = timedelta(minutes=5)


def log_in(body, address="192.0.2.1"):
    return APIClient().post("/userapi/login/", body, REMOTE_ADDR=address)


def guess(times, address="192.0.2.1", username="ada"):
    return [log_in(WRONG | {"username": username}, address).status_code for _ in range(times)]


def add(times=1, key="k", limit=3):
    """For how long each was told to wait."""
    return [AttemptCount.objects.add(key, limit, WINDOW) for _ in range(times)]


@pytest.mark.django_db
def test_attempts_are_counted_up_to_the_limit():
    assert add(3) == [0, 0, 0]
    [wait] = add()
    assert 0 < wait <= 300
    assert AttemptCount.objects.get().number == 3
    assert add(key="another") == [0]


@pytest.mark.django_db
def test_when_the_window_is_over_a_new_one_begins():
    add(4)
    AttemptCount.objects.update(ends_at=timezone.now())
    assert add(4)[:3] == [0, 0, 0]
    assert AttemptCount.objects.get().ends_at > timezone.now()


@pytest.mark.django_db
def test_an_attempt_is_taken_back_never_below_none():
    add(3)
    AttemptCount.objects.take_back("k")
    assert add(2)[0] == 0
    for _ in range(5):
        AttemptCount.objects.take_back("k")
    assert AttemptCount.objects.get().number == 0


@pytest.mark.django_db
def test_counting_in_a_window_that_runs_is_one_query(django_assert_num_queries):
    add()
    AttemptCount.objects.reset("k")
    with django_assert_num_queries(3):
        assert add(3) == [0, 0, 0]


@pytest.mark.django_db
def test_windows_that_are_over_are_thrown_away():
    for number in range(20):
        add(key=str(number))
    AttemptCount.objects.update(ends_at=timezone.now())
    add()
    assert [count.key for count in AttemptCount.objects.all()] == ["k"]


@pytest.mark.parametrize("state", ["new", "over"])
def test_of_many_attempts_at_once_only_as_many_as_the_limit_get_through(transactional_db, state):
    if state == "over":
        add(3)
        AttemptCount.objects.update(ends_at=timezone.now())
    barrier, waits = threading.Barrier(12), []

    def attempt():
        barrier.wait(30)
        waits.extend(add(5, limit=10))
        connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(waits), waits.count(0)) == (60, 10)


def test_the_tenth_failure_is_answered_and_the_eleventh_is_not(user):
    assert guess(11) == [401] * 10 + [429]
    answer = log_in(ADA)
    assert (answer.status_code, list(answer.json())) == (429, ["detail"])
    assert 0 < int(answer["Retry-After"]) <= 300


def test_a_guesser_does_not_lock_the_owner_out_elsewhere(user):
    guess(12)
    assert log_in(ADA, "192.0.2.2").status_code == 200


def test_a_guesser_does_not_lock_out_the_others_of_an_office(user, other):
    assert guess(200)[-1] == 429
    assert log_in({"username": "grace", "password": PASSWORD}).status_code == 200


def test_an_office_that_logs_in_all_day_is_not_slowed_down(user, settings):
    settings.LOGIN_FAILURES_ADDRESS = 5
    assert [log_in(ADA).status_code for _ in range(20)] == [200] * 20


def test_who_knows_the_password_has_all_attempts_again(user):
    guess(9)
    assert log_in(ADA).status_code == 200
    assert guess(11) == [401] * 10 + [429]


def test_many_names_from_one_address_are_limited_together(user, settings):
    settings.LOGIN_FAILURES_ADDRESS = 5
    assert [guess(1, username=f"name{number}")[0] for number in range(6)] == [401] * 5 + [429]
    assert log_in(ADA).status_code == 429
    assert log_in(ADA, "192.0.2.2").status_code == 200


def test_who_is_over_the_limit_of_an_address_leaves_no_rows(settings, db):
    settings.LOGIN_FAILURES_ADDRESS = 2
    for number in range(20):
        guess(1, username=f"name{number}")
    assert AttemptCount.objects.count() == 3


def test_an_unknown_name_is_limited_like_a_known_one(db):
    assert guess(11, username="nobody") == [401] * 10 + [429]


def test_the_name_is_counted_whatever_its_case(user):
    guess(5)
    assert guess(6, username="ＡDA") == [401] * 5 + [429]


def test_ipv6_is_counted_by_network(user, settings):
    settings.LOGIN_FAILURES = 2
    assert [guess(1, f"2001:db8:0:1::{number}")[0] for number in range(1, 4)] == [401, 401, 429]
    assert guess(1, "2001:db8:0:2::1") == [401]


@pytest.mark.parametrize("address", ["", "::ffff:192.0.2.1", "fe80::1%eth0", "/run/socket"])
def test_any_peer_can_be_counted(user, address):
    assert guess(11, address) == [401] * 10 + [429]


def test_a_forwarded_address_that_nobody_vouches_for_makes_no_difference(user):
    client = APIClient()
    answers = [
        client.post("/userapi/login/", WRONG, HTTP_X_FORWARDED_FOR=f"198.51.100.{number}") for number in range(11)
    ]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]


def test_wrong_old_passwords_are_limited_by_token(client, user):
    answers = [client.post("/userapi/password/", CHANGE) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [400] * 10 + [429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 300
    right = CHANGE | {"old_password": PASSWORD}
    assert client.post("/userapi/password/", right).status_code == 429
    assert client_of(user).post("/userapi/password/", right).status_code == 204


def test_a_new_password_that_is_refused_is_no_guess(client):
    weak = {"old_password": PASSWORD, "new_password": "short"}
    assert [client.post("/userapi/password/", weak).status_code for _ in range(12)] == [400] * 12


def test_a_guessed_token_is_refused_and_writes_nothing(anonymous, django_assert_num_queries):
    """It has 256 random bits: a limit would only add a write to each request of an old script."""
    with django_assert_num_queries(30):
        for number in range(30):
            anonymous.credentials(HTTP_AUTHORIZATION=f"Token {number:064x}")
            assert anonymous.get("/userapi/me/").status_code == 401


def test_all_processes_of_a_server_count_together(transactional_db, user):
    with Gunicorn(database_url(), processes=3, DJANGO_SETTINGS_MODULE="tests.settings") as server:
        statuses = [server.call("POST", "/userapi/login/", WRONG)[0] for _ in range(14)]
    assert statuses == [401] * 10 + [429] * 4
