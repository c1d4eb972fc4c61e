"""Tasks forked a second: one POST with an array of 10,000, against one POST after the other on one connection.

The time is that of the whole request, until its answer of 10,000 tasks is read, on a server that begins to run them
meanwhile. Every round has a new server and database.
"""

import statistics

from bench.client import Client, serve
from bench.database import sqlite
from bench.measure import interleaved
from bench.table import compare, rate

PATH = "/taskapi/tasks/"
ARRAY, SINGLES = 10_000, 300
ROUNDS = 3


def rows():
    for engine in ("threads", "eventloop"):
        found = interleaved(
            ROUNDS,
            singles=lambda name=engine: on_server(name, singles),
            array=lambda name=engine: on_server(name, array),
        )
        one, many = (statistics.median(results) for results in found.values())
        yield compare(f"{engine}: tasks forked a second", one, many, rate, at_least=10_000, of="ours")


def on_server(engine, fork):
    with sqlite() as database, serve(database, engine) as server:
        client = Client(server)
        client.call("GET", PATH)
        rate = fork(client)
        server.kill()  # its tasks would take their grace
        return rate


def array(client):
    specs = [{"name": f"task {number}", "arguments": {"seconds": 60}} for number in range(ARRAY)]
    return ARRAY / client.timed("POST", PATH, specs)


def singles(client):
    spec = {"name": "task", "arguments": {"seconds": 60}}
    return SINGLES / sum(client.timed("POST", PATH, spec) for _ in range(SINGLES))
