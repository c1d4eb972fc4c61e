"""The loop of the HTTP server ends also when the exception of a signal got lost."""

import socket
import threading

from taskmanager.connections import Server
from taskmanager.loop import Loop
from taskmanager.server import bind, create_server, stopper


class Idle:
    accepting = False

    def readable(self):
        return True

    def writable(self):
        return False


def test_it_ends_when_it_is_stopped():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stopped = threading.Event()
        loop = threading.Thread(target=Loop({ours.fileno(): Idle()}, stopped.is_set).run)
        loop.start()
        loop.join(0.1)
        assert loop.is_alive()
        stopped.set()
        loop.join(10)
        assert not loop.is_alive()


def test_a_signal_whose_exception_is_swallowed_ends_the_server():
    server = create_server(None, bind("127.0.0.1", 0), threads=1)
    assert isinstance(server, Server)
    try:
        stopper(server)(15, None)
    except SystemExit:
        pass  # as in a __del__, in which no exception counts
    server.run()
    server.close()
