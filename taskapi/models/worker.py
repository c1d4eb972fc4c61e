"""A process that runs tasks, and its lease on them."""

import os
import platform

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.db.models.functions import Now

import taskmanager
from taskapi.models.status import Reason, Status


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

    def slots(self):
        """How many tasks the living ones can run at once; None when there are none."""
        beating = self.alive().filter(heartbeat_at__gte=Now() - settings.TASK_LEASE)
        return beating.aggregate(slots=Sum("slots"))["slots"]

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
