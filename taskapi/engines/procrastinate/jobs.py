"""Procrastinate's tables, on Django's connection and so in its transactions: the jobs of tasks that wait or run.

Whoever locks a task and its job locks the task first.
"""

import zlib

from django.db import connection, transaction
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

from taskapi.models import Task

# The one task of Procrastinate's.
RUN = "taskapi.run"
# What the workers listen to; the payload is the id of the worker that is to look at its tasks.
CHANNEL = "taskapi_signals"
# The channel that Procrastinate makes of a queue's name is an identifier of PostgreSQL, of 63 bytes.
QUEUE_LIMIT = 40
BATCH = 500

manager = JobManager(DjangoConnector("default"))


def queue_of(program):
    """The queue of a program: each has its own, so that a worker can serve some and not others."""
    name = f"task.{program}"
    return name if name.isascii() and len(name) <= QUEUE_LIMIT else f"task#{zlib.crc32(program.encode()):08x}"


def line_up(tasks):
    """Gives each of these tasks, whose rows the caller has locked or just made, a job; the job's id is its turn."""
    if not tasks:
        return
    if any(task.turn is not None or task.attempt or task.run_at for task in tasks):
        cancel([task.pk for task in tasks])  # no task can have two jobs that wait
    made = manager.batch_defer_jobs([job_of(task) for task in tasks])
    for task, job in zip(tasks, made, strict=True):
        task.turn = job.id
    execute(
        """UPDATE taskapi_task SET turn = new.turn
           FROM unnest(%s::bigint[], %s::bigint[]) AS new (id, turn) WHERE taskapi_task.id = new.id""",
        [task.pk for task in tasks],
        [task.turn for task in tasks],
    )


def job_of(task):
    return Job(
        queue=queue_of(task.program),
        priority=-task.nice,
        lock=None,
        queueing_lock=lock_of(task.pk),
        task_name=RUN,
        task_kwargs={"task_id": task.pk},
    )


def lock_of(task_id):
    """By this, and an index on it, the waiting job of a task is found."""
    return f"task-{task_id}"


def cancel(task_ids):
    """Removes the waiting jobs of these tasks."""
    execute(
        """DELETE FROM procrastinate_jobs WHERE id IN (
               SELECT id FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock = ANY(%s)
               ORDER BY id FOR UPDATE SKIP LOCKED)""",
        [lock_of(pk) for pk in task_ids],
    )


def tell_workers(task_ids):
    """Has the workers that run these tasks look at once for signals to them."""
    execute(
        """SELECT pg_notify(%s, worker_id::text) FROM
           (SELECT DISTINCT worker_id FROM taskapi_task WHERE id = ANY(%s) AND worker_id IS NOT NULL) AS theirs""",
        CHANNEL,
        list(task_ids),
    )


def remove_orphans(lease):
    """Removes up to BATCH jobs that nobody will finish, and has their tasks line up again; returns how many.

    Those are the jobs that a worker took and did not turn into a claim, because it has died, or could not say that it
    is done with them, because the database was away. What runs keeps its job.
    """
    orphans = fetch(
        """SELECT job.id, task.id FROM procrastinate_jobs job
           LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
           LEFT JOIN taskapi_task task ON task.id = CASE WHEN job.task_name = %s THEN (job.args->>'task_id')::bigint END
           WHERE job.status = 'doing' AND job.task_name = %s AND (task.id IS NULL OR task.status <> 'running' AND (
               worker.id IS NULL OR worker.last_heartbeat < now() - %s
               OR (task.status, task.turn) IS DISTINCT FROM ('pending', job.id) AND task.updated_at < now() - %s))
           LIMIT %s""",
        RUN,
        RUN,
        lease,
        lease,
        BATCH,
    )
    with transaction.atomic():
        Task.objects.step_out({task: job for job, task in orphans if task is not None})
        execute(
            """DELETE FROM procrastinate_jobs WHERE id IN (
                   SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND id = ANY(%s) ORDER BY id FOR UPDATE)""",
            [job for job, _ in orphans],
        )
    return len(orphans)


def forgotten():
    """{id: turn} of up to BATCH tasks that wait for a turn that no job will bring."""
    return dict(
        fetch(
            """SELECT id, turn FROM taskapi_task task WHERE status = 'pending' AND turn IS NOT NULL AND NOT EXISTS (
                   SELECT FROM procrastinate_jobs job WHERE job.id = task.turn AND job.status IN ('todo', 'doing')
                   AND job.queueing_lock = 'task-' || task.id)
               LIMIT %s""",
            BATCH,
        )
    )


def execute(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def fetch(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()
