"""Runs each task in the call that forks it: for tests of one's own programs."""

import asyncio

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.db.models.functions import Now

from taskapi.engines.base import Engine
from taskapi.models import Status, Task, TaskOutput, Worker
from taskapi.runner import Run, attempt, task_factory


class ImmediateEngine(Engine):
    """When `fork` returns, the tasks have ended, and so has what tells of it; a failed one is tried again at once.

    A program that calls for an exit exits: there is no server here to be kept from it.
    """

    name = "immediate"
    can_schedule = False

    def fork(self, owner, specs, by=None):
        tasks = super().fork(owner, specs, by)
        for task in tasks:
            self.exhaust(task)
            for delivery in task.deliveries.all():
                self.exhaust(delivery)
        return tasks

    def exhaust(self, task):
        """Runs it until it has ended."""
        while task.status == Status.PENDING:
            self.attempt(task)
            task.refresh_from_db()

    def attempt(self, task):
        """Runs it once, from its claim to its end."""
        worker = Worker.objects.enlist(self.name, 1)
        this = Task.objects.filter(pk=task.pk)
        this.filter(turn=None).update(run_at=Now())
        this.line_up_due()
        for claimed in this.claim(worker, 1):
            self.run(worker, claimed)
        worker.retire()

    def run(self, worker, claim):
        reports, end = [], TaskOutput.objects.end_of(claim.pk)

        def report(reporter):
            """Takes at once what it says, because it may wait for that; it is written afterwards, in this thread."""
            reports.extend(reporter.take_all(lambda task_id: end))
            reporter.stored()

        move = async_to_sync(outcome)(InlineRun(claim, settings.TASK_GRACE.total_seconds(), None, report))
        Task.objects.report(worker, reports)
        if move:
            Task.objects.record(worker, [move])
        Task.objects.settle(worker)


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
