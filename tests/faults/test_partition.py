"""Workers as hosts of their own, in network namespaces; one is cut off from the others, and healed."""

import os
import subprocess
import time

import psycopg
import pytest

from tests.conftest import wait_for
from tests.faults.cluster import cluster  # noqa: F401  a fixture
from tests.faults.fleet import ENVIRONMENT, LEASE, SECONDS, FleetLoad, check_fleet, web  # noqa: F401
from tests.server import WorkerProcess

NETWORK = "10.213"


def ip(*arguments):
    subprocess.run(["ip", *map(str, arguments)], check=True, capture_output=True, text=True)


class Host:
    """A network namespace, with one cable to this machine."""

    def __init__(self, number):
        self.name = f"utm{os.getpid() % 100_000}-{number}"
        self.here, there = f"{NETWORK}.{number}.1", f"{NETWORK}.{number}.2"
        ip("netns", "add", self.name)
        ip("link", "add", self.name, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        ip("addr", "add", f"{self.here}/24", "dev", self.name)
        ip("-n", self.name, "addr", "add", f"{there}/24", "dev", "eth0")
        ip("-n", self.name, "link", "set", "eth0", "up")
        self.heal()

    def cut(self):
        ip("link", "set", self.name, "down")

    def heal(self):
        ip("link", "set", self.name, "up")

    def remove(self):
        ip("netns", "del", self.name)


class RemoteWorker(WorkerProcess):
    def __init__(self, host, port):
        url = f"postgres://postgres@{host.here}:{port}/postgres"
        super().__init__(url, "--slots", "50", TASK_OPEN_PROGRAMS="command", **ENVIRONMENT)
        self.host = host

    def command(self):
        return ["ip", "netns", "exec", self.host.name, *super().command()]


@pytest.fixture
def hosts(cluster):  # noqa: F811
    hosts = []
    try:
        try:
            hosts.extend(Host(number) for number in range(3))
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"needs network namespaces (iproute2, and the right to make them): {error}")
        cluster.admit(f"{NETWORK}.0.0/16")
        yield hosts
    finally:
        for host in hosts:
            host.remove()


def test_a_host_that_is_cut_off_and_healed(cluster, hosts, web):  # noqa: F811
    token = web.log_in()
    workers = [RemoteWorker(host, cluster.port) for host in hosts]
    with workers[0], workers[1], workers[2]:
        with FleetLoad(web, token, pause=0.1) as load:
            for host, seconds in zip(hosts, (2.5 * LEASE, LEASE / 3, 2.5 * LEASE), strict=True):
                time.sleep(SECONDS / 6)
                host.cut()
                time.sleep(seconds)
                host.heal()
        check_fleet(cluster, load)
        with psycopg.connect(cluster.url, autocommit=True) as database:
            count = "SELECT count(*) FROM taskapi_worker WHERE "
            assert database.execute(count + "lost").fetchone()[0] >= 2
            # Each has come back, as a new worker.
            wait_for(lambda: database.execute(count + "ended_at IS NULL").fetchone() == (3,), seconds=30)
        assert [worker.process.poll() for worker in workers] == [None] * 3
