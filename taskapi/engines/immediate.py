"""Runs each task in the call that forks it: for tests of one's own programs."""

import asyncio

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.db.models.functions import Now

from taskapi.engines.base import Engine
from taskapi.models import Status, Task, TaskOutput, Worker
from taskapi.runner import Run, attempt, task_factory


class ImmediateEngine(Engine):
    """When `fork` returns, the tasks have ended; a failed one is tried again at once.

    A program that calls for an exit exits: there is no server here to be kept from it.
    """

    name = "immediate"
    can_schedule = False

    def fork(self, owner, specs):
        tasks = super().fork(owner, specs)
        for task in tasks:
            while task.status == Status.PENDING:
                self.attempt(task)
                task.refresh_from_db()
        return tasks

    def attempt(self, task):
        """Runs it once, from its claim to its end."""
        worker = Worker.objects.enlist(self.name, 1)
        this = Task.objects.filter(pk=task.pk)
        this.filter(turn=None).update(run_at=Now())
        this.line_up_due()
        for claimed in this.claim(worker, 1):
            said = []
            run = InlineRun(claimed, settings.TASK_GRACE.total_seconds(), ended=None, report=said.append)
            move = async_to_sync(outcome)(run)
            Task.objects.report(worker, [report for task in said if (report := task.take(TaskOutput.objects.end_of))])
            Task.objects.record(worker, [move])
        worker.retire()


class InlineRun(Run):
    """Calls plain functions in the thread, and so in the transaction, of whoever forked."""

    __slots__ = ()

    async def call_plainly(self, function):
        result, error = await sync_to_async(attempt, thread_sensitive=True)(function)
        if error:
            raise error
        return result


async def outcome(run):
    """The move with which it ends. The ORM of its program works in the caller's thread and transaction."""
    loop = asyncio.get_running_loop()
    loop.set_task_factory(task_factory)
    move = loop.create_future()
    run.ended = lambda run, result: move.set_result(result)
    run.begin(loop)
    return await move
