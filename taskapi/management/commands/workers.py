"""The workers, as a table."""

from django.core.management import BaseCommand
from django.db.models import Count, Q
from django.utils import timezone

from taskapi.models import Status, Worker

HEAD = ("WORKER", "ENGINE", "VERSION", "SLOTS", "BUSY", "HEARTBEAT", "STATE")
SHOWN = 100


class Command(BaseCommand):
    help = "Prints who runs tasks, and who was lost since, the newest first."

    def handle(self, **options):
        busy = Count("task", filter=Q(task__status=Status.RUNNING))
        workers = Worker.objects.filter(Q(ended_at=None) | Q(lost=True)).annotate(busy=busy).order_by("-id")[:SHOWN]
        table = [HEAD, *(row(worker) for worker in workers)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for line in table:
            self.stdout.write("  ".join(map(str.ljust, line, widths)).rstrip())


def row(worker):
    age = (timezone.now() - worker.heartbeat_at).total_seconds()
    state = "lost" if worker.lost else "alive"
    numbers = (worker.slots, worker.busy, f"{max(0, age):.0f} s ago")
    return (worker.name, worker.engine, worker.version, *map(str, numbers), state)
