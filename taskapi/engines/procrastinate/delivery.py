"""Procrastinate's own worker, in a thread and an event loop of its own: no program can keep it from its work."""

import asyncio
import contextlib
import logging
import threading
from collections import deque

from django.conf import settings
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import connector_params
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition
from procrastinate.worker import Worker
from psycopg_pool import AsyncConnectionPool

from taskapi.engines.procrastinate.jobs import RUN

logger = logging.getLogger(__name__)

POLL = 0.5
# After an error it starts anew, after so many seconds.
PAUSE = 0.5
CONNECT = 5  # seconds


class Delivery:
    """Takes jobs from the queues and calls `deliver(task id, job id)`, until each of the slots has one.

    A job keeps its slot until `release(job id)`. When the database was away Procrastinate starts anew, of which the
    programs that run notice nothing.
    """

    def __init__(self, queues, slots, deliver):
        self.queues, self.slots, self.deliver = queues, slots, deliver
        self._stopping = threading.Event()
        # By job id: what a job waits for, as long as its slot is taken.
        self._taken = {}
        # Job ids, until the loop has seen to them: one that is about to close takes a call and never makes it.
        self._released = deque()
        self._loop = self._worker = None
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)
        self._thread.start()

    def release(self, job_id):
        """The slot of this job is free, and the job done."""
        self._released.append(job_id)
        with contextlib.suppress(RuntimeError, AttributeError):  # between two loops the next one does it
            self._loop.call_soon_threadsafe(self._free_slots)

    def stop(self):
        """Takes no more jobs."""
        self._stopping.set()
        with contextlib.suppress(RuntimeError, AttributeError):
            self._loop.call_soon_threadsafe(self._stop)

    def join(self, seconds):
        self._thread.join(seconds)

    def is_alive(self):
        return self._thread.is_alive()

    def _run(self):
        trouble = None
        while not self._stopping.is_set():
            try:
                asyncio.run(self._work())
                if not self._stopping.is_set():
                    logger.warning("Procrastinate has lost the database, and starts anew")
                trouble = None
            except Exception as error:
                if not self._stopping.is_set() and str(error) != trouble:
                    logger.warning("Tasks are not delivered, trying again: %r", error)
                trouble = str(error)
            self._loop = self._worker = None
            self._stopping.wait(PAUSE)

    async def _work(self):
        app = App(connector=connector())
        app.task(name=RUN, pass_context=True)(self._take)
        lease = settings.TASK_LEASE.total_seconds()
        async with app.open_async():
            self._worker = SupervisedWorker(
                app=app,
                queues=self.queues,
                concurrency=self.slots,
                taken=self._taken,
                fetch_job_polling_interval=POLL,
                abort_job_polling_interval=3600,  # nothing is aborted in this way
                shutdown_graceful_timeout=0,  # the programs have their grace from the engine
                update_heartbeat_interval=lease / 4,
                stalled_worker_timeout=lease,
                delete_jobs=DeleteJobCondition.ALWAYS,
                install_signal_handlers=False,
            )
            self._loop = asyncio.get_running_loop()
            self._free_slots()
            if not self._stopping.is_set():
                await self._worker.run()

    async def _take(self, context, task_id):
        """Procrastinate's task: holds a slot until the run has ended."""
        job_id = context.job.id
        over = self._taken[job_id] = asyncio.get_running_loop().create_future()
        self.deliver(task_id, job_id)
        await over

    def _free_slots(self):
        while self._released:
            self._release(self._released.popleft())

    def _release(self, job_id):
        over = self._taken.pop(job_id, None)
        if over is None:
            return
        if over.cancelled():
            self._worker.free_slot()  # its run has outlived the Procrastinate that took it
        elif not over.done():
            over.set_result(None)

    def _stop(self):
        if self._worker:
            self._worker.stop()


class SupervisedWorker(Worker):
    """Procrastinate's worker, ending when one of its helpers does, and quiet about jobs that are gone."""

    def __init__(self, *, taken, **options):
        super().__init__(**options)
        self._taken = taken

    def free_slot(self):
        self._job_semaphore.release()

    def _start_side_tasks(self):
        self._job_semaphore = asyncio.Semaphore(max(0, self.concurrency - len(self._taken)))
        return super()._start_side_tasks()

    async def _periodic_deferrer(self):
        """There is nothing periodic. When this ended, Procrastinate would no longer look after the other helpers."""
        await asyncio.Event().wait()

    async def _persist_job_status(self, **options):
        try:
            await super()._persist_job_status(**options)
        except ConnectorException as error:  # the keeper removes what is left
            logger.debug("Job %s could not be finished: %s", options["job"].id, error)


def connector():
    """How Procrastinate connects. To lose its last commits in a crash does no harm, to wait for the disk costs much."""
    parameters = connector_params("default")
    parameters["options"] = f"{parameters.get('options', '')} -c synchronous_commit=off".strip()
    options = {"min_size": 1, "max_size": 2, "timeout": CONNECT, "configure": configure}
    return PsycopgConnector(pool_factory=unchecked_pool, kwargs=parameters, **options)


async def configure(connection):
    """Each of its statements is a transaction: then one way to the server and back is enough, instead of three."""
    await connection.set_autocommit(True)


def unchecked_pool(**options):
    """Connections are not asked whether they are alive before each use; a broken one starts all of it anew."""
    return AsyncConnectionPool(**options | {"check": None})
