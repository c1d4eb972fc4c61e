"""A PostgreSQL server of a test's own."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from django.db import connection

from tests.conftest import needs


def free_port():
    """One below those that the kernel gives to connections: they could take it while the server is stopped."""
    first = 20_000 + os.getpid() % 12_000
    for port in range(first, first + 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError(f"no port is free from {first} on")


class Cluster:
    """A PostgreSQL server of the test's own, that can be stopped without harm to others."""

    def __init__(self, programs):
        self.programs = Path(programs)
        self.folder = Path(tempfile.mkdtemp(prefix="cluster-"))
        self.listen = "127.0.0.1"
        self.port = free_port()
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
        options = f"-p {self.port} -k {self.folder} -c listen_addresses={self.listen} -c max_connections=200"
        self.call("pg_ctl", "-D", self.folder / "data", "-w", "-o", options, "start")

    def stop(self):
        self.call("pg_ctl", "-D", self.folder / "data", "-w", "-m", "immediate", "stop")

    def admit(self, network):
        """Listens to the hosts of this network, too."""
        self.listen = "'*'"
        with open(self.folder / "data" / "pg_hba.conf", "a") as file:
            file.write(f"host all all {network} trust\n")
        self.restart()

    def restart(self):
        self.stop()
        self.start()

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
