"""What comes from others: lines of JSON, descriptors, signals."""

import contextlib
import json
import os
import select
import signal
import socket


class Refused(Exception):
    """The command cannot be run: a text for people, and what a shell would exit with."""

    def __init__(self, failed, exit_code):
        super().__init__(failed)
        self.answer = {"failed": failed, "exit_code": exit_code}


def describe(error):
    return os.strerror(error.errno) if isinstance(error, OSError) else str(error) or type(error).__name__


class Channel:
    """Lines of JSON through a stream socket."""

    def __init__(self, descriptor):
        self.socket = socket.socket(fileno=descriptor)
        self.ended, self.rest = False, b""

    def receive(self):
        """The messages that are complete with what has come; waits for something. Sets `ended` at the end of file."""
        try:
            data = self.socket.recv(65_536)
        except ConnectionError:
            data = b""
        self.ended = not data
        *lines, self.rest = (self.rest + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def first(self):
        """Waits for the first message, and returns it with what came along; nothing when the other end is gone."""
        messages = []
        while not messages and not self.ended:
            messages = self.receive()
        return messages

    def send(self, **message):
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(json.dumps(message).encode() + b"\n")


def receive_descriptors(source, size, count):
    """(data, descriptors) that were sent together; neither when the other end is gone."""
    try:
        data, descriptors, _, _ = socket.recv_fds(source, size, count)
    except ConnectionError:
        return b"", []
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    return data, descriptors


def close_all(descriptors):
    for descriptor in descriptors:
        os.close(descriptor)


def catch_signals():
    """A descriptor from which the numbers of signals can be read, in place of the one that there was."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    if before >= 0:
        os.close(before)
    return reading


def read_signals(descriptor):
    try:
        return os.read(descriptor, 65_536)
    except BlockingIOError:
        return b""


def poll_for(*sources):
    """A poll object for those of these descriptors that there are."""
    poll = select.poll()
    for source in sources:
        if source is not None:
            poll.register(source, select.POLLIN)
    return poll
