from django.conf import settings
from django.db import models
from django.utils import timezone

from taskapi.models.status import Reason, Status
from taskmanager.request_id import LONGEST


class TaskEvent(models.Model):
    """One move of one task: its history, and who did it. `by` is null when it was the system."""

    id = models.BigAutoField(primary_key=True)
    task = models.ForeignKey("taskapi.Task", related_name="events", on_delete=models.CASCADE)
    status = models.CharField(max_length=16, choices=Status)
    reason = models.CharField(max_length=16, choices=Reason, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    # Of the request by which that user did it; the database has a default for processes that do not know the column.
    request_id = models.CharField(max_length=LONGEST, blank=True, default="", db_default="")

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return f"task {self.task_id}: {self.status} {self.reason}".rstrip()
