"""Who may make an account, and how many of them."""

import pytest
from rest_framework.test import APIClient

from tests.conftest import PASSWORD
from userapi.models import User

ADA = {"username": "ada", "email": "ada@example.com", "password": PASSWORD}


def register(number=0, address="192.0.2.1", **fields):
    body = ADA | {"username": f"user{number}", "email": f"user{number}@example.com"} | fields
    return APIClient().post("/userapi/register/", body, REMOTE_ADDR=address)


def log_in(client):
    return client.post("/userapi/login/", {"username": "ada", "password": PASSWORD})


def test_by_default_anybody_may(anonymous):
    assert anonymous.post("/userapi/register/", ADA).json().keys() == {"id", "username", "email"}
    assert User.objects.get().is_active


def test_closed_is_a_403_that_says_so(anonymous, settings):
    settings.REGISTRATION = "closed"
    answer = anonymous.post("/userapi/register/", ADA)
    assert answer.status_code == 403
    assert answer.json() == {"detail": "Registration is closed on this server. Ask those who run it for an account."}
    assert User.objects.count() == 0


def test_closed_to_new_users_is_open_to_old_ones(anonymous, user, settings):
    settings.REGISTRATION = "closed"
    assert log_in(anonymous).status_code == 200


def test_with_approval_an_account_is_made_and_waits(anonymous, settings):
    settings.REGISTRATION = "approved"
    answer = anonymous.post("/userapi/register/", ADA)
    assert answer.status_code == 201
    assert answer.json()["detail"] == "Your account is made. You can log in as soon as the staff has approved it."
    assert not User.objects.get().is_active


def test_until_it_is_approved_a_login_is_that_of_a_wrong_password(anonymous, settings):
    settings.REGISTRATION = "approved"
    anonymous.post("/userapi/register/", ADA)
    refused = log_in(anonymous)
    unknown = anonymous.post("/userapi/login/", {"username": "nobody", "password": PASSWORD})
    assert (refused.status_code, refused.content) == (401, unknown.content)
    User.objects.update(is_active=True)
    assert log_in(anonymous).status_code == 200


@pytest.mark.parametrize("mode", ["open", "approved"])
def test_only_so_many_from_one_address(db, settings, mode):
    settings.REGISTRATION, settings.REGISTRATION_LIMIT = mode, 2
    answers = [register(number) for number in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 3_600
    assert "Too many registrations" in answers[-1].json()["detail"]
    assert register(4, "192.0.2.2").status_code == 201


def test_those_that_are_refused_count_too(user, settings):
    settings.REGISTRATION_LIMIT = 2
    statuses = [register(username="ada").status_code for _ in range(3)]
    assert statuses == [400, 400, 429]


def test_no_limit_when_it_is_0(db, settings):
    settings.REGISTRATION_LIMIT = 0
    assert [register(number).status_code for number in range(3)] == [201] * 3
