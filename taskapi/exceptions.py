"""What the domain refuses, with the status by which HTTP says it."""

from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError


class TaskEnded(APIException):
    """The task has already ended, so that nothing can be done to it."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, task):
        super().__init__(f"Task {task.pk} is already {task.status}")


class NotSupported(ValidationError):
    """The engine cannot do what a field of a task asks for."""

    def __init__(self, field, text):
        super().__init__({field: [text]})


class UnknownProgram(LookupError):
    """No program of that name is registered."""
