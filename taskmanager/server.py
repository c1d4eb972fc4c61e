"""The HTTP server of `manage.py up`: Waitress, in this one process.

One process, so that a `kill -9` of it leaves no orphan that would go on serving. Waitress reads and writes sockets
in its main thread, so that slow and half-open clients take a descriptor and no thread.
"""

import signal
import socket
import sys
import threading

from django.conf import settings
from waitress.adjustments import Adjustments
from waitress.task import ThreadedTaskDispatcher

from taskmanager.connections import Server
from taskmanager.descriptors import descriptors

# Each thread, also one of a stream, keeps a connection to the database, of which PostgreSQL has 100 by default.
THREADS = 16
CONNECTIONS = 2_000
# A client that has not taken a byte or said that it is there for so many seconds has gone.
SILENCE = 120
# Of the descriptors that the process may open, connections get this part: a large body is a file, besides.
SHARE = 4


def bind(host, port):
    """A socket that listens there. Raises OSError."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.create_server(address[:2], family=family, backlog=1024)
    notice_the_dead(listener)
    return listener


def notice_the_dead(listener):
    """Has its connections end when the other machine has gone without a word: a quiet stream would keep its place."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "linux":  # elsewhere after two hours
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENCE // 2)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, SILENCE // 12)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE * 1_000)


def serve(application, listener):
    """Serves until SIGTERM or SIGINT; requests under way get a few seconds to end."""
    closing = threading.Event()
    application = told_of_the_end(with_headers_at_once(without_body_for_head(application)), closing)
    # Streams have threads of their own, so that ls and kill always find one.
    server = create_server(application, listener, THREADS + settings.STREAM_LIMIT)
    end_streams_first(server.task_dispatcher, closing)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stopper(server))
    try:
        server.run()
    finally:
        server.close()


def stopper(server):
    """A signal handler that ends run() at once, or a second later where the exception gets lost."""

    def stop(number, frame):
        server.stopping.set()
        raise SystemExit(0)

    return stop


def create_server(application, listener, threads):
    adjustments = Adjustments(
        sockets=[listener],
        connection_limit=min(CONNECTIONS, descriptors(CONNECTIONS * SHARE) // SHARE),
        cleanup_interval=1,
        # Reads on while it answers, by which a stream notices that its client has gone.
        channel_request_lookahead=1,
        # In memory; the rest is a file.
        inbuf_overflow=settings.BODY_LIMIT_ANONYMOUS,
        # Above what is taken, so that who sends somewhat too much gets an answer instead of a broken connection.
        max_request_body_size=4 * settings.BODY_LIMIT,
        max_request_header_size=32 * 1024,
        # Whom to believe is for ProxyMiddleware to say, which knows networks; Waitress knows one address.
        clear_untrusted_proxy_headers=False,
        ident=None,
    )
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(threads)
    place = (listener.family, listener.type, listener.proto, listener.getsockname())
    return Server(
        application, {}, _sock=listener, dispatcher=dispatcher, adj=adjustments, sockinfo=place, bind_socket=False
    )


def end_streams_first(dispatcher, closing):
    """Waitress waits for the requests under way before it says that it ends; so they are told before."""
    shut_down = dispatcher.shutdown

    def tell_and_shut_down(*arguments, **options):
        closing.set()
        return shut_down(*arguments, **options)

    dispatcher.shutdown = tell_and_shut_down


def told_of_the_end(application, closing):
    """An application that finds in its environ whether the server is closing, so that no stream keeps it waiting."""

    def answer(environ, start_response):
        environ["server.closing"] = closing.is_set
        return application(environ, start_response)

    return answer


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


def with_headers_at_once(application):
    """Sends the headers of a stream before its first bytes, which may be long in coming."""

    def answer(environ, start_response):
        writes = []

        def start(status, headers, exc_info=None):
            write = start_response(status, headers, exc_info)
            if not any(name.lower() == "content-length" for name, _ in headers):
                writes.append(write)
            return write

        body = application(environ, start)
        try:
            for write in writes:
                write(b"")
        except BaseException:  # the client has gone
            body.close()
            raise
        return body

    return answer
