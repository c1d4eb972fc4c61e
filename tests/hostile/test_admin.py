"""Every route of the admin with every method, by who is no staff: not even what there is, is told."""

import re

import pytest
from django.test import Client

from tests.conftest import client_of
from tests.hostile.conftest import SECRET, rows_of
from tests.hostile.routes import METHODS, NO_TIME, admin_routes
from userapi.models import User

OPEN = {"admin/login/"}
CLOSED = [route for route in admin_routes() if route not in OPEN]


def path_of(route, pk):
    """A URL of this route, which may have a regular expression in it, for the object with this id."""
    route = route.replace("^(?P<app_label>auth|userapi|taskapi)/$", "taskapi/").replace("(?P<url>.*)$", "x/")
    return "/" + re.sub(r"<[^>]*>", str(pk), route)


def in_session(user):
    client = Client()
    client.force_login(user)
    return client


def with_the_token_of_a_superuser(user):
    return client_of(User.objects.create_superuser("root", "root@example.com", "correct-horse-9"))


WHO = {
    "nobody": lambda user: Client(),
    "a user's session": in_session,
    "a user's token": client_of,
    "a superuser's token": with_the_token_of_a_superuser,
}


@pytest.mark.parametrize("who", WHO)
def test_who_is_no_staff_is_sent_to_the_login_whatever_is_asked_for(user, other, adas, token, who):
    client, before = WHO[who](other), rows_of(user)
    for route in CLOSED:
        for method in METHODS:
            answer = client.generic(method, path_of(route, adas[0]), **NO_TIME)
            assert answer.status_code in (302, 403, 405), (route, method)
            assert SECRET not in f"{answer.headers} {answer.getvalue().decode()}", (route, method)
            assert answer.status_code != 302 or answer["Location"].partition("?")[0] in ("/admin/", "/admin/login/"), (
                route
            )
    assert rows_of(user) == before
