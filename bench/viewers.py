"""Viewers of `events/`: what 200 of them cost the database against one, and how soon a viewer sees a kill.

The queries are those of the serving process in ten seconds, in which 100 tasks start and end, except for those that the
threads of the engine make, which are the same with and without viewers; the baseline is one viewer. The kills are
DELETEs over HTTP, one after the other, from before each is sent until a viewer has read that its task is killed.
"""

import random
import time

from bench.client import Client, serve
from bench.database import sqlite
from bench.measure import percentile, wait_until
from bench.table import Row, compare, milli, rate
from bench.watchers import Viewers
from tests.server import ASGI, Server

SERVERS = {"Waitress": Server, "Uvicorn": ASGI}
MANY = 200
SEATS = 2 * MANY  # all of them are one user, who does not get the last
SECONDS = 10
TASKS, SLOTS = 100, 10
KILLS, PAUSE = 250, 0.05
BOUND = 0.5
# Threads that work whether or not anybody looks.
ENGINE = {"dispatcher", "keeper", "recorder"}


def rows():
    for name, kind in SERVERS.items():
        with sqlite() as database, serve(database, server=kind, STREAM_LIMIT=SEATS, TASK_SLOTS=SLOTS) as server:
            one, many = (queries_with(server, count) for count in (1, MANY))
        yield compare(f"{name}: queries a second, {MANY} viewers", one[0], many[0], rate, at_most=2)
        yield Row(f"{name}: moves that a viewer missed", f"{one[1]}", f"{many[1]}", "", "0")
    for name, kind in SERVERS.items():
        for viewers in (1, MANY):
            yield from figures(f"{name}, {viewers} viewer{'s' * (viewers > 1)}: kill seen", kills_seen(kind, viewers))


def figures(what, waits):
    yield Row(f"{what}: p50", "", milli(percentile(waits, 0.5)))
    yield compare(f"{what}: p99", None, percentile(waits, 0.99), milli, at_most=BOUND, of="ours")


def queries_with(server, count):
    """(queries a second, moves that not every viewer has seen) with so many viewers."""
    with Viewers(server, count) as viewers:
        time.sleep(1)
        # As many seconds of work as are watched.
        fork(Client(server), TASKS, SECONDS * SLOTS / TASKS)
        before, started = queries_of(server), time.monotonic()
        time.sleep(SECONDS)
        made = queries_of(server) - before
        took = time.monotonic() - started
        ends = [lambda v=viewer: moves_of(v, "completed") for viewer in viewers]
        wait_until(lambda: all(len(end()) == TASKS for end in ends), 30)
        missed = max(3 * TASKS - len(moves_of(viewer)) for viewer in viewers)
    return made / took, missed


def queries_of(server):
    """How many the serving process has made so far, but for its engine."""
    by_thread, _ = Client(server).call("GET", "/bench/queries/")  # Uvicorn closes connections that wait
    return sum(count for thread, count in by_thread.items() if thread not in ENGINE)


def moves_of(viewer, *statuses):
    """The moves that a viewer has seen, into these statuses or all."""
    return [task for _, task in viewer.seen if "status" in task and (not statuses or task["status"] in statuses)]


def kills_seen(kind, count):
    """Seconds from each DELETE until one of so many viewers, each time another, has seen it."""
    with sqlite() as database, serve(database, server=kind, STREAM_LIMIT=SEATS, TASK_SLOTS=2 * KILLS) as server:
        client = Client(server)
        ids = fork(client, KILLS, 600)
        with Viewers(server, count) as viewers:
            time.sleep(2)
            sent = {}
            for task_id in ids:
                sent[task_id] = time.monotonic()
                client.call("DELETE", f"/taskapi/tasks/{task_id}/")
                time.sleep(random.uniform(0, PAUSE))  # noqa: S311  not a secret
            time.sleep(1)
    return [first_seen(viewers[n % count], task_id) - at for n, (task_id, at) in enumerate(sent.items())]


def first_seen(viewer, task_id):
    """When the viewer first read that the task was killed; for ever, if it did not."""
    killed = (at for at, task in viewer.seen if task["id"] == task_id and task.get("status") == "killed")
    return next(killed, float("inf"))


def fork(client, count, seconds):
    specs = [{"name": "bench", "program": "stamped", "arguments": {"seconds": seconds}}] * count
    return [task["id"] for task in client.call("POST", "/taskapi/tasks/", specs)[0]]
