from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from taskapi.exceptions import NotRunning, TaskEnded
from taskapi.models.queryset import TaskQuerySet
from taskapi.models.status import FINAL, OPEN, Reason, Signal, Status
from taskapi.models.worker import Worker


class Limits:
    """What the columns take; the API names them in its errors."""

    NAME = 255
    DESCRIPTION = 10_000
    NICE_LEAST, NICE_MOST = -20, 19
    TIMEOUT = 366 * 24 * 3600  # seconds
    ATTEMPTS = 1_000
    NOTIFY_URL = 2_000


class Task(models.Model):
    """A task is a process: one run of a program that a user asked for. This row is the only truth about it."""

    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, related_name="tasks", on_delete=models.CASCADE, db_index=False, editable=False
    )
    name = models.CharField(max_length=Limits.NAME)
    description = models.TextField(blank=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING, editable=False)
    reason = models.CharField(max_length=16, choices=Reason, default=Reason.NONE, blank=True, editable=False)

    program = models.CharField(max_length=100, default="sleep")
    arguments = models.JSONField(default=dict)
    nice = models.SmallIntegerField(default=0)
    run_at = models.DateTimeField(null=True)
    timeout = models.FloatField(null=True, help_text="Seconds that one attempt may take.")
    max_attempts = models.PositiveSmallIntegerField(default=1)

    # What it was killed with, for the worker that has to pass it on to the program.
    signal = models.CharField(max_length=4, choices=Signal, blank=True, editable=False)
    attempt = models.PositiveIntegerField(default=0, editable=False)
    # Attempts that were none, because there was no thread or process for them.
    postponed = models.PositiveIntegerField(default=0, editable=False)
    worker = models.ForeignKey(Worker, null=True, on_delete=models.SET_NULL, db_index=False, editable=False)
    # Its place in the queue; null when it is not waiting to be claimed. See TaskQuerySet.next_turn().
    turn = models.BigIntegerField(null=True, editable=False)
    restarted_from = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, editable=False)
    # Who is told of its end; and whose end this task, of the program `notify`, tells. See notices.
    notify_url = models.CharField(max_length=Limits.NOTIFY_URL, blank=True, default="", db_default="")
    notifies = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="deliveries", editable=False
    )

    progress = models.FloatField(null=True, editable=False)
    progress_text = models.CharField(max_length=255, blank=True, editable=False)
    result = models.JSONField(null=True, editable=False)
    error = models.TextField(blank=True, editable=False)
    exit_code = models.SmallIntegerField(null=True, editable=False)

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)

    objects = TaskQuerySet.as_manager()

    class Meta:
        permissions = [
            ("negative_nice", "May give a task a nice value below 0"),
            ("run_command", "May run the program command"),
            ("run_fetch", "May run the program fetch"),
        ]
        indexes = [
            models.Index(fields=["owner", "created_at", "id"], name="task_ls"),
            models.Index(fields=["owner", "status", "created_at", "id"], name="task_ps"),
            models.Index(fields=["owner", "program", "created_at", "id"], name="task_of_program"),
            models.Index(fields=["turn", "id"], name="task_claim"),
            models.Index(fields=["owner", "turn"], name="task_turn"),
            models.Index(fields=["status", "turn", "run_at"], name="task_due"),
            models.Index(fields=["worker", "status", "reason"], name="task_worker"),
            models.Index(fields=["ended_at"], name="task_prune"),
            models.Index(fields=["owner", "ended_at", "status"], name="task_ended"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="task_status_known"),
            models.CheckConstraint(
                condition=Q(completed_at=None) | Q(status=Status.COMPLETED), name="task_completed_at_only_completed"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, status__in=OPEN) | Q(ended_at__isnull=False, status__in=FINAL),
                name="task_ended_at_with_every_end",
            ),
            models.CheckConstraint(
                condition=Q(nice__range=(Limits.NICE_LEAST, Limits.NICE_MOST)), name="task_nice_in_range"
            ),
        ]

    class MoveLost(Exception):
        """A task was to be moved from where it cannot go. It says that the code is wrong, not the user."""

    def __str__(self):
        return f"{self.pk} {self.name}"

    @property
    def ended(self):
        return self.status in FINAL

    def awaits_turn(self):
        """Whether it has not lined up yet: for its time, or for who lets it in when that has come."""
        return self.status == Status.PENDING and self.turn is None

    def kill(self, by=None, signal=Signal.TERM):
        """KILLED, from PENDING or RUNNING, by this user. Raises TaskEnded when it has already ended."""
        killed = Task.objects.filter(pk=self.pk).kill(by, signal)
        self.refresh_from_db()
        if not killed:
            raise TaskEnded(self)

    def edit(self, **fields):
        """Changes name, description or nice; a waiting task lines up anew when it gets another nice value."""
        Task.objects.filter(pk=self.pk).edit(**fields)
        self.refresh_from_db()

    def stop(self, by=None):
        """RUNNING, its program held. Raises TaskEnded, and NotRunning for a task that has not started yet."""
        Task.objects.filter(pk=self.pk).stop(by)
        self._check_runs()

    def go_on(self, by=None):
        """RUNNING, its program no longer held. Raises as `stop` does."""
        Task.objects.filter(pk=self.pk).go_on(by)
        self._check_runs()

    def _check_runs(self):
        self.refresh_from_db()
        if self.ended:
            raise TaskEnded(self)
        if self.status != Status.RUNNING:
            raise NotRunning(self)
