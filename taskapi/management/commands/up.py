"""The one command: migrate, then serve page, API and tasks."""

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import OperationalError
from django.utils.module_loading import import_string

import taskmanager
from taskapi.engines import get_engine, stop_engine
from taskmanager import server

EVERYWHERE = ("127.0.0.1", "::1", "0.0.0.0", "::")  # noqa: S104  names them, binds none


class Command(BaseCommand):
    help = "Migrates the database, then serves page, API and tasks until Ctrl-C or SIGTERM."

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: %(default)s)")

    def handle(self, *, host, port, verbosity, **options):
        get_engine()  # a wrong TASK_ENGINE is found before anything is touched
        listener = self.bind(host, port)
        try:
            call_command("migrate", interactive=False, verbosity=verbosity - 1)
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {error}") from None
        application = import_string(settings.WSGI_APPLICATION)
        self.announce(host, listener.getsockname()[1])
        try:
            server.serve(application, listener)
        finally:
            stop_engine()

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
