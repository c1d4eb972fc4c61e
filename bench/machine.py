"""What the figures were measured on."""

import os
import platform
import sqlite3

import django


def describe(postgres):
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    yield f"{cores} cores ({processor()}), {platform.system()} {platform.release()}, load {load:.1f} before the start"
    yield f"Python {platform.python_version()}, Django {django.get_version()}, SQLite {sqlite3.sqlite_version}" + (
        f", PostgreSQL {server_version(postgres)}" if postgres else ""
    )


def processor():
    with open("/proc/cpuinfo") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def server_version(url):
    import psycopg

    with psycopg.connect(url) as server:
        return server.execute("SHOW server_version").fetchone()[0].split()[0]
