"""A process that runs tasks, and its lease on them."""

import os
import platform
from datetime import timedelta

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce, Now

import taskmanager
from taskapi.models.status import Reason, Status

# A report names those that were lost within this time, and so many workers at most.
LATELY = timedelta(hours=1)
SHOWN = 200


class WorkerState(models.TextChoices):
    """How a worker is, as a report says it: one that is silent has missed its lease and nobody has given it up yet."""

    ALIVE = "alive"
    SILENT = "silent"
    LOST = "lost"


class WorkerQuerySet(models.QuerySet):
    def enlist(self, engine, slots):
        """A new worker row for this process."""
        host = platform.node()[:200]
        return self.create(
            name=f"{host}:{os.getpid()}",
            engine=engine,
            slots=slots,
            version=taskmanager.__version__,
            started_at=Now(),
            heartbeat_at=Now(),
        )

    def alive(self):
        return self.filter(ended_at=None)

    def silent(self, lease):
        """Workers whose last heartbeat is older than this timedelta, by the database's clock."""
        return self.alive().filter(heartbeat_at__lt=Now() - lease)

    def report(self):
        """A dict for each worker that has not ended, by name, then for those lost within the last hour, latest first.

        200 at most. `busy` is the number of its running tasks, whoever forked them; `heartbeat_age` is in seconds, by
        the database's clock; `state` is a WorkerState.
        """
        shown = self.filter(Q(ended_at=None) | Q(lost=True, ended_at__gte=Now() - LATELY))
        shown = shown.annotate(busy=Coalesce(Subquery(count_running()), 0), now=Now())
        shown = shown.order_by(F("ended_at").desc(nulls_first=True), "name", "id")
        return [described(worker) for worker in shown[:SHOWN]]

    def census(self):
        """{alive, silent, slots}: how many have not ended, by their heartbeats; the slots of the first, or None."""
        beats = Q(heartbeat_at__gte=Now() - settings.TASK_LEASE)
        numbers = {"alive": Count("pk", filter=beats), "silent": Count("pk", filter=~beats)}
        return self.alive().aggregate(slots=Sum("slots", filter=beats), **numbers)

    def prune(self, older_than):
        """Deletes the workers that ended longer ago than this timedelta and have no tasks left to name them."""
        Task = apps.get_model("taskapi", "Task")
        unnamed = ~Exists(Task.objects.filter(worker=OuterRef("pk")))
        return self.filter(unnamed, ended_at__lt=Now() - older_than).delete()[0]

    def with_leftovers(self):
        """Workers that have ended while tasks of theirs are still open."""
        Task = apps.get_model("taskapi", "Task")
        left = Task.objects.filter(worker=OuterRef("pk"))
        running = left.filter(status=Status.RUNNING)
        terminating = left.filter(status=Status.KILLED, reason=Reason.TERMINATING)
        return self.filter(Exists(running) | Exists(terminating), ended_at__isnull=False)


def count_running():
    """A query for the running tasks of the worker around it. It reads a range of one index, not the worker's tasks."""
    running = apps.get_model("taskapi", "Task").objects.filter(worker=OuterRef("pk"), status=Status.RUNNING)
    return running.order_by().values("worker").annotate(number=Count("*")).values("number")


class Worker(models.Model):
    """Whoever runs tasks holds one; while its heart beats, its tasks are its own."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=255)
    engine = models.CharField(max_length=100)
    version = models.CharField(max_length=32)
    slots = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField(db_index=True)
    # Set when it stopped or was given up. From then on it claims nothing, and its tasks are anybody's to recover.
    ended_at = models.DateTimeField(null=True)
    lost = models.BooleanField(default=False)

    objects = WorkerQuerySet.as_manager()

    def __str__(self):
        return self.name

    def beat(self):
        """Renews the lease. False when it has been taken: this worker must stop its programs."""
        return Worker.objects.alive().filter(pk=self.pk).update(heartbeat_at=Now()) == 1

    def hold_lease(self):
        """Whether the lease is ours, and that it stays so until the end of the transaction."""
        return Worker.objects.alive().select_for_update().filter(pk=self.pk).first() is not None

    def give_up(self, lease):
        """Declares a silent worker lost. False when it turned out to be alive, or somebody else was first."""
        return Worker.objects.silent(lease).filter(pk=self.pk).update(ended_at=Now(), lost=True) == 1

    def retire(self):
        """Ends this worker in good order."""
        return Worker.objects.alive().filter(pk=self.pk).update(ended_at=Now()) == 1


def described(worker):
    """What a report says of a worker that was read with `busy` and `now`."""
    age = max(timedelta(0), worker.now - worker.heartbeat_at)
    return {
        "id": worker.pk,
        "name": worker.name,
        "host": worker.name.rpartition(":")[0],
        "engine": worker.engine,
        "version": worker.version,
        "slots": worker.slots,
        "busy": worker.busy,
        "state": state_of(worker, age),
        "started_at": worker.started_at,
        "heartbeat_at": worker.heartbeat_at,
        "heartbeat_age": round(age.total_seconds(), 3),
    }


def state_of(worker, age):
    if worker.lost:
        return WorkerState.LOST
    return WorkerState.SILENT if age > settings.TASK_LEASE else WorkerState.ALIVE
