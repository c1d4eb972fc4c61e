import threading

from taskapi.engines.threads import ThreadEngine
from tests.conftest import wait_for
from tests.engines.contract import BackgroundContract, _test_programs  # noqa: F401  a fixture


class TestThreads(BackgroundContract):
    engine_class = ThreadEngine

    def test_a_task_has_a_thread_of_its_own_until_it_is_killed(self, engine, start):
        task = self.running(start(arguments={"seconds": 60}))
        names = {thread.name for thread in threading.enumerate()}
        assert f"task-{task.pk}-1" in names
        engine.kill(task)
        wait_for(lambda: f"task-{task.pk}-1" not in {thread.name for thread in threading.enumerate()}, seconds=1)
