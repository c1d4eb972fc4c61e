"""The HTTP server of `manage.py up`: Waitress, in this one process.

One process, so that a `kill -9` of it leaves no orphan that would go on serving. Waitress reads and writes sockets
in its main thread, so that slow and half-open clients take a descriptor and no thread.
"""

import signal
import socket

import waitress
from django.conf import settings
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask

from taskmanager.wire import dumps

THREADS = 32
CONNECTIONS = 2_000


class JSONErrorTask(ErrorTask):
    """What is answered before Django sees the request, as JSON."""

    def execute(self):
        error = self.request.error
        body = dumps({"detail": f"{error.reason}: {error.body}"})
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", "application/json"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):
    error_task_class = JSONErrorTask


def bind(host, port):
    """A socket that listens there. Raises OSError."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return socket.create_server(address[:2], family=family, backlog=1024)


def serve(application, listener):
    """Serves until Ctrl-C or SIGTERM; requests under way get a few seconds to end."""
    server = waitress.create_server(
        application,
        sockets=[listener],
        threads=THREADS,
        connection_limit=CONNECTIONS,
        # select() knows no descriptor above 1,023, and a thousand tasks hold three thousand.
        asyncore_use_poll=True,
        channel_timeout=60,
        # Above what the API takes, so that a body somewhat too large gets the API's own answer.
        max_request_body_size=4 * settings.BODY_LIMIT,
        max_request_header_size=64 * 1024,
        ident=None,
    )
    server.channel_class = Channel
    signal.signal(signal.SIGTERM, stop)
    try:
        server.run()
    finally:
        server.close()


def stop(signum, frame):
    raise SystemExit(0)
