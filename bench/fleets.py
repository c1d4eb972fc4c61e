"""The processes of the topic `fleet`: workers, and who forks and kills."""

from bench.killers import kill_some
from bench.measure import settled
from taskapi.engines import get_engine
from userapi.models import User


def work(slots):
    """A worker; what it uses, whenever it is asked."""
    from taskapi.engines.procrastinate.worker import FleetWorker

    worker = FleetWorker(slots)
    yield None
    worker.start()
    while True:
        yield settled()


def fork(count, program, seconds):
    """The ids of so many new tasks."""
    spec = {"name": "bench", "program": program, "arguments": {"seconds": seconds}}
    return [task.pk for task in get_engine().fork(User.objects.get(), [spec] * count)]


def kill(ids):
    return kill_some(ids, get_engine().kill)
