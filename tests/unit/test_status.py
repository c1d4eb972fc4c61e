"""The state machine: every pair of statuses, moved through the one function that writes `status`."""

from itertools import product

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from taskapi.models import FINAL, MOVES, Status, Task, TaskEvent

PAIRS = list(product(Status, Status))
LEGAL = {(origin, to) for origin, targets in MOVES.items() for to in targets}


@pytest.fixture
def task_in(fork):
    def task_in(status):
        task = fork()
        now = timezone.now()
        Task.objects.filter(pk=task.pk).update(
            status=status,
            ended_at=now if status in FINAL else None,
            completed_at=now if status == Status.COMPLETED else None,
        )
        return task

    return task_in


def test_the_table_is_the_one_of_the_specification():
    assert {(a.name, b.name) for a, b in LEGAL} == {
        ("PENDING", "RUNNING"),
        ("PENDING", "FAILED"),
        ("PENDING", "KILLED"),
        ("RUNNING", "PENDING"),
        ("RUNNING", "COMPLETED"),
        ("RUNNING", "FAILED"),
        ("RUNNING", "KILLED"),
    }


@pytest.mark.parametrize(("origin", "to"), sorted(LEGAL))
def test_a_legal_move_is_made_and_leaves_an_event(task_in, origin, to):
    task = task_in(origin)
    Task.objects.all()._move({task.pk: (task.program, task.created_at)}, to)
    task.refresh_from_db()
    assert task.status == to
    assert (task.ended_at is not None) == (to in FINAL)
    assert (task.completed_at is not None) == (to == Status.COMPLETED)
    assert task.events.last().status == to


@pytest.mark.parametrize(("origin", "to"), sorted(set(PAIRS) - LEGAL))
def test_an_illegal_move_changes_nothing(task_in, origin, to):
    task = task_in(origin)
    before = Task.objects.filter(pk=task.pk).values().get()
    with pytest.raises(Task.MoveLost), transaction.atomic():
        Task.objects.all()._move({task.pk: (task.program, task.created_at)}, to)
    assert Task.objects.filter(pk=task.pk).values().get() == before
    assert TaskEvent.objects.filter(task=task).count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "sleeping"},
        {"completed_at": timezone.now()},
        {"ended_at": timezone.now()},
        {"status": "killed"},
        {"status": "failed", "ended_at": timezone.now(), "completed_at": timezone.now()},
        {"nice": 20},
        {"nice": -21},
    ],
    ids=str,
)
def test_the_database_itself_refuses_what_must_not_be(fork, fields):
    task = fork()
    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(**fields)
