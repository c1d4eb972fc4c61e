"""A worker of the fleet."""

import argparse
import logging
import os
import signal
import threading

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from taskapi.management.commands.up import port_number
from taskapi.programs import programs
from taskmanager import metrics, server

LOOK = 1


class Command(BaseCommand):
    help = (
        "Runs tasks until Ctrl-C or SIGTERM, which leave them TASK_GRACE to end; a second one hurries. "
        "Start as many as you like, on any machine that reaches the database."
    )

    def add_arguments(self, parser):
        parser.add_argument("--slots", type=slots, metavar="N", help="how many tasks at once (default: TASK_SLOTS)")
        parser.add_argument("--programs", metavar="a,b", help="run only these programs (default: all)")

        parser.add_argument(
            "--metrics-port", type=port_number, metavar="N", help="answer /metrics there (see METRICS_TOKEN)"
        )
        parser.add_argument(
            "--metrics-host", default="127.0.0.1", metavar="H", help="on this address (default: %(default)s)"
        )

    def handle(self, *, slots, programs, metrics_host, metrics_port, **options):
        names = self.check_programs(programs)
        if metrics_port is not None:
            self.serve_metrics(metrics_host, metrics_port)
        self.check_database()
        from taskapi.engines.procrastinate.worker import FleetWorker  # only with this engine there is such a library

        worker = FleetWorker(slots, names)
        over = threading.Event()

        def stop(number, frame):
            if over.is_set():
                worker.hurry()
            over.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        worker.start()
        self.stdout.write(f"Worker {os.getpid()} runs up to {worker.slots} tasks at once  (Ctrl-C stops it)")
        self.stdout.flush()
        while not over.wait(LOOK) and worker.works():
            pass
        broken = not over.is_set()
        worker.stop()
        if broken:
            self.stderr.write("The worker cannot work any more; see its log.")
        # A thread that a program left behind in a blocking call must not keep the process.
        logging.shutdown()
        os._exit(int(broken))

    def check_programs(self, wanted):
        if wanted is None:
            return None
        names = [name.strip() for name in wanted.split(",")]
        if unknown := [name for name in names if name not in programs]:
            known = ", ".join(sorted(programs))
            raise CommandError(f"--programs: there is no program {unknown[0]!r}. Known are: {known}.")
        return names

    def serve_metrics(self, host, port):
        if not settings.METRICS_TOKEN:
            raise CommandError("--metrics-port: set METRICS_TOKEN, too, which is what to read them with.")
        try:
            listener = server.bind(host, port)
        except (OSError, OverflowError) as error:
            raise CommandError(f"--metrics-port: cannot listen on {host}:{port}: {error}.") from None
        metrics.serve(listener)
        self.stdout.write(f"Metrics: http://{host}:{listener.getsockname()[1]}{metrics.PATH}")

    def check_database(self):
        if not settings.FLEET:
            raise CommandError(
                f"TASK_ENGINE={settings.TASK_ENGINE} runs tasks where requests are served. "
                "Workers are for TASK_ENGINE=procrastinate."
            )
        try:
            executor = MigrationExecutor(connection)
            missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError as error:
            raise CommandError(f"The database cannot be used: {error}") from None
        if missing:
            raise CommandError("The database is not migrated: python manage.py migrate")
        connection.close()


def slots(text):
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 2**31 - 1):
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number above 0")
    return int(text)
