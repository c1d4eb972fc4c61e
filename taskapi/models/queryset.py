"""The moves of tasks, one or many. Each is one transaction that writes the rows it won together with their events.

Rows are locked in the order of their ids, so that two groups never wait for each other in a circle. SQLite has no
row locks and needs none: a transaction there has the whole database (see the settings).
"""

from itertools import groupby
from operator import attrgetter

import orjson
from django.db import models, transaction
from django.db.models import F, Max, Min
from django.db.models.functions import Now
from django.utils import timezone

from taskapi.models import rows
from taskapi.models.event import TaskEvent
from taskapi.models.moves import Claim, failure
from taskapi.models.status import FINAL, Reason, Status, sources

# Turns of one nice; see TaskQuerySet.next_turn().
NICE_SPAN = 2**40
BATCH = 500


class TaskQuerySet(models.QuerySet):
    def fork(self, owner, specs):
        """New PENDING tasks of this user, one for each dict of columns, all or none; returns them in that order."""
        now = timezone.now()
        fields = self.model._meta.concrete_fields
        fresh = {field.attname: field.get_default() for field in fields}
        fresh |= {"owner_id": owner.pk, "created_at": now, "updated_at": now}
        # By position is much the fastest way to make a model.
        tasks = [self.model(*(fresh | {"arguments": {}} | spec).values()) for spec in specs]
        with transaction.atomic():
            self._line_up(owner, tasks, now)
            rows.insert(tasks)
            rows.note([task.pk for task in tasks], owner)
        return tasks

    def kill(self, by=None):
        """KILLED, all of these that have not ended; returns their ids.

        Where a program runs it is still to be stopped: the reason is TERMINATING until its worker settles that.
        """
        with transaction.atomic():
            ids = self.filter(status__in=sources(Status.KILLED)).values_list("id", flat=True)
            statuses = self._lock(ids, "status")
            pending = [pk for pk, status in statuses if status == Status.PENDING]
            running = [pk for pk, status in statuses if status == Status.RUNNING]
            self._move(pending, Status.KILLED, by=by)
            self._move(running, Status.KILLED, Reason.TERMINATING, by=by)
        return pending + running

    def claim(self, worker, slots):
        """RUNNING, for this worker, the tasks whose turn it is, as Claims; at most so many as there are slots.

        A worker whose lease was taken gets none: what it claimed would be recovered from under it.
        """
        waiting = self.filter(turn__isnull=False)
        if slots < 1 or not waiting.exists():  # reading takes no lock: an idle worker disturbs nobody
            return []
        fresh = {"error": "", "exit_code": None, "progress": None, "progress_text": ""}
        with transaction.atomic():
            if not worker.hold_lease():
                return []
            next_ones = waiting.select_for_update(skip_locked=True).order_by("turn", "id")[:slots]
            claims = next_ones.as_claims()
            ids = [claim.pk for claim in claims]
            self._move(ids, Status.RUNNING, worker=worker, attempt=F("attempt") + 1, **fresh)
        for claim in claims:
            claim.attempt += 1
        return claims

    def record(self, worker, moves):
        """Writes what became of tasks that this worker runs; returns the ids of those whose move won.

        A move loses when its task has ended meanwhile, or is no longer this worker's, or runs another attempt.
        """
        with transaction.atomic():
            found = self._lock([move.task_id for move in moves], "worker", "status", "attempt")
            mine = {(pk, attempt) for pk, *row, attempt in found if row == [worker.pk, Status.RUNNING]}
            won = [move for move in moves if (move.task_id, move.attempt) in mine]
            for _, alike in groupby(sorted(won, key=likeness), key=likeness):
                alike = list(alike)
                ids = [move.task_id for move in alike]
                self._move(ids, alike[0].to, alike[0].reason, **alike[0].fields)
        return {move.task_id for move in won}

    def settle(self, worker, claims=None):
        """Says that the programs of the killed tasks among these claims of this worker (None: of all) have stopped."""
        killed = self.filter(worker=worker, status=Status.KILLED, reason=Reason.TERMINATING)
        if claims is not None:
            killed = killed.filter(pk__in=[claim.pk for claim in claims])
        attempts = {(claim.pk, claim.attempt) for claim in claims or ()}
        with transaction.atomic():
            found = self._lock(killed.values_list("id", flat=True), "attempt", "worker", "status", "reason")
            still = [worker.pk, Status.KILLED, Reason.TERMINATING]
            ids = [pk for pk, attempt, *row in found if row == still and (claims is None or (pk, attempt) in attempts)]
            return self.filter(pk__in=ids).update(reason=Reason.NONE, updated_at=timezone.now())

    def recover(self, worker):
        """Takes up to BATCH tasks from a worker that has died; returns how many there were."""
        with transaction.atomic():
            running = self.filter(worker=worker, status=Status.RUNNING).order_by("id")  # record() locks
            tasks = list(running[:BATCH])
            self.record(worker, [failure(task, Reason.LOST, "The worker that ran it died.") for task in tasks])
            self.settle(worker)
        return len(tasks)

    def line_up_due(self):
        """Gives a turn to up to BATCH tasks whose time (`run_at`) has come; returns how many there were."""
        due = self.filter(status=Status.PENDING, turn=None, run_at__lte=Now())
        if not due.exists():
            return 0
        with transaction.atomic():
            tasks = list(due.select_for_update(skip_locked=True).order_by("run_at", "id")[:BATCH])
            now = timezone.now()
            for owner, theirs in groupby(sorted(tasks, key=by_owner), key=by_owner):
                self._line_up(owner, list(theirs), now, due=True)
            self.bulk_update(tasks, ["turn"])
        return len(tasks)

    def adopt(self, worker, known):
        """The running tasks of this worker that are not among the ids it knows, as Claims.

        There are some when the database committed a claim and the answer to it got lost.
        """
        mine = self.filter(worker=worker, status=Status.RUNNING)
        strays = set(mine.values_list("id", flat=True)) - set(known)
        return self.filter(pk__in=strays).as_claims()

    def as_claims(self):
        return [Claim(*columns) for columns in self.values_list(*Claim.columns())]

    def prune(self, older_than):
        """Deletes up to BATCH tasks that ended longer ago than this timedelta; returns how many there were."""
        ended = self.filter(ended_at__lt=Now() - older_than).order_by("ended_at")
        ids = list(ended.values_list("id", flat=True)[:BATCH])
        TaskEvent.objects.filter(task_id__in=ids).delete()
        self.model.objects.filter(pk__in=ids, status__in=FINAL).delete()
        return len(ids)

    def next_turn(self, owner, nice):
        """The turn of a further task of this user; turns are served lowest first.

        Start-time fair queueing: who has nothing waiting lines up beside the head of the queue, who has lines up
        behind his own last, so that users alternate however many tasks one of them has. The nice value is the
        high part of the number, so that one index serves both.
        """
        lowest = nice * NICE_SPAN
        waiting = self.model.objects.filter(turn__range=(lowest, lowest + NICE_SPAN - 1))
        head = waiting.aggregate(turn=Min("turn"))["turn"]
        last = waiting.filter(owner=owner).aggregate(turn=Max("turn"))["turn"]
        return max(lowest if head is None else head, lowest if last is None else last + 1)

    def _line_up(self, owner, tasks, now, due=False):
        turns = {}
        for task in tasks:
            if not due and task.run_at is not None and task.run_at > now:
                task.reason = Reason.SCHEDULED
                continue
            if task.nice not in turns:
                turns[task.nice] = self.next_turn(owner, task.nice)
            task.turn = turns[task.nice]
            turns[task.nice] += 1

    def _lock(self, ids, *columns):
        """Locks the rows with these ids, in their order; returns the id and these columns of each.

        By primary key and nothing else: MariaDB would lock a secondary index first and the row after it, and whoever
        holds the row and writes its index entries waits for that in a circle.
        """
        those = self.model.objects.filter(pk__in=list(ids)).select_for_update().order_by("id")
        return list(those.values_list("id", *columns))

    def _move(self, ids, to, reason=Reason.NONE, by=None, **fields):
        """The one function that writes `status`, with the guard in the WHERE and the events beside it.

        Its caller has locked the rows and chosen those that may go, in the transaction that a MoveLost rolls back.
        """
        if not ids:
            return
        now = timezone.now()
        if to == Status.RUNNING:
            fields["started_at"] = now
        if to in FINAL:
            fields["ended_at"] = now
        if to == Status.COMPLETED:
            fields["completed_at"] = now
        guarded = self.model.objects.filter(pk__in=ids, status__in=sources(to))
        moved = guarded.update(status=to, reason=reason, updated_at=now, turn=None, **fields)
        if moved != len(ids):
            raise self.model.MoveLost(f"{len(ids) - moved} of {len(ids)} tasks cannot go to {to}")
        rows.note(ids, by)


by_owner = attrgetter("owner_id")


def likeness(move):
    """Equal for moves that one UPDATE can write."""
    return orjson.dumps([move.to, move.reason, move.fields], default=str)
