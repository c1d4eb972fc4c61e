"""What happens to tasks, as it happens: one reader of the database in each process, for all of its viewers."""

import asyncio
import logging
import threading
import time
from collections import defaultdict, deque
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Max
from django.utils import timezone

from taskapi import answers
from taskapi.models import FINAL, History, Reason, Status, Task, TaskEvent, TaskOutput

logger = logging.getLogger(__name__)

POLL = 0.1
PROGRESS_PAUSE = 0.5
# Progress is looked for among tasks that have changed so lately, by whatever clock their worker goes.
PROGRESS_WINDOW = timedelta(seconds=10)
BATCH = 1_000
# A viewer that is so many messages behind is let go; it can come again and resume.
ROOM = 5_000
# Seconds for which a missing id is waited for, where the database cannot say at once that nobody has it.
GAP_PATIENCE = 2
# Among so many of the last ids, gaps are looked for at the start; older ones are those of what was pruned.
LATEST = 20_000
GAP_AGE = timedelta(minutes=1)
# What is sent of a task when it moves: all but what can be large.
BRIEF = [name for name in answers.WHOLE if name not in ("description", "arguments", "result")]


class Mailbox:
    """What a viewer has not yet taken, in the order in which it came."""

    def __init__(self):
        self._items = deque()
        self._change = threading.Condition()
        self._wake = None
        self.overflowed = False
        # What was put in last.
        self.last = None

    def put(self, item, alone=False):
        """Puts it in; alone, it takes the place of all that has not been taken."""
        with self._change:
            if alone:
                self._items.clear()
            if len(self._items) >= ROOM:
                self.overflowed = True
            else:
                self._items.append(item)
            self.last = item
            self._change.notify()
            if self._wake:
                self._wake()

    def take(self, seconds):
        """All that there is, after waiting for something for so long; empty when nothing came."""
        with self._change:
            self._change.wait_for(lambda: self._items or self.overflowed, seconds)
            return self._empty()

    async def take_async(self, seconds):
        """The same, for a coroutine."""
        loop, came = asyncio.get_running_loop(), asyncio.Event()
        with self._change:
            if self._items or self.overflowed:
                return self._empty()
            self._wake = lambda: loop.call_soon_threadsafe(came.set)
        try:
            async with asyncio.timeout(seconds):
                await came.wait()
        except TimeoutError:
            pass
        finally:
            with self._change:
                self._wake = None
        with self._change:
            return self._empty()

    def _empty(self):
        items = list(self._items)
        self._items.clear()
        return items


class Reader:
    """Reads the database for all who are subscribed, in a thread that lives while there are any."""

    def __init__(self):
        self._lock = threading.Lock()
        self._subscribers = defaultdict(list)
        self._thread = None

    def subscribe(self, topic):
        """A Mailbox that gets what there is of this topic, from now on, and where that begins."""
        mailbox = Mailbox()
        with self._lock:
            if self._thread is None:
                self.begin()
                thread = threading.Thread(target=self._loop, name=type(self).__name__.lower(), daemon=True)
                thread.start()
                self._thread = thread
            self._subscribers[topic].append(mailbox)
            return mailbox, self.position

    def unsubscribe(self, topic, mailbox):
        with self._lock:
            self._subscribers[topic].remove(mailbox)
            if not self._subscribers[topic]:
                del self._subscribers[topic]

    @contextmanager
    def subscribed(self, topic):
        """(mailbox, position) of a subscription that ends with the block."""
        mailbox, position = self.subscribe(topic)
        try:
            yield mailbox, position
        finally:
            self.unsubscribe(topic, mailbox)

    position = None

    def begin(self):
        """Looks where the reading starts, before the first subscriber is told."""

    def read(self):
        """One look at the database."""
        raise NotImplementedError

    def topics(self):
        with self._lock:
            return list(self._subscribers)

    def tell(self, topic, item):
        for mailbox in self._subscribers.get(topic, ()):
            mailbox.put(item)

    def _loop(self):
        try:
            while not self._over():
                try:
                    self.read()
                except Exception as error:
                    trouble = None if isinstance(error, (DatabaseError, InterfaceError)) else error
                    logger.warning("The feed cannot be read, trying again: %s", error, exc_info=trouble)
                    connection.close()
                time.sleep(POLL)
        finally:
            connection.close()

    def _over(self):
        with self._lock:
            if not self._subscribers:
                self._thread = None  # whoever subscribes now begins anew
            return self._thread is None


