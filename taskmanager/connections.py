"""What clients may cost the HTTP server before anybody knows who they are: time, headers, bodies, connections.

Waitress, which reads all of a request before it looks for a thread, bounds each of these a little; here it is bounded
in such a way that those who behave are still served.
"""

import errno
import logging
import select
import socket
import threading
import time
from contextlib import suppress
from operator import attrgetter

from django.conf import settings
from waitress.buffers import OverflowableBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask
from waitress.utilities import BadRequest, Error, RequestEntityTooLarge, RequestHeaderFieldsTooLarge

from taskmanager import request_id
from taskmanager.headers import HEADERS
from taskmanager.loop import Loop
from taskmanager.wire import dumps

HEADER_LINES = 100
# Bodies above what may come without a token share so many bytes; smaller ones are always taken.
ROOM = 256 * 2**20
# Bytes of answers, in memory and in temporary files, that may wait for clients to take them.
UNTAKEN = 256 * 2**20
# Bytes a second; a body gets the time that it takes at this pace, besides REQUEST_TIMEOUT.
SLOWEST = 16 * 2**10
# Seconds that a connection is kept open between two requests.
IDLE = 60
# At how much of the connection limit those that have been quiet for longest are closed, and how many of them.
FULL, QUIETEST = 0.9, 0.1
# Connections that are accepted before those that are open get their turn.
ACCEPTED = 64
# Seconds for which none is accepted when there is no descriptor for it.
PAUSE = 0.1
LOG_INTERVAL = 60
OUT_OF = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

logger = logging.getLogger(__name__)


class TimedOut(Error):
    code, reason = 408, "Request Timeout"


class Busy(Error):
    code, reason = 503, "Service Unavailable"


