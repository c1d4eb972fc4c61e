"""Typed readers of environment variables.

Every reader returns the default when the variable is unset or empty, and raises ImproperlyConfigured with one
line that names the variable, its value and what is accepted.
"""

import ipaddress
import os
import re
from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
LONGEST = timedelta(days=36_525)
TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


def wrong(name, value, expected):
    return ImproperlyConfigured(f"{name}={value!r}: {expected}.")


def text(name, default=""):
    return os.environ.get(name, "").strip() or default


def flag(name, default=False):
    value = text(name, str(int(default))).lower()
    if value not in TRUE | FALSE:
        raise wrong(name, value, "expected 1 or 0 (also true/false, yes/no, on/off)")
    return value in TRUE


def number(name, default, least=1, most=2**31 - 1):
    value = text(name, str(default))
    if not (value.isascii() and value.isdigit() and len(value) < 20 and least <= int(value) <= most):
        raise wrong(name, value, f"expected a whole number from {least} to {most}")
    return int(value)


def secret(name, least=16):
    """A token as it can be sent (RFC 6750 2.1), hard to guess; an empty text when there is none. It is never shown."""
    value = text(name)
    if value and not (len(value) >= least and re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", value, re.ASCII)):
        raise ImproperlyConfigured(f"{name}: expected {least} or more characters of A-Za-z0-9._~+/- without spaces.")
    return value


def words(name, default=()):
    """A comma-separated list."""
    return [word.strip() for word in text(name, ",".join(default)).split(",") if word.strip()]


def directory(name):
    """The path of a directory in which files can be made; an empty text when there is none."""
    path = text(name)
    if path and not (os.path.isdir(path) and os.access(path, os.W_OK | os.X_OK)):
        raise wrong(name, path, "expected a directory in which this user can make others")
    return path


def hosts(name, default):
    """A comma-separated list of host names, as Django's ALLOWED_HOSTS takes them."""
    for host in (found := words(name, default)):
        if not re.fullmatch(r"\*|\.?[\w.-]+|\[[0-9a-fA-F:.]+\]", host, re.ASCII):
            raise wrong(name, host, "expected host names such as example.com, without a scheme or port")
    return found


def choice(name, default, known):
    value = text(name, default)
    if value not in known:
        raise wrong(name, value, f"expected one of {', '.join(known)}")
    return value


def origins(name):
    """A comma-separated list of origins (RFC 6454), such as https://example.com."""
    for origin in (found := words(name)):
        if not re.fullmatch(r"https?://[^/?#@\s]+", origin):
            raise wrong(name, origin, "expected origins such as https://example.com, separated by commas")
    return found


def networks(name):
    """A comma-separated list of networks or single addresses, such as 10.0.0.0/8 or ::1."""
    found = words(name)
    for index, word in enumerate(found):
        try:
            found[index] = ipaddress.ip_network(word)
        except ValueError:
            raise wrong(name, word, "expected networks such as 10.0.0.0/8 or ::1, separated by commas") from None
    return found


def duration(name, default, least=None, bare=True):
    """A timedelta from "10s", "5m", "2h" or "30d", see parse_duration. None when neither it nor a default is."""
    value = text(name, default)
    if value is None:
        return None
    try:
        span = parse_duration(value, bare)
    except ValueError as error:
        raise wrong(name, value, str(error)) from None
    if least and span < parse_duration(least):
        raise wrong(name, value, f"expected {least} or more")
    return span


def rate(name, default):
    """(count, seconds) from "100/s", "6000/m" or "1000/h"; None for 0, which means that there is no limit."""
    value = text(name, default)
    if value == "0":
        return None
    match = re.fullmatch(r"([1-9]\d{0,8})/([smhd])", value, re.ASCII)
    if not match:
        raise wrong(name, value, "expected a rate such as 100/s, 6000/m or 1000/h, or 0 for no limit")
    return int(match[1]), timedelta(**{UNITS[match[2]]: 1}).total_seconds()


def parse_duration(value, bare=True):
    """A timedelta from "10s", "5m", "2h" or "30d"; a bare number is seconds, or refused. Raises ValueError."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)([smhd]?)", value, re.ASCII)
    if match and not match[2] and not bare:
        raise ValueError("expected a duration with its unit, such as 12h or 30d")
    span = match and timedelta(**{UNITS[match[2] or "s"]: float(match[1])})
    if not span or span > LONGEST:
        raise ValueError("expected a duration such as 10s, 5m, 2h or 30d, above zero and up to a hundred years")
    return span
