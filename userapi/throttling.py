"""Slows down who guesses passwords or makes accounts without end; and who may make one at all."""

import hashlib

from django.conf import settings
from rest_framework.exceptions import Throttled
from rest_framework.permissions import BasePermission
from rest_framework.throttling import BaseThrottle

from taskmanager.throttling import client
from userapi.models import AttemptCount, fold


class TooMany(Throttled):
    # How many seconds is in Retry-After.
    extra_detail_singular = extra_detail_plural = ""

    def __init__(self, wait):
        super().__init__(wait)
        self.detail = self.default_detail


class TooManyFailures(TooMany):
    default_detail = "Too many failed logins to this account from your address. Wait some minutes before the next."


class TooManyGuesses(TooMany):
    default_detail = "Too many wrong old passwords. Wait some minutes before the next."


class TooManyRegistrations(TooMany):
    default_detail = "Too many registrations from your address. Wait some minutes before the next."


class Attempts:
    """Attempts that are counted under some keys, each with a limit of its own.

    An attempt is counted before it is looked at, so that many at once are not let through.
    """

    refusal = TooMany

    def __init__(self, window, limits):
        self.window = window
        self.limits = limits

    def count(self):
        """Raises the refusal when this is one too many. Then it does not count under any key."""
        counted = []
        for key, limit in self.limits.items():
            if wait := AttemptCount.objects.add(key, limit, self.window):
                for other in counted:
                    AttemptCount.objects.take_back(other)
                raise self.refusal(wait)
            counted.append(key)


class LoginAttempts(Attempts):
    """The logins that fail: by address, and by address and account together.

    Never by account alone, or anybody could lock out anybody.
    """

    refusal = TooManyFailures

    def __init__(self, username, remote_address):
        place = client(remote_address)
        self.of_address, self.of_account = key_of("login", place), key_of("login", place, fold(username))
        limits = {self.of_address: settings.LOGIN_FAILURES_ADDRESS, self.of_account: settings.LOGIN_FAILURES}
        super().__init__(settings.LOGIN_FAILURES_WINDOW, limits)

    def succeeded(self):
        """This attempt was none of the failures; and who knows the password need not wait for the others."""
        AttemptCount.objects.take_back(self.of_address)
        AttemptCount.objects.reset(self.of_account)


class PasswordAttempts(Attempts):
    """Wrong old passwords, by login: who has stolen one guesses with it, and its owner has others.

    A login is known by the id of its token; at the admin by the key of its session.
    """

    refusal = TooManyGuesses

    def __init__(self, login):
        self.of_login = key_of("password", login)
        super().__init__(settings.LOGIN_FAILURES_WINDOW, {self.of_login: settings.LOGIN_FAILURES})

    def succeeded(self):
        AttemptCount.objects.reset(self.of_login)


class RegistrationAttempts(Attempts):
    """Registrations, also those that are refused: they say which names and addresses are taken."""

    refusal = TooManyRegistrations

    def __init__(self, remote_address):
        limit = settings.REGISTRATION_LIMIT
        limits = {key_of("register", client(remote_address)): limit} if limit else {}
        super().__init__(settings.REGISTRATION_WINDOW, limits)


class RegistrationThrottle(BaseThrottle):
    def allow_request(self, request, view):
        RegistrationAttempts(request.META.get("REMOTE_ADDR", "")).count()
        return True


class RegistrationIsOpen(BasePermission):
    message = "Registration is closed on this server. Ask those who run it for an account."

    def has_permission(self, request, view):
        return settings.REGISTRATION != "closed"


def key_of(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()
