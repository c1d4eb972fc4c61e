"""The HTTP server of `manage.py up`: Waitress, in this one process.

One process, so that a `kill -9` of it leaves no orphan that would go on serving. Waitress reads and writes sockets
in its main thread, so that slow and half-open clients take a descriptor and no thread.
"""

import resource
import socket

import waitress
from django.conf import settings
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask

from taskmanager.wire import dumps

THREADS = 32
CONNECTIONS = 2_000
# Of the descriptors that the process may open, connections get this part.
SHARE = 4


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
    """Serves until a SystemExit or KeyboardInterrupt; requests under way get a few seconds to end."""
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    server = waitress.create_server(
        without_body_for_head(application),
        sockets=[listener],
        threads=THREADS,
        connection_limit=min(CONNECTIONS, descriptors // SHARE),
        # select() knows no descriptor above 1,023, and a thousand tasks hold three thousand.
        asyncore_use_poll=True,
        channel_timeout=60,
        # Above what the API takes, so that a body somewhat too large gets the API's own answer.
        max_request_body_size=4 * settings.BODY_LIMIT,
        max_request_header_size=64 * 1024,
        ident=None,
    )
    server.channel_class = Channel
    try:
        server.run()
    finally:
        server.close()


def without_body_for_head(application):
    """Waitress sends what it is given, and Django leaves it to the server that a HEAD has no body (RFC 9110 9.3.2)."""

    def answer(environ, start_response):
        body = application(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return body
        if hasattr(body, "close"):
            body.close()
        return []

    return answer
