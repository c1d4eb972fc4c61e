"""How often each user, and each address from which somebody comes without a token, may call the API.

Counted in the memory of this process, which asks nothing of the database; several processes let through as much each.
"""

import math
import threading
import time
from collections import OrderedDict
from ipaddress import ip_network

from django.conf import settings
from rest_framework.exceptions import Throttled
from rest_framework.throttling import BaseThrottle

from taskmanager.proxies import address

# How many users, or addresses, are remembered; of more, those who were here last. Some 180 bytes each.
REMEMBERED = 50_000
# What one customer of a provider has of IPv6 addresses, at least (RFC 6177): counted one by one, they are without end.
CUSTOMER = 64


class TooManyCalls(Throttled):
    """Says how much may be asked, and when to come again."""

    extra_detail_singular = extra_detail_plural = ""  # that is in the text, and in Retry-After

    def __init__(self, limiter, wait):
        super().__init__(math.ceil(wait))
        self.detail = f"{limiter.count:,} calls in {limiter.seconds:g} s are the limit. Try again in {self.wait} s."


class Limiter:
    """A token bucket for each key: it holds `count` calls, and is filled again in so many seconds."""

    def __init__(self, count, seconds):
        self.count, self.seconds = count, seconds
        # What a bucket lacks is when it will be full again (the generic cell rate algorithm, ITU-T I.371).
        self.full_at = OrderedDict()
        self.lock = threading.Lock()

    def check(self, key):
        """Counts a call. Raises TooManyCalls, which costs nothing, when there have been too many."""
        now, cost = time.monotonic(), self.seconds / self.count
        with self.lock:
            full_at = max(self.full_at.pop(key, now), now)
            wait = full_at + cost - now - self.seconds
            refused = wait > cost / 1_000  # more than by rounding
            self.full_at[key] = full_at if refused else full_at + cost
            if len(self.full_at) > REMEMBERED:
                self.full_at.popitem(last=False)
        if refused:
            raise TooManyCalls(self, wait)


users, addresses = (rate and Limiter(*rate) for rate in (settings.THROTTLE_USER, settings.THROTTLE_ADDRESS))


class Throttle(BaseThrottle):
    """For all views, by REST_FRAMEWORK: a call is counted once, also that which opens a stream."""

    def allow_request(self, request, view):
        request.is_counted = True
        if not request.user.is_authenticated:
            check_stranger(request)
        elif users:
            users.check(request.user.pk)
        return True


def check_stranger(request):
    """Counts a call of somebody without a good token. Raises TooManyCalls."""
    if addresses:
        addresses.check(client(request.META.get("REMOTE_ADDR", "")))


def client(remote_address):
    """What counts as one client: an IPv4 address, or the network that an IPv6 address is in."""
    found = address(remote_address)
    if found is None or found.version == 4:
        return str(found)
    return str(ip_network((int(found), CUSTOMER), strict=False))
