"""Tasks, counted. Each of these is a range of one index, and gives few rows however many tasks there are."""

from collections import Counter

from django.db import models
from django.db.models import Count, F, Min
from django.db.models.functions import Coalesce, Greatest, TruncSecond

from taskapi.models.status import OPEN, Status


class Second(TruncSecond):
    """The second in which a moment is. Django's own is a Python function on SQLite; cutting the text is much faster."""

    def as_sqlite(self, compiler, connection, **context):
        text, parameters = compiler.compile(self.lhs)
        return f"SUBSTR({text}, 1, 19)", parameters


# Since when a task could have run: its time, but not before there was the task.
DUE = Coalesce(Greatest("run_at", "created_at"), F("created_at"))


class TallyQuerySet(models.QuerySet):
    def open(self):
        """Those whose status is not final."""
        return self.filter(status__in=OPEN)

    def count_open(self):
        """How many are in each status that is not final, as a dict."""
        return dict(self.open().values_list("status").annotate(number=Count("*")))

    def count_by_program(self):
        """A Counter of these by (status, program)."""
        found = self.values_list("status", "program").annotate(number=Count("*"))
        return Counter({(status, program): number for status, program, number in found})

    def count_ended(self, before):
        """How many had ended before this moment in each status, as a dict."""
        return dict(self.filter(ended_at__lt=before).values_list("status").annotate(number=Count("*")))

    def ends(self):
        """(status, second, how many of these ended tasks ended so in it), for each."""
        return self.values_list("status", Second("ended_at")).annotate(number=Count("*"))

    def ran(self):
        """Those that run or did so until they ended. What waits for another attempt has a start, but no worker."""
        return self.filter(worker__isnull=False)

    def by_second(self, moment, floor):
        """(second, how many of these have this moment in it), for each; those from before `floor` count there."""
        return self.values_list(Second(Greatest(moment, floor))).annotate(number=Count("*"))

    def waiting(self):
        """Those that are due and wait for a slot. As a range of turns: SQLite takes no index for IS NOT NULL."""
        return self.filter(turn__gt=-(2**63))

    def oldest_wait(self):
        """(how many wait for a slot, since when the first of them does, or None)."""
        found = self.waiting().aggregate(tasks=Count("*"), since=Min(DUE))
        return found["tasks"], found["since"]

    def running(self):
        return self.filter(status=Status.RUNNING)
