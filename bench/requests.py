"""Requests a second: the fork of one task, and the list of 100 of 1,000, from four connections that are kept.

The baseline is a plain Django view on the same server with the same SQL written by hand (bench.hand). The server has
one slot, which a sleeping task takes, so that nothing but requests is measured.
"""

import statistics
import threading
import time
from functools import partial

from bench.child import run
from bench.client import Client, serve
from bench.database import sqlite
from bench.measure import interleaved
from bench.table import compare, rate

CONNECTIONS = 4
ROUNDS = 7
POSTS, LISTS = 400, 800
HELD = 1_000
LEAST = 0.5
SPEC = {"name": "bench", "arguments": {"seconds": 60}}
BARE, OURS = "/bench/tasks/", "/taskapi/tasks/"


def rows():
    with sqlite() as database:
        run("bench.database:fill_ended", HELD, database=database)
        with serve(database, TASK_SLOTS=1) as server:
            clients = [Client(server) for _ in range(CONNECTIONS)]
            yield from figures("GET tasks/?limit=100", clients, LISTS, lambda path: ("GET", f"{path}?limit=100"))
            yield from figures("POST tasks/", clients, POSTS, lambda path: ("POST", path, SPEC))
            server.kill()  # its task would take its grace


def figures(what, clients, count, request):
    for path in (BARE, OURS):
        rate_of(clients, CONNECTIONS * 5, request(path))
    found = interleaved(
        ROUNDS,
        bare=partial(rate_of, clients, count, request(BARE)),
        ours=partial(rate_of, clients, count, request(OURS)),
    )
    bare, ours = (statistics.median(rates) for rates in found.values())
    yield compare(f"{what}: a second", bare, ours, rate, at_least=LEAST)


def rate_of(clients, count, request):
    """How many such requests a second get through, sent by all clients at once."""
    each = count // len(clients)
    threads = [threading.Thread(target=lambda c=client: [c.call(*request) for _ in range(each)]) for client in clients]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return each * len(clients) / (time.perf_counter() - started)
