"""A database that goes away for two leases under load and comes back: nothing is lost, nobody is declared dead."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from tests.conftest import needs, wait_for
from tests.faults.load import TASKS, Load, check
from tests.server import Server

LEASE, AWAY = 10, 20


class Cluster:
    """A PostgreSQL server of the test's own, that can be stopped without harm to others."""

    def __init__(self, programs):
        self.programs = Path(programs)
        self.folder = Path(tempfile.mkdtemp(prefix="cluster-"))
        self.port = 20_000 + os.getpid() % 20_000
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        # It refuses to run as root.
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.folder, pwd.getpwnam(self.user).pw_uid, -1)
        self.call("initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "--no-sync")

    def call(self, program, *arguments):
        log = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([self.programs / program, *arguments], check=True, user=self.user, cwd=self.folder, **log)

    def start(self):
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=200"
        self.call("pg_ctl", "-D", self.folder / "data", "-w", "-o", options, "start")

    def stop(self):
        self.call("pg_ctl", "-D", self.folder / "data", "-w", "-m", "immediate", "stop")

    def remove(self):
        shutil.rmtree(self.folder)


@pytest.fixture
def cluster():
    if connection.vendor != "postgresql":
        pytest.skip("belongs to make test-postgres")
    found = shutil.which("pg_ctl") or next(map(str, Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")), None)
    needs(found, "PostgreSQL's own programs (apt-get install postgresql)")
    cluster = Cluster(Path(found).resolve().parent)
    cluster.start()
    yield cluster
    cluster.stop()
    cluster.remove()


def test_postgresql_away_for_two_leases(cluster):
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
