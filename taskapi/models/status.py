"""The state machine: the one place that says which moves there are."""

from django.db.models import TextChoices


class Status(TextChoices):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    KILLED = "killed"


class Reason(TextChoices):
    """Why a task is where it is; empty when there is nothing to say."""

    NONE = ""
    SCHEDULED = "scheduled"
    RETRY = "retry"
    STOPPED = "stopped"
    TERMINATING = "terminating"
    ERROR = "error"
    EXIT = "exit"
    TIMEOUT = "timeout"
    LOST = "lost"


class Signal(TextChoices):
    """What can be sent to a task (signal(7))."""

    TERM = "TERM"
    KILL = "KILL"
    INT = "INT"
    STOP = "STOP"
    CONT = "CONT"


# After these the task is KILLED; the others hold a running program and let it go on.
ENDING = (Signal.TERM, Signal.KILL, Signal.INT)

MOVES = {
    Status.PENDING: {Status.RUNNING, Status.FAILED, Status.KILLED},
    # Back to PENDING only to be run again, while attempts are left.
    Status.RUNNING: {Status.PENDING, Status.COMPLETED, Status.FAILED, Status.KILLED},
}
OPEN = [status for status in Status if status in MOVES]
FINAL = [status for status in Status if status not in MOVES]


def sources(to):
    """The statuses from which a task may go to this one."""
    return [status for status, targets in MOVES.items() if to in targets]
