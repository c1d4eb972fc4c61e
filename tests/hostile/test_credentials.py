"""Every route with every method, by who is not logged in, whatever there is instead of a good token."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from tests.hostile.routes import METHODS, OPEN, STRANGER, call
from userapi.models import Token

CLOSED = [route for route in STRANGER if route not in OPEN]


def expired(user):
    return f"Token {Token.objects.create(user, expiry=timedelta(seconds=-1))[1]}"


def of_a_deactivated_user(user):
    user.is_active = False
    user.save()
    return f"Token {Token.objects.create(user)[1]}"


def ended(user):
    token, text = Token.objects.create(user)
    token.delete()
    return f"Token {text}"


def digest(user):
    return f"Token {Token.objects.create(user)[0].digest}"


def good_but(change):
    return lambda user: change(Token.objects.create(user)[1])


BAD = {
    "none": lambda user: None,
    "empty": lambda user: "",
    "no token": lambda user: "Token",
    "broken": lambda user: "Token 0123",
    "not hexadecimal": lambda user: "Token \xff\xfe\x00",
    "expired": expired,
    "of a deactivated user": of_a_deactivated_user,
    "ended": ended,
    "its digest": digest,
    "cut": good_but(lambda text: f"Token {text[:-1]}"),
    "twice": good_but(lambda text: f"Token {text} {text}"),
    "two in one": good_but(lambda text: f"Token {text},{text}"),
    "of another scheme": good_but(lambda text: f"Bearer {text}"),
    "without its scheme": good_but(lambda text: text),
}


@pytest.mark.parametrize("kind", BAD)
def test_who_has_no_good_token_is_refused_everywhere(user, kind):
    client, credentials = APIClient(), BAD[kind](user)
    if credentials is not None:
        client.credentials(HTTP_AUTHORIZATION=credentials)
    for route, method in product(CLOSED, METHODS):
        answer = call(client, route, method, pk=1)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Token"), (route, method)


@pytest.mark.parametrize("place", ["?token={}", "?access_token={}", "?Authorization=Token {}"])
def test_a_token_in_the_url_counts_for_nothing(user, anonymous, place):
    text = Token.objects.create(user)[1]
    assert anonymous.get("/taskapi/tasks/" + place.format(text)).status_code == 401


def test_a_token_in_a_cookie_counts_for_nothing(user, anonymous):
    for name in ("sessionid", "token", "Authorization"):
        anonymous.cookies[name] = f"Token {Token.objects.create(user)[1]}"
    assert anonymous.get("/taskapi/tasks/").status_code == 401


def test_a_token_counts_until_the_moment_it_expires(user, client):
    Token.objects.update(expiry=timezone.now() + timedelta(hours=1))
    assert client.get("/userapi/me/").status_code == 200
    Token.objects.update(expiry=timezone.now())
    assert client.get("/userapi/me/").status_code == 401


@pytest.mark.parametrize("route", ["userapi/register/", "userapi/login/"])
def test_an_open_route_takes_no_notice_of_a_bad_token(anonymous, route):
    anonymous.credentials(HTTP_AUTHORIZATION="Token 0123")
    assert anonymous.post(f"/{route}", {}).status_code == 400
