"""What the domain refuses, with the status by which HTTP says it."""

from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError


class TaskEnded(APIException):
    """The task has already ended, so that nothing can be done to it."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, task):
        super().__init__(f"Task {task.pk} is already {task.status}")


class NotRunning(APIException):
    """The task waits, so that there is no program that could be stopped."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, task):
        super().__init__(f"Task {task.pk} is {task.status}; only a running task can be stopped or continued")


class TooManyActive(APIException):
    """The user has as many open tasks as are allowed."""

    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    wait = 10  # becomes Retry-After

    def __init__(self, active, limit):
        super().__init__(
            f"You have {active:,} active tasks, and the limit is {limit:,}. Wait until some have ended, or kill some."
        )


class TooManyStreams(APIException):
    """As many clients wait, follow and watch as this server takes at once, of all users or of this one."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    wait = 5  # becomes Retry-After

    def __init__(self, why):
        super().__init__(f"{why} Try again, or poll.")


class KeyReused(APIException):
    """An Idempotency-Key came with another body than before."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY

    def __init__(self, key):
        super().__init__(f"The Idempotency-Key {key} was used for another fork before. Take a new one for each.")


class NotSupported(ValidationError):
    """The engine cannot do what a field of a task asks for."""

    def __init__(self, field, text):
        super().__init__({field: [text]})


class WrongArgument(ValueError):
    """An argument of a program is wrong in a way that its type alone does not say."""

    def __init__(self, name, text):
        super().__init__(text)
        self.name = name


class CannotStart(Exception):
    """There is no thread or process for a program now; its task can wait."""


class UnknownProgram(LookupError):
    """No program of that name is registered."""


class ProgramFailed(Exception):
    """Raised by a program that failed in a way that it understands: its text is the task's error as it is.

    With an exit code (0 to 255) the reason is `exit`, otherwise `error`.
    """

    def __init__(self, error, exit_code=None):
        super().__init__(error)
        if exit_code is not None and not (isinstance(exit_code, int) and 0 <= exit_code <= 255):
            raise ValueError(f"an exit status is a number from 0 to 255, not {exit_code!r}")
        self.exit_code = exit_code
