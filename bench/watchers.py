"""Viewers of the stream of events: many connections, read by one thread."""

import os
import re
import selectors
import socket
import threading
import time

import orjson

from bench.measure import wait_until

REQUEST = "GET /taskapi/events/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {}\r\n\r\n"
MESSAGE = re.compile(rb"event: (\w+)\n(?:id: \d+\n)?data: ({.*})\n\n")


class Viewer:
    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        self.socket.sendall(REQUEST.format(os.environ["BENCH_TOKEN"]).encode())
        self.ready, self.seen, self._text = False, [], b""

    def read(self):
        """Takes what has come; `seen` gets (when, what is told of a task) for each message."""
        data = self.socket.recv(2**20)
        if not data:
            raise EOFError(f"the stream has ended: {self._text[:300]}")
        now, end = time.monotonic(), 0
        self._text += data
        for message in MESSAGE.finditer(self._text):
            end = message.end()
            self.ready = True
            if message[1] == b"task":
                self.seen.append((now, orjson.loads(message[2])))
        self._text = self._text[end:]


class Viewers:
    """So many viewers, all of which watch already, for the time of a with block."""

    def __init__(self, server, count):
        self.all = [Viewer(server) for _ in range(count)]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self):
        self._thread.start()
        if not wait_until(lambda: all(viewer.ready for viewer in self.all), 60):
            raise TimeoutError("not all viewers were let in")
        return self.all

    def __exit__(self, *error):
        self._over.set()
        self._thread.join()
        for viewer in self.all:
            viewer.socket.close()

    def _read(self):
        with selectors.DefaultSelector() as selector:
            for viewer in self.all:
                selector.register(viewer.socket, selectors.EVENT_READ, viewer)
            while not self._over.is_set():
                for key, _ in selector.select(timeout=0.1):
                    key.data.read()
