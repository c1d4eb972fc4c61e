"""Ada, who has secrets, and a stranger."""

import pytest

from taskapi.models import Move, Task, TaskOutput
from tests.conftest import client_of
from userapi.models import Token, User

SECRET = "ada-alone-may-see-this"


@pytest.fixture
def adas(running, fork, user):
    """The ids of Ada's tasks, in each status, with secrets wherever text can be."""
    secrets = {"name": SECRET, "description": SECRET, "arguments": {"seconds": 60, "note": SECRET}}
    done, killed, runs = (running(**secrets) for _ in range(3))
    Task.objects.record(done.worker, [Move.completion(done, result=SECRET, error=SECRET, progress_text=SECRET)])
    TaskOutput.objects.create(task=done, offset=0, data=SECRET.encode())
    killed.kill(by=user)
    return [done.pk, killed.pk, runs.pk, fork(**secrets).pk]


@pytest.fixture
def token(user):
    """One of Ada's tokens."""
    return Token.objects.create(user, name=SECRET)[0]


@pytest.fixture
def stranger(other):
    return client_of(other)


@pytest.fixture
def strangers(other, adas, token):
    """stranger() is a new client of a user whom Ada's tasks are none of the business."""
    return lambda: client_of(other)


def rows_of(user):
    """All that is stored about this user, and of this user's."""
    owned = [Token.objects.filter(user=user), Task.objects.filter(owner=user)]
    owned += [TaskOutput.objects.filter(task__owner=user), User.objects.filter(pk=user.pk)]
    return [list(rows.order_by("pk").values()) for rows in owned]
