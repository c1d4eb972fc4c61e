"""The baseline: a thread and `asyncio.run` for each task, and one ORM save for each move of it."""

import asyncio
import contextlib
import threading

from django.db import OperationalError, connection
from django.utils import timezone

from taskapi.engines.base import Engine
from taskapi.models import Status, Task, TaskEvent
from taskapi.programs import get_program
from taskapi.runner import Run, RunningTask


def move(task, status):
    """Saves the task with this status, and its event."""
    task.status, task.turn = status, None
    task.updated_at = timezone.now()
    if status == Status.RUNNING:
        task.started_at = task.updated_at
    if task.ended:
        task.ended_at = task.updated_at
    if status == Status.COMPLETED:
        task.completed_at = task.updated_at
    task.save()
    TaskEvent.objects.create(task=task, status=status)


class NaiveEngine(Engine):
    """Chosen like any other engine: TASK_ENGINE=bench.naive.NaiveEngine."""

    name = "naive"

    def __init__(self):
        self.runs = {}

    def start(self):
        self.submit(Task.objects.filter(status=Status.PENDING))

    def fork(self, owner, specs):
        tasks = [Task(owner=owner, **spec) for spec in specs]
        for task in tasks:
            move(task, Status.PENDING)
        self.submit(tasks)
        return tasks

    def submit(self, tasks):
        for task in tasks:
            self.runs[task.pk] = threading.Thread(target=self.run, args=(task,), daemon=True)
            self.runs[task.pk].start()

    def run(self, task):
        """A task whose save the database refuses stays where it is, for ever."""
        with contextlib.closing(connection), contextlib.suppress(OperationalError):
            move(task, Status.RUNNING)
            given = RunningTask(Run(task, grace=0, ended=None, report=lambda reporter: None))
            asyncio.run(get_program(task.program).bind(given, task.arguments)())
            move(task, Status.COMPLETED)
            del self.runs[task.pk]
