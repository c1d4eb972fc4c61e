"""The moves of tasks, one or many. Each is one transaction that writes the rows it won together with their events.

Rows are locked in the order of their ids, so that two groups never wait for each other in a circle. SQLite has no
row locks and needs none: a transaction there has the whole database (see the settings).
"""

from functools import partial
from operator import attrgetter

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Max
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from taskapi import metrics
from taskapi.exceptions import TooManyActive
from taskapi.models import notices, rows
from taskapi.models.event import TaskEvent
from taskapi.models.history import History
from taskapi.models.moves import Claim, failure, grouped, likeness
from taskapi.models.output import TaskOutput
from taskapi.models.status import FINAL, Reason, Signal, Status, sources
from taskapi.models.tally import DUE, TallyQuerySet

# Turns of one nice; see TaskQuerySet.next_turn().
NICE_SPAN = 2**40
BATCH = 500
# The columns of a new task that name another.
LINKS = ("restarted_from_id", "notifies_id")
KILL_BATCH = 5_000


class TaskQuerySet(TallyQuerySet):
    def fork(self, owner, specs, line_up=True, by=None):
        """New PENDING tasks of this user, one for each dict of columns, all or none; returns them in that order.

        Those that are due have a turn, unless the caller is to line them up. The events name the owner, or who did it
        for the owner. Raises TooManyActive when the user would have more open tasks than TASK_USER_ACTIVE, and
        DoesNotExist when a task that is restarted has been pruned.
        """
        now = timezone.now()
        tasks = rows.new(self.model, specs, owner_id=owner.pk, created_at=now, updated_at=now)
        with transaction.atomic(savepoint=False):
            self._check_room(owner, len(tasks), by or owner)
            self._check_there({spec[name] for spec in specs for name in LINKS if spec.get(name)})
            due = schedule(tasks, now)
            if line_up:
                self._line_up(owner.pk, due)
            rows.insert(tasks)
            rows.note([(task.pk, task.status, task.reason) for task in tasks], by or owner, now)
        return tasks

    def kill(self, by=None, signal=Signal.TERM, strictly=False):
        """KILLED, all of these that have not ended; returns their ids.

        Where a program runs it is still to be stopped, by this signal: the reason is TERMINATING until its worker
        settles that. Strictly, what has moved on meanwhile and is none of these any more is left alone.
        """
        killed = []
        open_ones = list(self.filter(status__in=sources(Status.KILLED)).values_list("id", flat=True))
        for start in range(0, len(open_ones), KILL_BATCH):
            killed += self._kill(open_ones[start : start + KILL_BATCH], by, signal, strictly)
        return killed

    def _kill(self, ids, by, signal, strictly):
        with transaction.atomic():
            rows.lock_named(self._by_id(ids), by)
            found = self._lock(ids, "status", "program", "started_at")
            still = set(self.filter(pk__in=ids).values_list("id", flat=True)) if strictly else set(ids)
            pending = {
                pk: (program, None) for pk, status, program, _ in found if status == Status.PENDING and pk in still
            }
            running = {pk: since for pk, status, *since in found if status == Status.RUNNING and pk in still}
            self._move(pending, Status.KILLED, by=by)
            self._move(running, Status.KILLED, Reason.TERMINATING, by=by, signal=signal)
        return [*pending, *running]

    def stop(self, by=None):
        """Says that the programs of these running tasks are held; returns the ids of those that were not."""
        return self._give_reason(Reason.NONE, Reason.STOPPED, by)

    def go_on(self, by=None):
        """Says that the programs of these stopped tasks are no longer held; returns their ids."""
        return self._give_reason(Reason.STOPPED, Reason.NONE, by)

    def edit(self, **fields):
        """Sets these columns, of name, description and nice, of one task."""
        with transaction.atomic():
            task = self.select_for_update().get()
            if task.turn is not None and fields.get("nice", task.nice) != task.nice:
                fields["turn"] = self.next_turn(task.owner_id, fields["nice"])
            self.update(updated_at=timezone.now(), **fields)

    def claim(self, worker, slots, turns=None):
        """RUNNING, for this worker, the tasks whose turn it is, as Claims; at most so many as there are slots.

        Given the turns, {id: turn}, only those that still have them. A worker whose lease was taken gets none: what it
        claimed would be recovered from under it.
        """
        waiting = self.filter(turn__isnull=False)
        if slots < 1 or (turns is None and not waiting.exists()):
            return []  # reading takes no lock: an idle worker disturbs nobody
        fresh = {"error": "", "exit_code": None, "progress": None, "progress_text": ""}
        with transaction.atomic():
            if not worker.hold_lease():
                return []
            chosen = self._next(waiting, slots) if turns is None else self.filter(pk__in=self._lock_in_line(turns))
            found = list(chosen.values_list(*Claim.columns(), DUE))
            claims = [Claim(*columns) for *columns, _ in found]
            due = {claim.pk: (claim.program, since) for claim, (*_, since) in zip(claims, found, strict=True)}
            self._move(due, Status.RUNNING, worker=worker, attempt=F("attempt") + 1, **fresh)
        for claim in claims:
            claim.attempt += 1
        return claims

    def record(self, worker, moves):
        """Writes what became of tasks that this worker runs; returns the ids of those whose move won.

        A move loses when its task has ended meanwhile, or is no longer this worker's, or runs another attempt.
        """
        ids = [move.task_id for move in moves]
        with transaction.atomic():
            rows.lock_named(self._by_id(ids), by=None)
            found = self._lock(ids, "attempt", "program", "started_at", "worker", "status")
            running = [worker.pk, Status.RUNNING]
            mine = {(pk, attempt): (program, since) for pk, attempt, program, since, *row in found if row == running}
            won = [move for move in moves if (move.task_id, move.attempt) in mine]
            for _, alike in grouped(won, likeness):
                those = {move.task_id: mine[move.task_id, move.attempt] for move in alike}
                self._move(those, alike[0].to, alike[0].reason, **alike[0].fields)
        return {move.task_id for move in won}

    def settle(self, worker, claims=None):
        """Says that the programs of the killed tasks among these claims of this worker (None: of all) have stopped."""
        killed = self.filter(worker=worker, status=Status.KILLED, reason=Reason.TERMINATING)
        if claims is not None:
            killed = killed.filter(pk__in=[claim.pk for claim in claims])
        codes = {(claim.pk, claim.attempt): claim.exit_code for claim in claims or ()}
        with transaction.atomic():
            found = self._lock(killed.values_list("id", flat=True), "attempt", "worker", "status", "reason")
            still = [worker.pk, Status.KILLED, Reason.TERMINATING]
            those = [(pk, attempt) for pk, attempt, *row in found if row == still]
            if claims is not None:
                those = [key for key in those if key in codes]
            for code, alike in grouped(those, codes.get):
                ids = [pk for pk, _ in alike]
                self.filter(pk__in=ids).update(reason=Reason.NONE, exit_code=code, updated_at=timezone.now())
        return len(those)

    def report(self, worker, reports):
        """Writes progress and output of the programs that this worker runs; what others say is dropped.

        The program of a killed task may still print until it has stopped.
        """
        with transaction.atomic():
            found = self._lock([report.task_id for report in reports], "attempt", "worker", "status", "reason")
            heard = {
                (pk, attempt): status
                for pk, attempt, owner, status, reason in found
                if owner == worker.pk and (status == Status.RUNNING or reason == Reason.TERMINATING)
            }
            reports = [report for report in reports if (report.task_id, report.attempt) in heard]
            rows.print_all(reports)
            rows.set_progress([r for r in reports if heard[r.task_id, r.attempt] == Status.RUNNING])

    def recover(self, worker):
        """Takes up to BATCH tasks from a worker that has died; returns how many there were.

        In two transactions: one would lock rows twice, and not in the order of their ids.
        """
        claims = self.filter(worker=worker, status=Status.RUNNING).order_by("id")[:BATCH].as_claims()
        self.record(worker, [failure(claim, Reason.LOST, "The worker that ran it died.") for claim in claims])
        self.settle(worker)
        return len(claims)

    def line_up_due(self, line_up=None):
        """Gives a turn to up to BATCH tasks whose time (`run_at`) has come; returns how many there were.

        `line_up(tasks)` does it in another way than a fair one.
        """
        line_up = line_up or self._line_up_fairly
        due = self.filter(status=Status.PENDING, turn=None, run_at__lte=Now())
        found = dict(due.order_by("run_at", "id").values_list("id", "owner")[:BATCH])
        if not found:
            return 0
        with transaction.atomic():
            rows.lock_users(set(found.values()), fork=False)
            locked = self._by_id(found).select_for_update(skip_locked=True).in_bulk()
            tasks = [locked[pk] for pk in found if pk in locked and locked[pk].awaits_turn()]
            line_up(tasks)
        return len(tasks)

    def step_out(self, turns):
        """Takes the waiting tasks that still have these turns, {id: turn}, out of the queue; they are due at once."""
        with transaction.atomic():
            ids = self._lock_in_line(turns)
            self.filter(pk__in=ids).update(turn=None, run_at=Coalesce("run_at", Now()))
        return len(ids)

    def adopt(self, worker, known):
        """The running tasks of this worker that are not among the ids it knows, as Claims; killed ones it settles.

        There are some when the database committed a claim and the answer to it got lost.
        """
        known = set(known)  # before the database is asked: what ends meanwhile is no stray, and must not run again
        mine = self.filter(worker=worker, status=Status.RUNNING)
        claims = mine.filter(pk__in=set(mine.values_list("id", flat=True)) - known).as_claims()
        killed = self.filter(worker=worker, status=Status.KILLED, reason=Reason.TERMINATING)
        strays = set(killed.values_list("id", flat=True)) - known - {claim.pk for claim in claims}
        self.settle(worker, self.filter(pk__in=strays).as_claims())
        return claims

    def as_claims(self):
        return [Claim(*columns) for columns in self.values_list(*Claim.columns())]

    def prune(self, older_than):
        """Deletes up to BATCH tasks that ended longer ago than this timedelta; returns how many there were."""
        ended = self.filter(ended_at__lt=Now() - older_than).order_by("ended_at")
        ids = list(ended.values_list("id", flat=True)[:BATCH])
        events = TaskEvent.objects.filter(task_id__in=ids)
        if last := events.aggregate(last=Max("id"))["last"]:
            History.forget(last)
        events.delete()
        TaskOutput.objects.filter(task_id__in=ids).delete()
        with transaction.atomic():
            self._lock(ids)  # before delete() looks for what was restarted from them, and is to forget that
            self.model.objects.filter(pk__in=ids, status__in=FINAL).delete()
        return len(ids)

    def next_turn(self, owner, nice, program=None):
        """The turn of a further task of this user; turns are served lowest first.

        Start-time fair queueing: who has nothing waiting lines up beside the head of the queue, who has lines up
        behind his own last, so that users alternate however many tasks one of them has. The nice value is the
        high part of the number, so that one index serves both. Given a program, its tasks are a line of their own.
        """
        lowest = nice * NICE_SPAN
        head, last = rows.ends_of_queue(self.model, owner, (lowest, lowest + NICE_SPAN - 1), program)
        return max(lowest if head is None else head, lowest if last is None else last + 1)

    def _check_there(self, ids):
        if ids and len(self._lock(ids)) < len(ids):  # prune() waits for those that are
            raise self.model.DoesNotExist

    def _check_room(self, owner, count, by):
        limit = settings.TASK_USER_ACTIVE
        rows.lock_users({owner.pk, by.pk}, fork=bool(limit))  # so that two forks at once cannot both find room
        if not limit:
            return
        active = rows.count_open(self.model, owner.pk, limit + 1)
        if active + count > limit:
            raise TooManyActive(active, limit)

    def _next(self, waiting, slots):
        """The waiting tasks to claim, locked: the first by their turns, of users who may have more of them running."""
        first = waiting.select_for_update(skip_locked=True).order_by("turn", "id")
        limit = settings.TASK_USER_RUNNING
        if not limit:
            return first[:slots]
        # Counting is safe only while no other worker claims for the same users.
        owners = list(waiting.order_by().values_list("owner", flat=True).distinct())
        rows.lock_users(owners)
        running = self.model.objects.filter(status=Status.RUNNING, owner__in=owners).order_by()
        room = dict(running.values_list("owner").annotate(room=limit - Count("pk")))
        chosen = []
        full = [owner for owner, left in room.items() if left <= 0]
        for pk, owner in first.exclude(owner__in=full).values_list("pk", "owner")[:slots]:
            room[owner] = room.get(owner, limit) - 1
            if room[owner] >= 0:
                chosen.append(pk)
        return self.filter(pk__in=chosen).order_by("turn", "id")

    def _give_reason(self, before, after, by):
        with transaction.atomic():
            rows.lock_users([by.pk] if by else [], fork=False)
            ids = self.filter(status=Status.RUNNING, reason=before).values_list("id", flat=True)
            found = self._lock(ids, "status", "reason")
            changed = [pk for pk, *row in found if row == [Status.RUNNING, before]]
            if changed:
                now = timezone.now()
                self.model.objects.filter(pk__in=changed).update(reason=after, updated_at=now)
                rows.note([(pk, Status.RUNNING, after) for pk in changed], by, now)
        return changed

    def _line_up_fairly(self, tasks):
        for owner, theirs in grouped(tasks, attrgetter("owner_id")):
            self._line_up(owner, theirs)
        self.bulk_update(tasks, ["turn"])

    def _line_up(self, owner, tasks):
        turns = {}
        for task in tasks:
            # Deliveries wait neither behind all that their user has forked nor, however many, before what others have.
            line = task.nice, notices.PROGRAM if task.program == notices.PROGRAM else None
            if line not in turns:
                turns[line] = self.next_turn(owner, *line)
            task.turn = turns[line]
            turns[line] += 1

    def _lock_in_line(self, turns):
        """Locks the tasks with these turns, {id: turn}; returns the ids of those that still wait for them."""
        found = self._lock(turns, "status", "turn")
        return [pk for pk, *row in found if row == [Status.PENDING, turns[pk]]]

    def _lock(self, ids, *columns):
        """Locks the rows with these ids, in their order; returns the id and these columns of each.

        By primary key and nothing else: MariaDB would lock a secondary index first and the row after it, and whoever
        holds the row and writes its index entries waits for that in a circle.
        """
        return list(self._by_id(ids).select_for_update().values_list("id", *columns))

    def _by_id(self, ids):
        return self.model.objects.filter(pk__in=list(ids)).order_by("id")

    def _move(self, those, to, reason=Reason.NONE, by=None, **fields):
        """The one function that writes `status`, with the guard in the WHERE and the events beside it.

        Its caller has locked the rows and chosen those that may go, in the transaction that a MoveLost rolls back. For
        each id of `those` it tells what metrics.moved() counts once that is committed.
        """
        if not those:
            return
        ids = list(those)
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
        rows.note([(pk, to, reason) for pk in sorted(ids)], by, now)
        if to in FINAL:
            notices.send(self.model, ids, now)
        transaction.on_commit(partial(metrics.moved, list(those.values()), to, reason, now), robust=True)


def schedule(tasks, now):
    """Says of new tasks whose time has not come that they are SCHEDULED; returns the others."""
    later = [task for task in tasks if task.run_at is not None and task.run_at > now]
    for task in later:
        task.reason = Reason.SCHEDULED
    return [task for task in tasks if task.reason != Reason.SCHEDULED]
