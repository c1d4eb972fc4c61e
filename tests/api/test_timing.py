"""A login that fails takes as long for each reason: how long it takes does not tell who has an account."""

import statistics
import time
from itertools import count

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from tests.conftest import PASSWORD
from userapi.models import User

PAIRS = 15
# Without a hash, the answer would take a twentieth of the time.
ALIKE = (0.6, 1.6)
NAMES = count()


class Hasher(PBKDF2PasswordHasher):
    """Slow enough that hashing is most of a login."""

    iterations = 100_000


class OlderHasher(Hasher):
    """As the passwords were hashed some versions ago."""

    iterations = 10_000


@pytest.fixture
def user(db, settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.Hasher"]
    settings.LOGIN_FAILURES = settings.LOGIN_FAILURES_ADDRESS = 1_000
    return User.objects.create_user("ada", "ada@example.com", PASSWORD)


def wrong(user):
    pass


def inactive(user):
    User.objects.update(is_active=False)


def unusable(user):
    user.set_unusable_password()
    user.save()


def hashed_long_ago(user):
    user.password = OlderHasher().encode(PASSWORD, "salt" * 6)
    user.save()


def time_of(client, username, password):
    start = time.perf_counter()
    assert client.post("/userapi/login/", {"username": username, "password": password}).status_code == 401
    return time.perf_counter() - start


@pytest.mark.parametrize(
    ("state", "password"),
    [
        (wrong, "wrong-horse-9"),
        (wrong, "x" * 1_024),
        (inactive, "wrong-horse-9"),
        (inactive, PASSWORD),
        (unusable, PASSWORD),
        (hashed_long_ago, "wrong-horse-9"),
    ],
    ids=["wrong", "wrong and long", "inactive, wrong", "inactive, right", "unusable", "hashed long ago"],
)
def test_as_long_as_for_an_unknown_name(anonymous, user, state, password):
    state(user)
    pairs = [
        (time_of(anonymous, "ada", password), time_of(anonymous, f"nobody{next(NAMES)}", password))
        for _ in range(PAIRS)
    ]
    ratio = statistics.median(known / unknown for known, unknown in pairs)
    assert ALIKE[0] < ratio < ALIKE[1]
