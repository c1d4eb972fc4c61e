"""Procrastinate's own worker, in a thread and an event loop of its own: no program can keep it from its work."""

import asyncio
import contextlib
import logging
import threading
from collections import deque

from django.conf import settings
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import connector_params
from procrastinate.worker import Worker
from psycopg_pool import AsyncConnectionPool

from taskapi.engines.procrastinate.jobs import RUN

logger = logging.getLogger(__name__)

POLL = 0.5
# After an error it starts anew, after so many seconds.
PAUSE = 0.5
CONNECT = 5  # seconds
# So many jobs are taken at once at most: what waits is to be shared with the other workers.
GROUP = 20
TAKE = """
    WITH next AS (
        SELECT id FROM procrastinate_jobs
        WHERE status = 'todo' AND queue_name = ANY(%(queues)s) AND task_name = %(task)s
        ORDER BY priority DESC, id LIMIT %(room)s FOR UPDATE SKIP LOCKED)
    UPDATE procrastinate_jobs job SET status = 'doing', worker_id = %(worker_id)s
    FROM next WHERE job.id = next.id RETURNING job.id, job.args"""
# In the order of their ids, as jobs.remove_orphans() does, so that the two do not wait for each other in a circle.
REMOVE = """
    DELETE FROM procrastinate_jobs WHERE id IN (
        SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND id = ANY(%(jobs)s) ORDER BY id FOR UPDATE)"""


class Delivery:
    """Takes jobs from the queues and calls `deliver(task id, job id)`, as long as there are free slots.

    A job keeps its slot until `release(job id)`. When the database was away Procrastinate starts anew, of which the
    programs that run notice nothing.
    """

    def __init__(self, queues, slots, deliver):
        self.queues, self.slots, self.deliver = queues, slots, deliver
        self._stopping = threading.Event()
        # The jobs that have a slot, and those among them that are done: other threads say so.
        self._taken, self._done = set(), deque()
        self._loop = self._worker = None
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)
        self._thread.start()

    def release(self, job_id):
        """The slot of this job is free, and the job done."""
        self._done.append(job_id)
        self._tell("look")

    def stop(self):
        """Takes no more jobs."""
        self._stopping.set()
        self._tell("stop")

    def join(self, seconds):
        self._thread.join(seconds)

    def is_alive(self):
        return self._thread.is_alive()

    async def take(self, connector, worker_id):
        """Removes the jobs that are done and takes a group of others for free slots, as the worker with this id.

        True when it took as many as it could, so that there may be more.
        """
        done = list(self._done)
        await remove(connector, done)
        self._taken.difference_update(done)
        for _ in done:
            self._done.popleft()
        room = min(GROUP, self.slots - len(self._taken))
        if room < 1:
            return False
        options = {"queues": self.queues, "worker_id": worker_id, "task": RUN, "room": room}
        jobs = await connector.execute_query_all_async(TAKE, **options)
        for job in jobs:
            self._taken.add(job["id"])
            self.deliver(job["args"]["task_id"], job["id"])
        return len(jobs) == room

    def _tell(self, what):
        worker, loop = self._worker, self._loop
        with contextlib.suppress(RuntimeError):  # between two loops nobody waits
            if worker and loop:
                loop.call_soon_threadsafe(getattr(worker, what))

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
        lease = settings.TASK_LEASE.total_seconds()
        async with app.open_async():
            self._worker = GroupWorker(
                app=app,
                queues=self.queues,
                take=self.take,
                fetch_job_polling_interval=POLL,
                abort_job_polling_interval=3600,  # nothing is aborted in this way
                update_heartbeat_interval=lease / 4,
                stalled_worker_timeout=lease,
                install_signal_handlers=False,
            )
            self._loop = asyncio.get_running_loop()
            if not self._stopping.is_set():
                await self._worker.run()
            if self._stopping.is_set():
                await remove(app.connector, list(self._taken))


class GroupWorker(Worker):
    """Procrastinate's worker, taking many jobs at once, and ending when one of its helpers does.

    Its own way of one job at a time costs two transactions and an asyncio task for each.
    """

    def __init__(self, *, take, **options):
        super().__init__(**options)
        self._take = take

    def look(self):
        """There may be jobs to take, or to remove."""
        self._new_job_event.set()

    async def _fetch_and_process_jobs(self):
        more = True
        while more and not self._stop_event.is_set():
            self._new_job_event.clear()
            more = await self._take(self.app.connector, self.worker_id)

    async def _periodic_deferrer(self):
        """There is nothing periodic. When this ended, Procrastinate would no longer look after the other helpers."""
        await asyncio.Event().wait()


async def remove(connector, job_ids):
    """Removes these jobs, of which some may be gone."""
    if job_ids:
        await connector.execute_query_async(REMOVE, jobs=job_ids)


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
