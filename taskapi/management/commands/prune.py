"""Deletes tasks that ended long ago."""

from django.core.management import BaseCommand, CommandError

from taskapi.models import Task, Worker
from taskmanager.env import parse_duration


class Command(BaseCommand):
    help = "Deletes the tasks that ended longer ago than a duration such as 30d, in small batches."

    def add_arguments(self, parser):
        parser.add_argument("--older-than", required=True, metavar="DURATION", help="such as 12h or 30d")

    def handle(self, *, older_than, **options):
        try:
            age = parse_duration(older_than, bare=False)
        except ValueError as error:
            raise CommandError(f"--older-than {older_than}: {error}") from None
        tasks = 0
        while batch := Task.objects.prune(age):
            tasks += batch
        workers = Worker.objects.prune(age)
        self.stdout.write(f"Deleted {tasks} tasks and {workers} workers.")
