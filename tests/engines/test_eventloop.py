import threading

from taskapi.engines.eventloop import EventLoopEngine
from tests.engines.commands import CommandContract, _no_launcher_left_over  # noqa: F401
from tests.engines.contract import _test_programs  # noqa: F401  a fixture
from tests.engines.deliveries import DeliveryContract, receiver  # noqa: F401
from tests.engines.fetches import FetchContract, allow, serve, slow  # noqa: F401
from tests.engines.signals import SignalContract, release  # noqa: F401  a fixture


class TestEventLoop(SignalContract, CommandContract, FetchContract, DeliveryContract):
    engine_class = EventLoopEngine

    def test_all_tasks_share_one_thread(self, engine, start):
        self.running(start(arguments={"seconds": 60}))
        before = threading.active_count()
        for _ in range(10):
            self.running(start(arguments={"seconds": 60}))
        assert threading.active_count() == before
