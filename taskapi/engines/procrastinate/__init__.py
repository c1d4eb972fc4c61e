"""The fleet: any number of workers, on any number of machines, around one PostgreSQL. Procrastinate delivers the tasks.

The row of the task stays the only truth. Procrastinate's job is how a worker hears of a task that waits: a task that
is due has one, and its id is the task's turn. A job can be lost, doubled or late without harm, because the claim asks
the row. A worker holds a lease as every other process that runs tasks, so that fencing, recovery and signals are those
of the local engines.

    engine   __init__     what serves requests: stores tasks with their jobs, tells workers of signals
             worker       what runs tasks, and what keeps rows and jobs in step
             delivery     Procrastinate's own worker, in a thread of its own
             jobs         its tables
"""

import logging

from django.db import transaction

from taskapi.engines.base import Engine
from taskapi.engines.procrastinate import jobs
from taskapi.models import Reason, Signal, Task

logger = logging.getLogger(__name__)


class ProcrastinateEngine(Engine):
    """Gets tasks run by workers (`manage.py worker`). Runs none in this process."""

    name = "procrastinate"
    can_be_fair = can_limit_users = False

    def start(self):
        logger.info("Tasks are run by workers: python manage.py worker")

    def submit(self, tasks):
        jobs.line_up([task for task in tasks if task.reason != Reason.SCHEDULED])

    def edit(self, task, **fields):
        with transaction.atomic():
            turn = Task.objects.select_for_update().values_list("turn", flat=True).get(pk=task.pk)
            super().edit(task, **fields)
            if task.turn != turn:
                jobs.line_up([task])

    def interrupt(self, task_ids, signal=Signal.TERM):
        jobs.cancel(task_ids)
        jobs.tell_workers(task_ids)

    def hold(self, task_ids):
        jobs.tell_workers(task_ids)

    def go_on(self, task_ids):
        jobs.tell_workers(task_ids)
