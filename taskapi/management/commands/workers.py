"""The workers, as a table."""

from django.core.management import BaseCommand

from taskapi.models import Worker

HEAD = ("WORKER", "ENGINE", "VERSION", "SLOTS", "BUSY", "HEARTBEAT", "STATE")


class Command(BaseCommand):
    help = "Prints who runs tasks, and who was lost within the last hour."

    def handle(self, **options):
        table = [HEAD, *(row(**worker) for worker in Worker.objects.report())]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for line in table:
            self.stdout.write("  ".join(map(str.ljust, line, widths)).rstrip())


def row(*, name, engine, version, slots, busy, heartbeat_age, state, **others):
    return (name, engine, version, str(slots), str(busy), f"{heartbeat_age:.0f} s ago", state)
