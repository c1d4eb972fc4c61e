"""The truth about tasks: every move is a verb here, and its guard is in the WHERE."""

from taskapi.models.event import TaskEvent
from taskapi.models.moves import Claim, Move, failure, postponed
from taskapi.models.status import FINAL, MOVES, Reason, Status
from taskapi.models.task import Limits, Task
from taskapi.models.worker import Worker

__all__ = [
    "FINAL",
    "MOVES",
    "Claim",
    "Limits",
    "Move",
    "Reason",
    "Status",
    "Task",
    "TaskEvent",
    "Worker",
    "failure",
    "postponed",
]
