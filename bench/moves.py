"""Moves per second with 1,000 tasks that end together, each in a thread of its own.

Ours hand their moves to the recorder, the naive ones save each its own. On PostgreSQL the naive ones take turns at
50 connections, because a thousand would be refused; this is kinder than what they would do by themselves.
"""

import os
from functools import partial

from bench.child import run
from bench.database import postgres, sqlite
from bench.measure import interleaved, medians
from bench.table import Row, compare, rate

TASKS = 1_000
ROUNDS = 3
BOUND = 120


def rows():
    with sqlite() as database:
        yield from figures("SQLite", database)
    if url := os.environ.get("BENCH_POSTGRES"):
        with postgres(url) as database:
            run("bench.database:prepare", database=database)
            yield from figures("PostgreSQL", database)
    else:
        yield Row("PostgreSQL", "not measured:", "BENCH_POSTGRES", "", "is", "unset")


def figures(name, database):
    measure = partial(run, seconds=BOUND, database=database)
    found = interleaved(
        ROUNDS,
        naive=lambda: measure("bench.ends:naive", TASKS),
        ours=lambda: measure("bench.ends:ours", TASKS),
    )
    if None in found["naive"]:
        yield Row(f"{name}: moves per second", f"not back in {BOUND} s", rate(medians(found["ours"])["rate"]))
        return
    naive, ours = medians(found["naive"]), medians(found["ours"])
    yield compare(f"{name}: moves per second", naive["rate"], ours["rate"], rate, at_least=10)
    yield Row(f"{name}: moves that were lost", f"{naive['lost']:,.0f}", f"{ours['lost']:,.0f}", "", "0")