class JSONErrorTask(ErrorTask):
    """What is answered before Django sees the request, as JSON."""

    def execute(self):
        error = self.request.error
        body = dumps({"detail": f"{error.reason}: {error.body}"})
        self.status = f"{error.code} {error.reason}"
        known_as = request_id.choose(self.request.headers.get("X_REQUEST_ID"))
        self.response_headers += [("Content-Type", "application/json"), (request_id.HEADER, known_as), *HEADERS.items()]
        if error.code == Busy.code:
            self.response_headers.append(("Retry-After", "5"))
        if settings.CORS_ALLOW_ALL_ORIGINS:
            self.response_headers.append(("Access-Control-Allow-Origin", "*"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Room:
    """The bytes that all large bodies together may take, in memory and in temporary files."""

    def __init__(self, size):
        self.left = size
        self.lock = threading.Lock()

    def take(self, size):
        """Whether there was room for so many more."""
        with self.lock:
            self.left -= size if (fits := size <= self.left) else 0
        return fits

    def give_back(self, size):
        with self.lock:
            self.left += size


room = Room(ROOM)


class Body(OverflowableBuffer):
    """Keeps a body up to its limit.

    What comes after that is read and forgotten, so that its sender gets to the answer.
    """

    taken = seen = 0
    error = None

    def __init__(self, overflow, limit):
        super().__init__(overflow)
        self.limit = limit

    def append(self, data):
        self.seen += len(data)
        if not self.error and (error := self.refusal(len(data))):
            self.close()
            self.buf, self.strbuf, self.error = None, b"", error
        if not self.error:
            super().append(data)

    def refusal(self, size):
        """What is wrong with so many bytes more, or None."""
        if self.seen > self.limit:
            return too_large(self.limit)
        if self.seen > settings.BODY_LIMIT_ANONYMOUS:
            if not room.take(size):
                return Busy("Too many large bodies are being received. Try again in a few seconds.")
            self.taken += size
        return None

    def close(self):
        super().close()
        room.give_back(self.taken)
        self.taken = 0

    # Waitress does not close the requests of a client that has gone.
    __del__ = close


def too_large(limit):
    whose = " without a token" if limit < settings.BODY_LIMIT else ""
    return RequestEntityTooLarge(f"The body is larger than the limit of {limit:,} bytes{whose}.")


class Parser(HTTPRequestParser):
    path = ""  # of a request that has not got so far, for the log

    def received(self, data):
        consumed = super().received(data)
        if self.header_bytes_received >= self.adj.max_request_header_size:
            limit = self.adj.max_request_header_size
            self.error = RequestHeaderFieldsTooLarge(f"URL and headers are larger than the limit of {limit:,} bytes.")
        if self.body_rcv is not None and not self.error:
            body = self.body_rcv.getbuf()
            if self.chunked and self.body_bytes_received > 2 * body.seen + 64 * 2**10:
                # Reading those takes long, and their lines are put together in memory.
                self.error = BadRequest("The chunks of the body are too small, or their lines too long.")
                self.completed = True
            elif self.completed:
                self.error = body.error
        return consumed

    def parse_header(self, header_plus):
        if header_plus.count(b"\r\n") > HEADER_LINES:
            super().parse_header(b"GET / HTTP/1.0\r\n")
            self.error = RequestHeaderFieldsTooLarge(f"There are more headers than the limit of {HEADER_LINES}.")
            return
        try:
            super().parse_header(header_plus)
        except ValueError:  # a number of thousands of digits, or an address in brackets that is none
            raise ParsingError("The URL or the Content-Length is invalid") from None
        self.check_length()
        if self.body_rcv is not None:
            self.bound_body()

    def check_length(self):
        """Who says in two ways how long the body is wants a proxy to understand another than we do (RFC 9112 6.1)."""
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("There is a Transfer-Encoding and a Content-Length; leave one of them out")
        if "TRANSFER_ENCODING" in self.headers:
            raise ParsingError("Transfer-Encoding needs HTTP/1.1")

    def bound_body(self):
        known = "AUTHORIZATION" in self.headers
        limit = settings.BODY_LIMIT if known else settings.BODY_LIMIT_ANONYMOUS
        self.body_rcv.buf = Body(self.adj.inbuf_overflow, limit)
        if self.expect_continue and self.content_length > limit:
            # It waits to be told whether to send all that.
            self.expect_continue, self.body_rcv, self.error = False, None, too_large(limit)


class Channel(HTTPChannel):
    """A connection."""

    parser_class = Parser
    error_task_class = JSONErrorTask
    # When the request began that is being received.
    began = 0

    def add_channel(self, map=None):  # noqa: A002  as wasyncore calls it
        super().add_channel(map)
        self.wake()

    def del_channel(self, map=None):  # noqa: A002
        self.server.loop.forget(self._fileno)
        super().del_channel(map)

    def wake(self):
        """Has the loop ask what this waits for."""
        self.server.loop.awake.add(self._fileno)

    def may_sleep(self):
        """Whether nothing but its client can change what it waits for."""
        return not (self.requests or self.total_outbufs_len or self.close_when_flushed or self.will_close)

    def send_continue(self):
        self.wake()
        super().send_continue()

    def received(self, data):
        earlier = self.request
        answer = super().received(data)
        if self.request is not earlier:
            self.began = time.time()
        return answer

    def check_client_disconnected(self):
        """Also when a further request waits behind the one being answered: Waitress does not read then, and so it would
        not notice.
        """
        return super().check_client_disconnected() or hung_up(self.socket)

    def quiet_since(self):
        """When its client last did what it is waited for: bytes of a request do not count until it is whole."""
        return self.began if self.request else self.last_activity

    def is_overdue(self, now):
        if not self.request:
            return now - self.last_activity > IDLE
        slow = self.request.body_bytes_received / SLOWEST
        return now - self.began > settings.REQUEST_TIMEOUT.total_seconds() + slow

    def give_up(self):
        """Ends a connection that is overdue: with an answer, where there is a question."""
        if not self.request:
            self.drop()
            return
        with self.requests_lock:
            self.request.error = TimedOut("The request took too long to arrive.")
            self.requests.append(self.request)
            self.request = None
        self.wake()
        self.server.add_task(self)

    def drop(self):
        self.will_close = True
        self.wake()
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # or one that takes nothing would not be looked at


class Server(TcpWSGIServer):
    channel_class = Channel
    resting = logged = 0

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        # Set by a signal, whose SystemExit alone could be raised where it is swallowed: in the __del__ of a Body.
        self.stopping = threading.Event()
        self.loop = Loop(self._map, self.stopping.is_set)

    def run(self):
        with suppress(SystemExit, KeyboardInterrupt):
            self.loop.run()
        self.task_dispatcher.shutdown()

    def readable(self):
        if len(self.active_channels) >= FULL * self.adj.connection_limit:
            self.make_room()
        return super().readable() and time.time() >= self.resting

    def maintenance(self, now):
        for channel in self.quiet():
            if channel.is_overdue(now):
                channel.give_up()
        self.bound_answers()

    def bound_answers(self):
        """Closes those whose clients have taken nothing for longest, while more than UNTAKEN waits for all of them."""
        waiting = [channel for channel in self.active_channels.values() if channel.total_outbufs_len]
        untaken = sum(channel.total_outbufs_len for channel in waiting)
        for channel in sorted(waiting, key=attrgetter("last_activity")):
            if untaken <= UNTAKEN:
                break
            untaken -= channel.total_outbufs_len
            channel.drop()
            self.tell("Answers of more than %d bytes are not taken; the quietest clients are closed.", UNTAKEN)

    def quiet(self):
        """The connections on which nothing is being answered."""
        return [channel for channel in self.active_channels.values() if not channel.requests]

    def handle_accept(self):
        for _ in range(min(ACCEPTED, self.adj.connection_limit - len(self.active_channels))):
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before:
                break

    def make_room(self):
        """Closes those that have been quiet for longest: whoever sends a request at once is not among them."""
        quiet = sorted(self.quiet(), key=Channel.quiet_since)
        for channel in quiet[: int(QUIETEST * len(quiet)) + 1]:
            channel.drop()
        self.tell("%d connections are open; the quietest are closed.", len(self.active_channels))

    def accept(self):
        try:
            return super().accept()
        except OSError as error:
            if error.errno not in OUT_OF:
                raise
            # It would be tried again at once, and for ever.
            self.resting = time.time() + PAUSE
            self.make_room()
            self.tell("No connection can be accepted: %s.", error.strerror)
            return None

    def tell(self, text, *values):
        """Logs this, unless something was logged a moment ago."""
        now = time.time()
        if now - self.logged >= LOG_INTERVAL:
            self.logged = now
            logger.warning(text, *values)


def hung_up(connection):
    """Whether the other side has closed this socket (poll(2)); False where the system does not say so by itself."""
    poll = select.poll()
    poll.register(connection, getattr(select, "POLLRDHUP", 0))
    try:
        return bool(poll.poll(0))
    except ValueError:  # it has been closed here
        return True
