"""Tasks asleep at once: the memory, descriptors and CPU of each.

`program` is the engine's side alone: from Run.begin until its move is handed over, to a recorder that writes nothing.
Its memory includes the claimed tasks; its CPU leaves out their claim. `whole` is the engine as it is, claim and
recording in SQLite included, from its start until the last move is written. Forks are in neither of them. The
baseline of `eventloop` is bare coroutines (asyncio.sleep), that of `threads` is the naive engine, which claims nothing.
"""

from itertools import chain

from bench.child import run
from bench.database import sqlite
from bench.measure import interleaved, medians
from bench.table import Row, compare, micro, size

LOOP_COUNTS = {100: 3, 1_000: 3, 10_000: 2, 100_000: 2}
THREAD_COUNTS = {100: 3, 1_000: 2, 5_000: 1}
BOUND = 60  # seconds that either has for the threads
FLAT = 1.5
NAIVE = "bench.naive.NaiveEngine"


def rows():
    return chain(loop_rows(), thread_rows())


def loop_rows():
    costs = {"program": [], "whole": []}
    for count, rounds in LOOP_COUNTS.items():
        found = loop_figures(count, rounds)
        for name, known in costs.items():
            known.append(found[name]["ended"])
        yield from loop_table(f"eventloop {count:,}", bounded=count == max(LOOP_COUNTS), **found)
    for name, known in costs.items():
        yield flatness(f"eventloop, {name}", LOOP_COUNTS, known)


def loop_figures(count, rounds):
    """The sleeps are long enough for all to be asleep at once."""
    found = interleaved(
        rounds,
        bare=lambda: run("bench.bare:sleepers", count, 1 + count / 50_000),
        program=lambda: on_sqlite("program", count, 1 + count / 8_000),
        whole=lambda: on_sqlite("whole", "eventloop", count, 1 + count / 2_500),
    )
    return {name: medians(results) for name, results in found.items()}


def loop_table(what, bare, program, whole, bounded):
    memory, cpu = (2, 3) if bounded else (None, None)
    yield compare(f"{what}, program: memory", bare["memory"], program["memory"], size, memory)
    yield compare(f"{what}, program: CPU until asleep", bare["cpu"], program["cpu"], micro)
    yield compare(f"{what}, program: CPU until ended", bare["ended"], program["ended"], micro, cpu)
    yield compare(f"{what}, whole: memory", bare["memory"], whole["memory"], size)
    yield compare(f"{what}, whole: CPU until ended", bare["ended"], whole["ended"], micro)
    yield Row(f"{what}, whole: asleep at once", "", f"{whole['at once']:,.0f}")
    yield Row(f"{what}, whole: descriptors of each", "", f"{whole['descriptors']:.4f}")


def thread_rows():
    costs = []
    for count, rounds in THREAD_COUNTS.items():
        found = interleaved(
            rounds,
            naive=lambda n=count: on_sqlite("whole", NAIVE, n, 2 + n / 500, seconds=BOUND),
            ours=lambda n=count: on_sqlite("whole", "threads", n, 2 + n / 500, seconds=BOUND),
        )
        naive, ours = (None if None in results else medians(results) for results in found.values())
        costs.append(ours and ours["ended"])
        yield from thread_table(f"threads {count:,}", naive, ours)
    yield flatness("threads, whole", THREAD_COUNTS, costs)


def thread_table(what, naive, ours):
    for shown, name, show in (("CPU until ended", "ended", micro), ("memory", "memory", size)):
        yield compare(f"{what}, whole: {shown}", naive and naive[name], ours and ours[name], show)
    if not naive or not ours:
        back = [f"{'' if found else 'not '}back in {BOUND} s" for found in (naive, ours)]
        yield Row(f"{what}, whole", *back, "", "back", "yes" if ours else "NO")
    if ours:
        yield Row(f"{what}, whole: asleep at once", "", f"{ours['at once']:,.0f}")
        yield Row(f"{what}, whole: descriptors of each", "", f"{ours['descriptors']:.2f}")


def flatness(what, counts, costs):
    """How the cost of one task grows from the least number of them to the greatest."""
    return compare(f"{what}: CPU, {max(counts):,} against {min(counts)}", costs[0], costs[-1], micro, at_most=FLAT)


def on_sqlite(function, *arguments, seconds=300):
    """What it measured in a process and on a database of its own; None when it did not come back."""
    count = str(arguments[-2])
    with sqlite() as database:
        return run(f"bench.asleep:{function}", *arguments, seconds=seconds, database=database, TASK_SLOTS=count)
