from datetime import timedelta
from operator import attrgetter

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils import timezone

from taskapi.exceptions import KeyReused
from taskapi.models.rows import lock_users

KEPT = timedelta(days=1)
BATCH = 500


class ForkKeyQuerySet(models.QuerySet):
    def take(self, owner, key, digest):
        """This user's key: a new one has no tasks yet. Raises KeyReused when it came with something else before.

        In the transaction of the fork: who comes with the same key meanwhile waits for its end.
        """
        lock_users([owner.pk])  # before the row that names the user; see lock_users()
        found, new = self.get_or_create(owner=owner, key=key, defaults={"digest": digest})
        if not new and found.digest != digest:
            raise KeyReused(key)
        return found

    def prune(self):
        """Forgets up to BATCH keys that are older than KEPT; returns how many there were."""
        old = self.filter(created_at__lt=timezone.now() - KEPT).values_list("pk", flat=True)
        return self.filter(pk__in=list(old[:BATCH])).delete()[0]


class ForkKey(models.Model):
    """An Idempotency-Key that a client sent with a fork, and the ids of the tasks that it forked."""

    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, related_name="+", on_delete=models.CASCADE, db_index=False)
    key = models.CharField(max_length=255)
    # Of what was forked: the same key with another body is a mistake.
    digest = models.CharField(max_length=64)
    tasks = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = ForkKeyQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="fork_key_once")]

    def __str__(self):
        return self.key

    def forked(self):
        """The tasks that it forked. Raises KeyReused when they are gone."""
        tasks = list(apps.get_model("taskapi", "Task").objects.select_related("worker").filter(pk__in=self.tasks))
        if not tasks:
            raise KeyReused(self.key)
        return sorted(tasks, key=attrgetter("pk"))
