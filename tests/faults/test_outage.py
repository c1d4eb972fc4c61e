"""A database that goes away for two leases under load and comes back: nothing is lost, nobody is declared dead."""

import time

import psycopg

from tests.conftest import wait_for
from tests.faults.cluster import cluster  # noqa: F401  a fixture
from tests.faults.load import TASKS, Load, check
from tests.server import Server

LEASE, AWAY = 10, 20


def test_postgresql_away_for_two_leases(cluster):  # noqa: F811
    environment = {"TASK_LEASE": f"{LEASE}s", "TASK_GRACE": "1s"}
    with Server(cluster.url, **environment) as first, Server(cluster.url, **environment) as second:
        token = first.log_in()
        # Alive all the while: these must not be declared lost.
        long = {"name": "through it all", "arguments": {"seconds": AWAY + 25}}
        kept = [server.call("POST", TASKS, long, token)[1]["id"] for server in (first, second) for _ in range(5)]
        with Load(first, token) as load, Load(second, token) as others:
            time.sleep(2)
            cluster.stop()
            time.sleep(AWAY)
            cluster.start()
            time.sleep(5)
        load.accepted += others.accepted + kept
        load.killed += others.killed
        with psycopg.connect(cluster.url, autocommit=True) as database:
            check(database.cursor(), load, seconds=90)
            lost = database.execute("SELECT count(*) FROM taskapi_worker WHERE lost").fetchone()
            ends = database.execute("SELECT DISTINCT status FROM taskapi_task WHERE id = ANY(%s)", [kept]).fetchall()
        assert lost == (0,)
        assert ends == [("completed",)]
        assert wait_for(lambda: first.call("GET", TASKS, token=token)[0] == 200)
