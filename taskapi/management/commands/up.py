"""The one command: migrate, then serve page, API and tasks."""

import argparse
import logging
import os
import signal

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import DatabaseError
from django.utils.module_loading import import_string

import taskmanager
from taskapi.engines import get_engine, stop_engine
from taskmanager import server

EVERYWHERE = ("127.0.0.1", "::1", "0.0.0.0", "::")  # noqa: S104  names them, binds none


class Command(BaseCommand):
    help = "Migrates the database, then serves page, API and tasks until Ctrl-C or SIGTERM."

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=port_number, default=8000, help="port to listen on (default: %(default)s)")

    def handle(self, *, host, port, verbosity, **options):
        get_engine()  # a wrong TASK_ENGINE is found before anything is touched
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        listener = self.bind(host, port)
        try:
            call_command("migrate", interactive=False, verbosity=verbosity - 1)
        except DatabaseError as error:
            raise CommandError(f"The database cannot be used: {error}") from None
        application = import_string(settings.WSGI_APPLICATION)
        self.announce(host, listener.getsockname()[1])
        try:
            server.serve(application, listener)
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, hurry)
            stop_engine()
        # A thread that a program left behind in a blocking call must not keep the process.
        logging.shutdown()
        os._exit(0)

    def bind(self, host, port):
        try:
            return server.bind(host, port)
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"Cannot listen on {host}:{port}: {error}. Choose another with --port (make run PORT=...)."
            ) from None

    def announce(self, host, port):
        shown = "localhost" if host in EVERYWHERE else host
        self.stdout.write(f"UNIX Task Manager {taskmanager.__version__}: http://{shown}:{port}  (Ctrl-C stops it)")
        self.stdout.flush()


def port_number(text):
    if not (text.isascii() and text.isdigit() and int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"{text}: expected a number from 0 (any free port) to 65535")
    return int(text)


def stop(number, frame):
    raise SystemExit(0)


def hurry(number, frame):
    """The second Ctrl-C: no more patience, but what is left is still handed back."""
    get_engine().hurry()
