from django.conf import settings
from django.db import models
from django.utils import timezone

from taskapi.models.status import Reason, Status


class TaskEvent(models.Model):
    """One move of one task: its history, and who did it. `by` is null when it was the system."""

    id = models.BigAutoField(primary_key=True)
    task = models.ForeignKey("taskapi.Task", related_name="events", on_delete=models.CASCADE)
    status = models.CharField(max_length=16, choices=Status)
    reason = models.CharField(max_length=16, choices=Reason, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return f"task {self.task_id}: {self.status} {self.reason}".rstrip()
