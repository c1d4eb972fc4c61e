"""The processes of the topic `moves`: so many running tasks, which end together."""

import threading
import time

from django.db import OperationalError, connection

from bench.database import fill
from bench.naive import move
from taskapi.models import Move, Status, Task, Worker
from taskapi.recorder import Recorder

CONNECTIONS = threading.Semaphore(50)


def running(count):
    """So many tasks that a worker has claimed, and the worker."""
    fill(count)
    worker = Worker.objects.enlist("bench", count)
    return Task.objects.claim(worker, count), worker


def ours(count):
    tasks, worker = running(count)
    recorder = Recorder()
    recorder.worker = worker
    written = threading.Semaphore(0)

    def end(task):
        recorder.record(task, Move.completion(task), lambda _: written.release())

    seconds = end_together(end, tasks, lambda: [written.acquire() for _ in tasks])
    recorder.close(10)
    return figures(tasks, seconds)


def naive(count):
    claimed, _ = running(count)
    tasks = list(Task.objects.filter(pk__in=[task.pk for task in claimed]))
    return figures(tasks, end_together(save_in_turn if connection.vendor == "postgresql" else save_now, tasks))


def save_in_turn(task):
    with CONNECTIONS:
        save_now(task)


def save_now(task):
    try:
        move(task, Status.COMPLETED)
    except OperationalError:
        pass  # it is counted as lost
    finally:
        connection.close()


def end_together(end, tasks, wait=lambda: None):
    """Seconds that it took from the moment when all these were let go, a thread each, until all were through."""
    go = threading.Event()
    threads = [threading.Thread(target=lambda task=task: go.wait() and end(task)) for task in tasks]
    for thread in threads:
        thread.start()
    started = time.monotonic()
    go.set()
    for thread in threads:
        thread.join()
    wait()
    return time.monotonic() - started


def figures(tasks, seconds):
    written = Task.objects.filter(pk__in=[task.pk for task in tasks], status=Status.COMPLETED).count()
    return {"rate": written / seconds, "lost": len(tasks) - written}
