"""What became of one attempt at a task, on its way to the database."""

import random
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from taskapi.models.status import Reason, Status

RETRY_FIRST = timedelta(seconds=1)
RETRY_LONGEST = timedelta(hours=1)


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
    def completion(cls, task, result=None):
        return cls(task.id, task.attempt, Status.COMPLETED, fields={"result": result} if result is not None else {})


def failure(task, reason, error, exit_code=None):
    """The move of a task whose attempt failed: PENDING again while attempts are left, FAILED otherwise.

    A task whose worker died is run again at once; after any other failure it waits, longer each time.
    """
    fields = {"error": error, "exit_code": exit_code}
    if task.attempt >= task.max_attempts:
        return Move(task.id, task.attempt, Status.FAILED, reason, fields)
    delay = timedelta() if reason == Reason.LOST else backoff(task.attempt)
    fields |= {"run_at": timezone.now() + delay, "worker": None}
    return Move(task.id, task.attempt, Status.PENDING, Reason.RETRY, fields)


def postponed(task):
    """The move of a task that could not be started here and now: back into the queue, its attempt not counted."""
    fields = {"run_at": timezone.now() + RETRY_FIRST, "worker": None, "attempt": task.attempt - 1}
    return Move(task.id, task.attempt, Status.PENDING, Reason.RETRY, fields)


def backoff(attempt):
    """How long to wait after this attempt: doubled each time, with jitter so that failures do not come in waves."""
    longest = min(RETRY_FIRST * 2 ** min(attempt - 1, 30), RETRY_LONGEST)
    return longest * random.uniform(0.5, 1)  # noqa: S311  not a secret
