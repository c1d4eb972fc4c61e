"""From the kill to the moment when the program gets its CancelledError, with 10,000 of them asleep in one process.

The kill is engine.kill(): in the owner's process that is what a DELETE calls, and the baseline is one ORM save, the
row of its event and a cancel on a bare loop. Another process only writes the row; the owner has to find it.
"""

import random
import time

from bench.child import Child, run
from bench.database import sqlite
from bench.measure import percentile
from bench.table import compare, milli

TASKS = 10_000
KILLS = 300
PAUSE = 0.03  # at most, between two kills
SLOTS = {"TASK_SLOTS": str(TASKS)}


def rows():
    with sqlite() as database:
        bare = run("bench.killers:bare", TASKS, KILLS, database=database)
    with sqlite() as database:
        ours = waits(run("bench.killers:owner_kills", TASKS, KILLS, database=database, **SLOTS), database)
    yield from figures("owner's process", bare, ours, at_most=0.02)
    with sqlite() as database:
        yield from figures("across processes", bare, across(database), at_most=1)


def figures(what, bare, ours, at_most):
    yield compare(f"{what}: p50", percentile(bare, 0.5), percentile(ours, 0.5), milli)
    yield compare(f"{what}: p99", percentile(bare, 0.99), percentile(ours, 0.99), milli, at_most, of="ours")


def across(database):
    with Child("bench.killers:owner", TASKS, database=database, **SLOTS) as owner:
        ids = owner.ask()
        killed = run("bench.killers:kill", random.sample(ids, KILLS), database=database)
        time.sleep(2)
        return waits(killed, database)


def waits(killed, database):
    """Seconds from each kill to the stop of its program; a program that was never stopped counts for ever."""
    stopped = database.stamped("stopped")
    return [stopped.get(task_id, float("inf")) - at for task_id, at in killed.items()]
