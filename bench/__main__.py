"""Measures the product against naive baselines, side by side, and prints a table for each topic."""

import argparse
import importlib
import os
import sys
import tempfile
import time
import traceback

# Each topic, and the module of its rows; `python -m bench sleepers moves` takes some of them.
TOPICS = {
    "sleepers": "bench.sleepers",
    "moves": "bench.moves",
    "kill": "bench.kill",
    "latency": "bench.latency",
    "fork": "bench.fork",
    "list": "bench.pages",
    "http": "bench.requests",
    "viewers": "bench.viewers",
    "command": "bench.commands",
    "fleet": "bench.fleet",
}


def main():
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("topics", nargs="*", metavar="topic", help=f"some of: {', '.join(TOPICS)} (default: all)")
    topics = parser.parse_args().topics or list(TOPICS)
    if unknown := set(topics) - set(TOPICS):
        parser.error(f"unknown: {', '.join(unknown)}")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        set_up(folder)
        describe()
        sys.exit(sum(not report(topic) for topic in topics) and 1)


def set_up(folder):
    """Django, on a database that the others of the bench are copies of."""
    url = os.environ.get("DATABASE_URL", "")
    if url.startswith("postgres"):
        os.environ.setdefault("BENCH_POSTGRES", url)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "DATABASE_URL": f"sqlite:///{folder}/empty.sqlite3",
        "SECRET_KEY": "bench",
        "LOG_LEVEL": "ERROR",
    }
    import django

    django.setup()
    from bench.database import prepare

    os.environ["BENCH_TOKEN"] = prepare()


def describe():
    from bench import machine, table

    for line in machine.describe(os.environ.get("BENCH_POSTGRES")):
        table.say(line)


def report(topic):
    """Prints the table of a topic; False when it could not be measured."""
    from bench import table

    module, start = importlib.import_module(TOPICS[topic]), time.monotonic()
    table.say(f"\n## {topic}\n\n{module.__doc__}")
    try:
        table.show(list(module.rows()))
    except Exception:
        traceback.print_exc()
        return False
    table.say(f"\n({time.monotonic() - start:.0f} s)")
    return True


if __name__ == "__main__":
    main()
