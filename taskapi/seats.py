"""How many may wait, follow and watch at once in this process, and that nobody keeps the others out."""

import threading
from collections import Counter

from taskapi import metrics
from taskapi.exceptions import TooManyStreams

# This part of the seats is for users who have none yet.
RESERVED = 1 / 4


class Seats:
    def __init__(self):
        self._lock = threading.Lock()
        self._taken = Counter()

    @property
    def taken(self):
        return self._taken.total()

    def check(self, user_id, limit):
        """Raises TooManyStreams when all seats are taken, or those that are left are for others."""
        if self.taken >= limit:
            raise TooManyStreams(f"{limit} clients wait, follow or watch already, and that is the limit.")
        mine, open_to_me = self._taken[user_id], limit - int(limit * RESERVED)
        if mine and self.taken >= open_to_me:
            raise TooManyStreams(f"You wait, follow or watch {mine} times already; the seats left are for others.")

    def take(self, user_id, limit=float("inf")):
        """A seat for this user. Raises TooManyStreams."""
        with self._lock:
            if limit != float("inf"):
                self.check(user_id, limit)
            self._taken[user_id] += 1
        metrics.streams_open.inc()

    def give_back(self, user_id):
        with self._lock:
            self._taken[user_id] -= 1
            if not self._taken[user_id]:
                del self._taken[user_id]
        metrics.streams_open.dec()


seats = Seats()
