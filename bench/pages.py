"""The list of the first 100 tasks, `GET tasks/?limit=100`, of a user who has 1,000 and of one who has 1,000,000.

Over HTTP, the later pages by the cursors of the Link headers: the hundredth of the million, and the tenth, which is
the last, of the thousand. The baseline of the lists is the first page of the thousand. `GET stats/` of the million is
compared with that of the thousand: the first look of a process, which counts, and those that follow.
"""

import statistics
from contextlib import ExitStack

from bench.child import run
from bench.client import Client, serve
from bench.database import sqlite
from bench.measure import interleaved
from bench.table import compare, milli

FEW, MANY = 1_000, 1_000_000
FIRST = "/taskapi/tasks/?limit=100"
STATS = "/taskapi/stats/"
ROUNDS = 200
BOUND = 1.5


def rows():
    with ExitStack() as stack:
        few, many = (server(stack, count) for count in (FEW, MANY))
        # By turns: the second of two requests to one server finds it still busy with the end of the first.
        pages = {
            "base": (few, FIRST),
            f"{MANY:,} rows: page 1": (many, FIRST),
            f"{FEW:,} rows: page 10": (few, page(few, 10)),
            f"{MANY:,} rows: page 100": (many, page(many, 100)),
        }
        yield compare(f"{MANY:,} rows: first stats", few.timed("GET", STATS), many.timed("GET", STATS), milli)
        base, *others = medians(pages)
        stats = medians({f"{FEW:,} rows: stats": (few, STATS), f"{MANY:,} rows: stats": (many, STATS)})
    for name, seconds in others:
        yield compare(name, base[1], seconds, milli, at_most=BOUND)
    yield compare(stats[1][0], stats[0][1], stats[1][1], milli, at_most=BOUND)


def medians(places):
    """(name, seconds) of a GET at each of these places, asked for in turns."""
    measures = {name: lambda place=place: place[0].timed("GET", place[1]) for name, place in places.items()}
    return [(name, statistics.median(found)) for name, found in interleaved(ROUNDS, **measures).items()]


def server(stack, count):
    """A client of a server whose user has so many ended tasks."""
    database = stack.enter_context(sqlite())
    run("bench.database:fill_ended", count, database=database)
    return Client(stack.enter_context(serve(database)))


def page(client, number):
    path = FIRST
    for _ in range(number - 1):
        path = client.following(client.call("GET", path)[1])
    return path
