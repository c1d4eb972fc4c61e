"""How a user's tasks are doing: what `GET stats/` answers, computed once for all who look at the same time.

Counting a million rows takes a while, so what has ended is counted once and then followed: a further look reads only
what has ended since. Open tasks are few and counted at each look, so that these figures are exact. The others may be
older, by twenty times the milliseconds that reading them took and never by more than five seconds; what was pruned
counts for a few minutes more. The workers are the same for all users and read once for all of them.

The load is the mean number of running tasks over the last 1, 5 and 15 minutes, of one sample a second. Linux takes one
every five seconds and lets it fade (getloadavg(3), kernel/sched/loadavg.c). Nobody has to take ours: the rows say
afterwards what ran when, to every process the same. Of a task that ran several times, only the last time counts.
"""

import threading
import time
from collections import Counter
from datetime import timedelta
from functools import lru_cache
from itertools import accumulate, count
from statistics import fmean

from django.utils import timezone

from taskapi.engines.keeper import LOOK
from taskapi.models import FINAL, Status, Task, Worker

WINDOWS = (1, 5, 15)  # minutes
LOOK_BACK = 60 * WINDOWS[-1]  # seconds
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# What ended so long ago is committed, whatever machine and clock it came from.
SETTLED = timedelta(seconds=15)
# Reading may take this part of the time; but nothing gets older than so many seconds.
SHARE, OLDEST = 1 / 20, 5
# After so many seconds all is counted anew, because of what was pruned; less often where that takes long.
RENEW, RENEW_SHARE = 60, 1 / 200
USERS = 1_000


class Shared:
    """One computation for all who ask while another is under way.

    It begins after they have asked, so that none of them is given what was true before.
    """

    def __init__(self, compute):
        self._compute, self._lock = compute, threading.Lock()
        self._numbers, self._asked, self._covered = count(1), 0, 0

    def get(self):
        self._asked = mine = next(self._numbers)
        with self._lock:
            if self._covered < mine:
                asked = max(mine, self._asked)
                self._outcome, self._covered = self._attempt(), asked
            value, error = self._outcome
        if error:
            raise error  # who has waited for this does not wait for another try
        return value

    def _attempt(self):
        try:
            return self._compute(), None
        except Exception as error:
            return None, error


class Ended:
    """What ended in some time: how much in each minute, and by how much the number of running tasks changed when."""

    def __init__(self, minutes=(), changes=()):
        self.minutes, self.changes = Counter(minutes), Counter(changes)

    def copy(self):
        return Ended(self.minutes, self.changes)

    def read(self, tasks, floor, since, **until):
        """Adds what ended since then; what ran before the second `floor` does not matter."""
        ended = tasks.filter(ended_at__gte=since, **until)
        for status, second, number in ended.ends():
            self.minutes[second.replace(second=0), status] += number
        ran = ended.filter(ended_at__gte=floor).ran()
        self._add(ran.by_second("started_at", floor), 1)
        self._add(ran.by_second("ended_at", floor), -1)

    def add_running(self, tasks, floor):
        self._add(tasks.running().by_second("started_at", floor), 1)

    def _add(self, seconds, sign):
        for second, number in seconds:
            self.changes[stamp(second) + 1] += sign * number


class Pace:
    """Takes a step as often as it may take this part of the time, but not more often than `least` seconds."""

    def __init__(self, share, least=0, most=3_600):
        self._share, self._least, self._most, self._next = share, least, most, 0.0

    def step(self, step, *arguments):
        began = time.monotonic()
        if began >= self._next:
            step(*arguments)
            taken = time.monotonic() - began
            self._next = began + min(self._most, max(self._least, taken / self._share))


class Stats:
    """The figures of one user. Not for several threads at once; see Shared."""

    def __init__(self, user_id):
        self._tasks = Task.objects.filter(owner=user_id)
        self._reading = Pace(SHARE, most=OLDEST)
        self._counting = Pace(RENEW_SHARE, least=RENEW)

    def look(self):
        open_ones = self._tasks.count_open()
        now = timezone.now()
        self._reading.step(self._read, now)
        return self._answer(open_ones, now) | fleet().get()

    def _read(self, now):
        floor = now.replace(microsecond=0) - timedelta(seconds=LOOK_BACK)
        self._counting.step(self._count, now - SETTLED, floor)
        if now - self._mark > 2 * SETTLED:
            settled = self._settled.copy()
            settled.read(self._tasks, floor, self._mark, ended_at__lt=now - SETTLED)
            self._settled, self._mark = settled, now - SETTLED  # both or, when the database fails, none
        self._ended = self._settled.copy()
        self._ended.read(self._tasks, floor, self._mark)
        self._ended.add_running(self._tasks, floor)
        self._load = load(self._ended.changes, floor)
        self._waiting = self._tasks.oldest_wait()

    def _count(self, mark, floor):
        """All that had ended before the mark, anew."""
        hour = mark.replace(second=0, microsecond=0) - HOUR
        settled, before = Ended(), self._tasks.count_ended(hour)
        settled.read(self._tasks, floor, hour, ended_at__lt=mark)
        self._mark, self._before, self._settled = mark, before, settled

    def _answer(self, open_ones, now):
        final = Counter(self._before)
        for (_, status), number in self._ended.minutes.items():
            final[status] += number
        tasks, since = self._waiting
        return {
            "status": {status: open_ones.get(status, final[status]) for status in Status},
            "load": {"now": open_ones.get(Status.RUNNING, 0)} | self._load,
            "ended": by_minute(self._ended.minutes, now),
            "waiting": {"tasks": tasks, "oldest": since and max(0, round((now - since).total_seconds(), 3))},
            "at": now,
        }


class Fleet:
    """Who runs tasks, read no more often than their hearts beat. Not for several threads at once; see Shared."""

    def __init__(self):
        self._reading = Pace(SHARE, least=LOOK, most=OLDEST)

    def look(self):
        self._reading.step(self._read)
        return self._found

    def _read(self):
        self._found = {"slots": Worker.objects.census()["slots"], "workers": Worker.objects.report()}


def by_minute(ended, now):
    """What ended in each minute of the last hour, oldest first."""
    last = now.replace(second=0, microsecond=0)
    minutes = [last - MINUTE * ago for ago in reversed(range(60))]
    return [{"minute": minute} | {status: ended[minute, status] for status in FINAL} for minute in minutes]


def load(changes, floor):
    """The mean number of running tasks over each window up to LOOK_BACK seconds after `floor`."""
    first = stamp(floor)
    before = sum(number for second, number in changes.items() if second <= first)
    later = (changes[second] for second in range(first + 1, first + 1 + LOOK_BACK))
    samples = list(accumulate(later, initial=before))
    return {str(window): round(fmean(samples[-60 * window :]), 2) for window in WINDOWS}


def stamp(second):
    return int(second.timestamp())


@lru_cache(maxsize=USERS)
def shared_by(user_id):
    return Shared(Stats(user_id).look)


@lru_cache(maxsize=1)
def fleet():
    return Shared(Fleet().look)


def of_user(user):
    """The figures of this user, as they are answered."""
    return shared_by(user.pk).get()