class Moves(Reader):
    """Moves and progress of all tasks of each user; the topics are the ids of users.

    Moves are told in the order of their ids, none left out: `position` is the id of the last one. An id that is missing
    may be one whose transaction is not committed yet; the later ones wait until that is clear.
    """

    def begin(self):
        self.position = self._start()
        # Up to where gaps are known to stay, and the mark by which this will be known of the next ones.
        self._settled, self._mark = self.position, None
        self._progress, self._next_progress = {}, 0.0

    def _start(self):
        """The last id, or the one before the first gap that may still be filled."""
        latest = list(TaskEvent.objects.order_by("-id").values_list("id", "at")[:LATEST])[::-1]
        lately = timezone.now() - GAP_AGE
        for (number, _), (following, at) in pairwise(latest if gap_patience() else ()):
            if following != number + 1 and at > lately:
                return number
        return latest[-1][0] if latest else History.start()

    def read(self):
        rows = moves_after(self.position)
        ready = list(self._without_gap(rows))
        owners = set(self.topics())
        seen = [row for row in ready if row["owner"] in owners]
        briefs = briefs_of({row["task"] for row in seen})
        with self._lock:
            came = self._subscribers.keys() - owners
            # Somebody whom this concerns has come since, and begins after `position`: the next look is for him, too.
            if ready and not any(row["owner"] in came for row in ready):
                for row in seen:
                    self.tell(row["owner"], message_of(row, briefs))
                self.position = ready[-1]["id"]
        if time.monotonic() >= self._next_progress:
            self._next_progress = time.monotonic() + PROGRESS_PAUSE
            self._read_progress(owners)

    def _without_gap(self, rows):
        # In an empty table any id can be the first.
        expected = self.position + 1 if self.position else None
        for row in rows:
            if expected and row["id"] != expected and not self._is_final(expected, row["id"], rows[-1]["id"]):
                return
            yield row
            expected = row["id"] + 1

    def _is_final(self, missing, following, latest):
        """Whether the gap between these ids stays one: whoever could fill it has ended.

        The mark is for all gaps before the latest id that was there when it was made.
        """
        if missing > self._settled:
            self._mark = self._mark or (latest, time.monotonic(), mark_of_now())
            before, since, mark = self._mark
            if all_ended(mark) if mark else time.monotonic() - since >= gap_patience():
                self._settled, self._mark = before, None
        return missing <= self._settled and not is_being_filled(missing, following)

    def _read_progress(self, owners):
        lately = timezone.now() - PROGRESS_WINDOW
        running = Task.objects.filter(owner__in=owners, status=Status.RUNNING, updated_at__gt=lately)
        rows = running.exclude(progress=None, progress_text="").values_list("id", "owner", "progress", "progress_text")
        before, self._progress = self._progress, {}
        for pk, owner, *progress in rows:
            self._progress[pk] = progress
            if before.get(pk) != progress:
                fields = {"id": pk, "progress": progress[0], "progress_text": progress[1]}
                with self._lock:
                    self.tell(owner, (None, fields))


class Watch(Reader):
    """Single tasks; the topics are their ids. Told is (ended, nothing of it is left running, the last piece's offset).

    At first and after each change; what was not taken in time is replaced, as the later state says it all.
    """

    def read(self):
        ids = self.topics()
        pieces = TaskOutput.objects.filter(task__in=ids).values_list("task").annotate(Max("offset")).order_by()
        rows = Task.objects.filter(pk__in=ids).values_list("pk", "status", "reason")
        # The state first: what was printed before the end is there when the end is.
        states = {
            pk: (status in FINAL, status in FINAL and reason != Reason.TERMINATING) for pk, status, reason in rows
        }
        ends = dict(pieces)
        with self._lock:
            for pk in ids:
                # One that is gone has ended.
                self.tell(pk, (*states.get(pk, (True, True)), ends.get(pk)))

    def tell(self, topic, state):
        for mailbox in self._subscribers.get(topic, ()):
            if mailbox.last != state:
                mailbox.put(state, alone=True)


def moves_after(event_id, limit=BATCH, **filters):
    """The first moves after this one, as dicts."""
    names = {"id": "id", "task": "task", "owner": "task__owner", "status": "status", "reason": "reason"}
    names |= {"by": "by__username", "at": "at"}
    rows = TaskEvent.objects.filter(id__gt=event_id, **filters).order_by("id").values_list(*names.values())
    return [dict(zip(names, row, strict=True)) for row in rows[:limit]]


def briefs_of(ids):
    """What is sent of each of these tasks, by its id."""
    rows = Task.objects.filter(pk__in=ids).values_list(*answers.columns(BRIEF)) if ids else ()
    return {values[0]: answers.row(BRIEF, values) for values in rows}


def message_of(move, briefs):
    """(event id, fields of the task) of a move."""
    fields = {name: move[name] for name in ("status", "reason", "by", "at")}
    fields["status_label"] = answers.LABELS[move["status"]]
    return move["id"], {"id": move["task"]} | briefs.get(move["task"], {}) | fields


def gap_patience():
    # On SQLite transactions come one after the other: what is missing stays so.
    return 0 if connection.vendor == "sqlite" else GAP_PATIENCE


def mark_of_now():
    """By which PostgreSQL can tell later whether all transactions that are open now have ended; None elsewhere."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        # A number of our own, which is above all that were given out; that of a snapshot is only above what has ended.
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        return cursor.fetchone()[0]


def all_ended(mark):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= %s", [mark])
        return cursor.fetchone()[0]


def is_being_filled(missing, following):
    """Whether MariaDB knows of rows in this gap that are not committed: they are locked."""
    if connection.vendor != "mysql" or not connection.features.has_select_for_update_nowait:
        return False
    try:
        with transaction.atomic():
            return TaskEvent.objects.select_for_update(nowait=True).filter(pk__range=(missing, following - 1)).exists()
    except OperationalError:
        return True


moves, watch = Moves(), Watch()
