"""The jobs by which workers hear of tasks, to read. Procrastinate's own admin would retry and cancel them, behind the
back of the tasks that they are for."""

from django.contrib import admin
from procrastinate.contrib.django.models import ProcrastinateJob

from taskmanager.admin.lists import ReadOnly

admin.site.unregister(ProcrastinateJob)


@admin.register(ProcrastinateJob)
class JobAdmin(ReadOnly):
    list_display = fields = ("id", "task_name", "args", "status", "queue_name", "priority", "scheduled_at", "attempts")
