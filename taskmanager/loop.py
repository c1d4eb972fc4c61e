"""The loop of the HTTP server, for thousands of connections on which nothing happens.

Waitress's own asks each connection before each poll(2) what it waits for. Of a thousand, that takes more time than to
answer a request. Here only those are asked on which something happens, or will.
"""

import select

from waitress import wasyncore

TIMEOUT = 1_000  # milliseconds


class Loop:
    """Serves what is in this map of wasyncore's, from descriptors to dispatchers, until it is stopped."""

    def __init__(self, dispatchers, stopped):
        self.dispatchers, self.stopped = dispatchers, stopped
        self.poll = select.poll()
        self.flags = {}
        # Those that are to be asked.
        self.awake = set()

    def run(self):
        """Returns when there is nothing left to serve, or soon after `stopped()` has become true."""
        self.awake.update(self.dispatchers)
        while self.dispatchers and not self.stopped():
            for descriptor in list(self.awake):
                self.ask(descriptor)
            for descriptor, flags in self.poll.poll(TIMEOUT):
                if descriptor in self.dispatchers:
                    self.awake.add(descriptor)
                    wasyncore.readwrite(self.dispatchers[descriptor], flags)

    def ask(self, descriptor):
        dispatcher = self.dispatchers.get(descriptor)
        if dispatcher is None:
            self.awake.discard(descriptor)
            return
        # Not for urgent data (POLLPRI), as Waitress's own is: nobody takes it, and one byte would keep the loop busy.
        reads = select.POLLIN if dispatcher.readable() else 0
        writes = select.POLLOUT if dispatcher.writable() and not dispatcher.accepting else 0
        self.wait_for(descriptor, reads | writes)
        if getattr(dispatcher, "may_sleep", bool)():
            self.awake.discard(descriptor)

    def wait_for(self, descriptor, flags):
        if flags == self.flags.get(descriptor, 0):
            return
        if flags:
            self.poll.register(descriptor, flags)
            self.flags[descriptor] = flags
        else:
            self.forget(descriptor)

    def forget(self, descriptor):
        """To be called before this descriptor is closed."""
        if self.flags.pop(descriptor, 0):
            self.poll.unregister(descriptor)
