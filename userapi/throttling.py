"""Slows down who guesses passwords."""

import hashlib
import time

from django.conf import settings
from django.core.cache import cache
from rest_framework.exceptions import Throttled

from userapi.models import fold


class TooManyFailures(Throttled):
    default_detail = "Too many failed logins to this account from your address. Wait some minutes before the next."
    # How many seconds is in Retry-After.
    extra_detail_singular = extra_detail_plural = ""

    def __init__(self, wait):
        super().__init__(wait)
        self.detail = self.default_detail


class LoginAttempts:
    """Counts the logins that fail, by account and address together and by address, in windows of fixed length.

    An attempt is counted before the password is looked at, so that many at once are not let through.
    """

    def __init__(self, username, address):
        self.window = settings.LOGIN_FAILURES_WINDOW.total_seconds()
        number, self.passed = divmod(time.time(), self.window)
        account = hashlib.sha256(fold(username).encode()).hexdigest()
        self.limits = {
            f"login:{number}:{address}": settings.LOGIN_FAILURES_ADDRESS,
            f"login:{number}:{address}:{account}": settings.LOGIN_FAILURES,
        }

    def count(self):
        """Raises TooManyFailures when this is one too many."""
        for key, limit in self.limits.items():
            cache.add(key, 0, self.window)
            if cache.incr(key) > limit:
                raise TooManyFailures(self.window - self.passed)

    def succeeded(self):
        """This attempt was none of the failures; and who knows the password need not wait for the others."""
        of_address, of_account = self.limits
        cache.decr(of_address)
        cache.delete(of_account)
