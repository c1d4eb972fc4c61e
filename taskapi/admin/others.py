from datetime import timedelta

from django.conf import settings
from django.contrib import admin
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from taskapi.models import Status, Task, TaskEvent, Worker
from taskmanager.admin.lists import ReadOnly
from taskmanager.wire import id_of


@admin.register(TaskEvent)
class EventAdmin(ReadOnly):
    """What happened, the last first."""

    list_display = fields = ("at", "of_task", "status", "reason", "by")
    list_select_related = ("by",)
    search_fields = ("task",)
    search_help_text = "The id of a task."

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("by")

    def get_search_results(self, request, events, text):
        return (events.filter(task=id_of(text.strip())) if text else events), False

    @admin.display(description="task")
    def of_task(self, event):
        return event.task_id


@admin.register(Worker)
class WorkerAdmin(ReadOnly):
    """Who runs tasks, and who did."""

    list_display = ("name", "state", "heartbeat", "slots", "busy", "engine", "version", "started_at", "ended_at")
    fields = list_display

    def get_queryset(self, request):
        theirs = Task.objects.filter(worker=OuterRef("pk"), status=Status.RUNNING).order_by().values("worker")
        busy = Subquery(theirs.annotate(number=Count("*")).values("number"))
        return super().get_queryset(request).annotate(running=Coalesce(busy, 0))

    @admin.display
    def busy(self, worker):
        return worker.running

    @admin.display(description="last heartbeat")
    def heartbeat(self, worker):
        return f"{silence(worker).total_seconds():,.0f} s ago"

    @admin.display
    def state(self, worker):
        if worker.lost:
            return "lost"
        if worker.ended_at:
            return "stopped"
        return "silent" if silence(worker) > settings.TASK_LEASE else "alive"


def silence(worker):
    return max(timezone.now() - worker.heartbeat_at, timedelta())
