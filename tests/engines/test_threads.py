import threading

from taskapi.engines.threads import ThreadEngine
from taskapi.models import Reason, Status
from taskapi.runner import abandoned
from tests.conftest import wait_for
from tests.engines.commands import CommandContract, _no_launcher_left_over  # noqa: F401
from tests.engines.contract import _test_programs  # noqa: F401  a fixture
from tests.engines.deliveries import DeliveryContract, receiver  # noqa: F401
from tests.engines.fetches import FetchContract, allow, serve, slow  # noqa: F401
from tests.engines.programs import STARTED
from tests.engines.signals import SignalContract, release  # noqa: F401  a fixture


def thread_names():
    return {thread.name for thread in threading.enumerate()}


class TestThreads(SignalContract, CommandContract, FetchContract, DeliveryContract):
    engine_class = ThreadEngine

    def test_a_task_has_a_thread_of_its_own_until_it_is_killed(self, engine, start):
        task = self.running(start(arguments={"seconds": 60}))
        name = f"task-{task.pk}-1"
        wait_for(lambda: name in thread_names())
        engine.kill(task)
        wait_for(lambda: name not in thread_names(), seconds=1)

    def test_a_coroutine_that_blocks_its_loop_is_given_up_and_its_thread_counted(self, engine, start, release):  # noqa: F811
        task = start("blocks")
        wait_for(lambda: task.pk in STARTED)
        engine.kill(task)
        self.ends(task, Status.KILLED)
        wait_for(lambda: task.pk not in engine.runs)
        assert abandoned() == 1

    def test_a_timeout_ends_a_task_that_blocks_its_loop(self, start, release):  # noqa: F811
        self.ends(start("blocks", timeout=0.1), Status.FAILED, Reason.TIMEOUT)

    def test_a_computation_that_asks_can_be_killed(self, engine, start):
        task = self.running(start("asks"))
        engine.kill(task)
        self.ends(task, Status.KILLED)
        assert abandoned() == 0

    def test_a_computation_that_asks_can_time_out(self, start):
        self.ends(start("asks", timeout=0.1), Status.FAILED, Reason.TIMEOUT)
