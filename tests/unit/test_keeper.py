"""What is looked after beside the lease, of which there can be thousands, does not keep the heart from beating."""

import threading
from types import SimpleNamespace

import pytest
from django.utils import timezone

from taskapi.engines import keeper
from taskapi.models import Reason, Status, Task, Worker, queryset

BATCH = 2


@pytest.fixture
def kept(db, monkeypatch):
    """A Keeper with small batches, of an engine that does nothing else."""
    monkeypatch.setattr(keeper, "BATCH", BATCH)
    monkeypatch.setattr(queryset, "BATCH", BATCH)
    signs = {name: threading.Event() for name in ("closing", "retired", "wake")}
    verbs = dict.fromkeys(("interrupt", "hold", "go_on"), lambda *arguments: None)
    return keeper.Keeper(
        SimpleNamespace(name="x", slots=1, recorder=SimpleNamespace(), runs={}, held=(), **signs, **verbs)
    )


@pytest.fixture
def pauses(kept, monkeypatch):
    """How long it has waited after each of its rounds."""
    waited = []
    monkeypatch.setattr(kept.engine.retired, "wait", waited.append)
    return waited


def test_what_comes_due_is_lined_up_by_the_batch_between_heartbeats(kept, pauses, user):
    Task.objects.fork(user, [{"name": "a", "run_at": timezone.now(), "reason": Reason.SCHEDULED}] * 5)
    waiting = [kept.round() or Task.objects.filter(turn=None).count() for _ in range(3)]
    assert waiting == [3, 1, 0]
    assert pauses == [0, 0, kept.look]


def test_what_a_dead_worker_leaves_is_taken_by_the_batch_between_heartbeats(kept, pauses, user):
    dead = Worker.objects.enlist("x", 10)
    Task.objects.fork(user, [{"name": "a"}] * 5)
    assert len(Task.objects.claim(dead, 5)) == 5
    dead.retire()
    left = [kept.round() or Task.objects.filter(status=Status.RUNNING).count() for _ in range(3)]
    assert left == [3, 1, 0]
    assert pauses == [0, 0, kept.look]


def test_of_workers_that_leave_little_many_are_done_in_a_round(kept, pauses, user):
    for _ in range(2):
        dead = Worker.objects.enlist("x", 10)
        Task.objects.fork(user, [{"name": "a"}])
        Task.objects.claim(dead, 1)
        dead.retire()
    kept.round()
    assert not Task.objects.filter(status=Status.RUNNING).exists()
