"""Slows down who guesses passwords."""

import hashlib

from django.conf import settings
from django.core.cache import cache
from rest_framework.exceptions import Throttled

from userapi.models import fold


class TooManyFailures(Throttled):
    default_detail = "Too many failed logins to this account from your address. Wait some minutes before the next."
    # How many seconds is in Retry-After.
    extra_detail_singular = extra_detail_plural = ""


class FailedLogins:
    """Counts the failed logins to one account from one address; only failures count."""

    def __init__(self, username, address):
        digest = hashlib.sha256(f"{fold(username)}\n{address}".encode()).hexdigest()
        self.key = f"failed-logins:{digest}"
        self.window = settings.LOGIN_FAILURES_WINDOW.total_seconds()

    def check(self):
        """Raises Throttled after LOGIN_FAILURES failures, until LOGIN_FAILURES_WINDOW after the first."""
        if cache.get(self.key, 0) >= settings.LOGIN_FAILURES:
            raise TooManyFailures(self.window)

    def count(self):
        cache.add(self.key, 0, self.window)
        try:
            cache.incr(self.key)
        except ValueError:  # it expired since the line above
            cache.set(self.key, 1, self.window)

    def forget(self):
        cache.delete(self.key)
