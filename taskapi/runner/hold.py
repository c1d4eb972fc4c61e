"""A program that is stopped, until it may go on."""

import threading


class Hold:
    """What a stopped program waits for: gates for its coroutines, an event for its threads."""

    __slots__ = ("_gates", "left", "resumed")

    def __init__(self):
        self.resumed = threading.Event()
        # Seconds of its timeout that are left.
        self.left = None
        self._gates = set()

    def gate(self, loop):
        """A future, as a coroutine yields it to asyncio, that is done when the program goes on."""
        gate = loop.create_future()
        gate._asyncio_future_blocking = True  # says to asyncio that it came from an await
        self._gates.add(gate)
        gate.add_done_callback(self._gates.discard)
        return gate

    def open(self):
        for gate in list(self._gates):
            if not gate.done():
                gate.set_result(None)
