"""The truth about tasks: every move is a verb here, and its guard is in the WHERE."""

from taskapi.models.event import TaskEvent
from taskapi.models.fork_key import ForkKey
from taskapi.models.history import History
from taskapi.models.moves import Claim, Move, Report, failure, postponed
from taskapi.models.output import TaskOutput
from taskapi.models.status import ENDING, FINAL, MOVES, Reason, Signal, Status
from taskapi.models.task import Limits, Task
from taskapi.models.worker import Worker, WorkerState

__all__ = [
    "ENDING",
    "FINAL",
    "MOVES",
    "Claim",
    "ForkKey",
    "History",
    "Limits",
    "Move",
    "Reason",
    "Report",
    "Signal",
    "Status",
    "Task",
    "TaskEvent",
    "TaskOutput",
    "Worker",
    "WorkerState",
    "failure",
    "postponed",
]
