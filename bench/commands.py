"""Tasks of the program `command`, against subprocess.run() of the same command in a process of the same size.

`program` is the engine's side alone: from Run.begin until its move is handed over, to a recorder that writes nothing.
`whole` is a task with claims, moves, events and output in SQLite. `one at a time`: from the fork of a task until its
end is written, and then the next. `8 at once`: forked beforehand, from the start of an engine with 8 slots until the
last end is written. The baseline calls subprocess.run() in as many threads. What a whole task takes more than its
command is the same for all of them, so that the shortest have the worst ratios. The launcher runs already, but its
start is in the CPU, which is that of the server, the launcher, the supervisors and the commands together. The baseline
of the output reads a pipe into a file.
"""

import sys
from functools import partial

from bench.child import run
from bench.database import sqlite
from bench.measure import interleaved, medians
from bench.table import Row, compare, mebi, mebi_rate, milli

# What is run, how often, and how it ends in the table.
COMMANDS = {
    "true": (["true"], 200),
    "python -c pass": ([sys.executable, "-S", "-c", "pass"], 100),
    "a loop of sh": (["sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"], 100),
    "4 KiB of output": (["sh", "-c", "head -c 4096 /dev/zero | tr '\\0' x"], 100),
}
AT_ONCE = 8
ROUNDS = 3
OUTPUT = 64 * 2**20
OUTPUT_ROUNDS = 3
YES_SECONDS = 4
ENOUGH = str(2**31 - 1)


def rows():
    for name, (argv, count) in COMMANDS.items():
        for what, slots in (("one at a time", 1), (f"{AT_ONCE} at once", AT_ONCE)):
            yield from overhead(f"{name}, {what}", argv, count, slots)
    yield from output()
    yield from memory()


def overhead(what, argv, count, slots):
    found = interleaved(
        ROUNDS,
        bare=partial(measure, "subprocesses", argv, count, slots),
        program=partial(measure, "programs", argv, count, slots),
        whole=partial(measure, "tasks", argv, count, slots, TASK_SLOTS=str(slots)),
    )
    bare, program, whole = map(medians, found.values())
    yield compare(f"{what}, program: time of each", bare["seconds"], program["seconds"], milli, at_most=2)
    yield compare(f"{what}, whole: time of each", bare["seconds"], whole["seconds"], milli)
    yield compare(f"{what}, whole: CPU of each", bare["cpu"], whole["cpu"], milli)


def output():
    """Bytes a second from the start of a command that only writes until all is stored, or dropped."""
    found = interleaved(
        OUTPUT_ROUNDS,
        bare=partial(measure, "output_to_file", OUTPUT),
        stored=partial(measure, "output_of_task", OUTPUT, TASK_OUTPUT_LIMIT=ENOUGH),
        dropped=partial(measure, "output_of_task", OUTPUT),
    )
    bare, stored, dropped = (medians(results)["rate"] for results in found.values())
    yield compare(f"{OUTPUT >> 20} MiB of output", bare, stored, mebi_rate)
    yield compare("the same, all but 1 MiB of it dropped", bare, dropped, mebi_rate)
    yield compare("dropped (ours) against stored (baseline)", stored, dropped, mebi_rate, at_least=1)


def memory():
    for what, options in (("stored", {"TASK_OUTPUT_LIMIT": ENOUGH}), ("dropped after 1 MiB", {})):
        found = [measure("endless", YES_SECONDS, **options) for _ in range(OUTPUT_ROUNDS)]
        grown = medians(found)
        yield Row(f"{YES_SECONDS} s of yes, {what}: growth of the server's memory", "", mebi(grown["memory"]))
        yield Row(f"{YES_SECONDS} s of yes, {what}: CPU of the server", "", f"{grown['cpu']:.0%}")


def measure(function, *arguments, **environment):
    with sqlite() as database:
        return run(f"bench.spawns:{function}", *arguments, database=database, **environment)
