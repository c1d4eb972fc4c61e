"""From the fork to the moment when the task is RUNNING and its program takes its first step.

`idle`: one fork at a time. `loaded`: 200 forks a second, sent at their times by several threads. Each through a real
server over HTTP, from before the POST, and in one process, from before engine.fork(). The baseline is the naive
engine (TASK_ENGINE=bench.naive.NaiveEngine) in place of `threads`, everything else the same.
"""

import itertools
import statistics
import threading
import time
from functools import partial

from bench.child import run
from bench.client import Client, serve
from bench.database import sqlite
from bench.measure import interleaved, percentile
from bench.table import compare, milli, rate

NAIVE = "bench.naive.NaiveEngine"
IDLE = {"count": 100, "pause": 0.03, "senders": 1}
LOADED = {"count": 1_000, "pause": 1 / 200, "senders": 8}
SPEC = {"name": "bench", "program": "stamped", "arguments": {"seconds": 0}}
ROUNDS = 2


def rows():
    for way, measure in (("in process", in_process), ("HTTP", over_http)):
        for name, load in (("idle", IDLE), ("loaded", LOADED)):
            found = interleaved(
                ROUNDS, naive=partial(measure, NAIVE, load=load), ours=partial(measure, "threads", load=load)
            )
            yield from figures(f"{way}, {name}", **found)


def figures(what, naive, ours):
    """Of all rounds together: the waits, and how many forks a second got through."""
    for share in (0.5, 0.99):
        theirs, mine = (percentile([wait for waits, _ in found for wait in waits], share) for found in (naive, ours))
        yield compare(f"{what}: p{share * 100:.0f}", theirs, mine, milli)
    yield compare(f"{what}: forks", *(statistics.median(done for _, done in found) for found in (naive, ours)), rate)


def in_process(engine, load):
    with sqlite() as database:
        return waits(run("bench.forks:fork", engine, load, database=database), database)


def over_http(engine, load):
    with sqlite() as database, serve(database, engine) as server:
        local = threading.local()

        def post():
            local.client = getattr(local, "client", None) or Client(server)
            return local.client.call("POST", "/taskapi/tasks/", SPEC)[0]["id"]

        forked = send(post, **load)
        time.sleep(1)
        return waits(forked, database)


def waits(forked, database):
    """Seconds from each fork to the first step of its program (for ever, if there was none), and the forks a second."""
    started, times = database.stamped("started"), forked.values()
    took = [started.get(task_id, float("inf")) - at for task_id, at in forked.items()]
    return took, len(forked) / (max(times) - min(times))


def send(fork, count, pause, senders):
    """Calls fork() so many times, at its times, whoever of the senders is free; returns when each was, by its id."""
    forked, numbers, begin = {}, itertools.count(), time.monotonic() + 0.2

    def work():
        while (number := next(numbers)) < count:
            time.sleep(max(0, begin + number * pause - time.monotonic()))
            at = time.monotonic()
            forked[fork()] = at

    threads = [threading.Thread(target=work) for _ in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return forked
