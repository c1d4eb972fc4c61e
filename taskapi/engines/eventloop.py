"""All programs share one event loop in one thread: light enough for a hundred thousand of them."""

import threading

from django.db import connections

from taskapi.engines.local import LocalEngine
from taskapi.runner import new_loop, run_until

DEFAULT_SLOTS = 100_000


class EventLoopEngine(LocalEngine):
    name = "eventloop"

    def take_slots(self, wanted):
        return wanted or DEFAULT_SLOTS

    def open(self):
        self.loop = new_loop()
        self._thread = threading.Thread(target=self._run, args=(self.loop,), name="eventloop", daemon=True)
        self._thread.start()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(self.grace)

    def begin(self, run):
        self.loop.call_soon_threadsafe(run.begin, self.loop)

    def _run(self, loop):
        run_until(loop, self.retired.is_set)
        loop.close()
        connections.close_all()
