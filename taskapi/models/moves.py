"""One attempt at a task: what is claimed, and what became of it, on its way to the database."""

import random
import sys
from dataclasses import dataclass, field, fields
from datetime import timedelta
from itertools import groupby

import orjson
from django.db.models import F
from django.utils import timezone

from taskapi.models.status import Reason, Status

RETRY_FIRST = timedelta(seconds=1)
RETRY_LONGEST = timedelta(hours=1)


@dataclass(slots=True)
class Claim:
    """A task that a worker has claimed, as far as running it goes. Light: a hundred thousand of them run at once."""

    pk: int
    name: str
    program: str
    arguments: dict
    timeout: float | None
    attempt: int
    # The number of the last attempt that it may have.
    max_attempts: int
    # What its program exited with, once it has; kept also when the task was killed.
    exit_code: int | None = field(default=None, metadata={"ours": True})

    def __post_init__(self):
        self.program = sys.intern(self.program)

    @classmethod
    def columns(cls):
        names = [column.name for column in fields(cls) if "ours" not in column.metadata]
        return [F("max_attempts") + F("postponed") if name == "max_attempts" else name for name in names]


@dataclass(slots=True)
class Move:
    """A move out of RUNNING, fenced: it counts only while the task still runs this attempt.

    `fields` are further columns to set with it, such as `result` or `error`.
    """

    task_id: int
    attempt: int
    to: Status
    reason: Reason = Reason.NONE
    fields: dict = field(default_factory=dict)

    @classmethod
    def completion(cls, task, result=None, **columns):
        if result is not None:
            columns["result"] = result
        return cls(task.pk, task.attempt, Status.COMPLETED, fields=columns)


def likeness(move):
    """Equal for moves that one UPDATE can write."""
    return orjson.dumps([move.to, move.reason, move.fields], default=str)


@dataclass(slots=True)
class Report:
    """What an attempt has said since the last one: its progress, and output that belongs at this offset."""

    task_id: int
    attempt: int
    progress: tuple[float | None, str] | None = None
    offset: int = 0
    data: bytes = b""


def failure(task, reason, error, exit_code=None):
    """The move of a task whose attempt failed: PENDING again while attempts are left, FAILED otherwise.

    A task whose worker died is run again at once; after any other failure it waits, longer each time.
    """
    outcome = {"error": error, "exit_code": exit_code}
    if task.attempt >= task.max_attempts:
        return Move(task.pk, task.attempt, Status.FAILED, reason, outcome)
    delay = timedelta() if reason == Reason.LOST else backoff(task.attempt)
    return Move(task.pk, task.attempt, Status.PENDING, Reason.RETRY, outcome | later(delay))


def postponed(task):
    """The move of a task that could not be started here and now: back into the queue.

    The attempt that was none does not count. Its number is a fence and never goes back.
    """
    again = later(RETRY_FIRST) | {"postponed": F("postponed") + 1}
    return Move(task.pk, task.attempt, Status.PENDING, Reason.RETRY, again)


def later(delay):
    """The columns of a task that waits so long to be run again."""
    return {"run_at": timezone.now() + delay, "worker": None}


def backoff(attempt):
    """How long to wait after this attempt: doubled each time, with jitter so that failures do not come in waves."""
    longest = min(RETRY_FIRST * 2 ** min(attempt - 1, 30), RETRY_LONGEST)
    return longest * random.uniform(0.5, 1)  # noqa: S311  not a secret


def grouped(items, key):
    """(key, list of items) for each key, in the order of the keys, which may be None."""

    def order(item):
        value = key(item)
        return value is not None, value

    return [(value, list(alike)) for (_, value), alike in groupby(sorted(items, key=order), key=order)]
