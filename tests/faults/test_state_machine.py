"""The state machine against a model of it in plain Python: any moves in any order, and at the same moment.

A step is one action, or several that race in threads. Each verb answers what it won; then there must be, for every
task, an order of the actions one after another in which the model gives the same answers and the same row.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise, permutations, product
from typing import NamedTuple

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from taskapi.exceptions import TaskEnded
from taskapi.models import Move, Reason, Task, TaskEvent, Worker, failure, moves
from tests.faults.test_races import race

LEGAL = {
    "pending": {"running", "failed", "killed"},
    "running": {"pending", "completed", "failed", "killed"},
}
LEASE = timedelta(hours=1)
PAST, FUTURE = -timedelta(days=2), timedelta(days=2)


class Row(NamedTuple):
    """What the database says of a task. Events are (status, reason, by)."""

    status: str
    reason: str
    attempt: int
    worker: int | None
    queued: bool
    ended: bool
    completed: bool
    events: tuple


def rows():
    events = defaultdict(tuple)
    for pk, *event in TaskEvent.objects.order_by("id").values_list("task_id", "status", "reason", "by_id"):
        events[pk] += (tuple(event),)
    return {
        task.pk: Row(
            task.status,
            task.reason,
            task.attempt,
            task.worker_id,
            task.turn is not None,
            task.ended_at is not None,
            task.completed_at is not None,
            events[task.pk],
        )
        for task in Task.objects.all()
    }


@dataclass
class Model:
    """What a task should be. A move answers whether it won. The status is empty until the fork."""

    pk: int
    nice: int
    max_attempts: int
    due: bool  # its time has come; once it has lined up it is `queued`
    status: str = ""
    reason: str = ""
    attempt: int = 0
    worker: int | None = None
    queued: bool = False
    events: tuple = ()

    def row(self):
        ended = self.status in ("completed", "failed", "killed")
        completed = self.status == "completed"
        return Row(self.status, self.reason, self.attempt, self.worker, self.queued, ended, completed, self.events)

    def go(self, status, reason="", by=None):
        self.status, self.reason, self.queued = status, reason, False
        self.events += ((status, reason, by),)
        return True

    def fork(self, by):
        self.go("pending", "" if self.due else "scheduled", by)
        self.queued = self.due

    def line_up(self):
        won = self.status == "pending" and not self.queued and self.due
        self.queued |= won
        return won

    def claim(self, worker):
        if not self.queued:
            return False
        self.worker, self.attempt = worker, self.attempt + 1
        return self.go("running")

    def runs(self, worker, attempt):
        return (self.status, self.worker, self.attempt) == ("running", worker, attempt)

    def fail(self, reason):
        if self.attempt == self.max_attempts:
            return self.go("failed", reason)
        self.worker, self.due = None, reason == "lost"
        return self.go("pending", "retry")

    def kill(self, by):
        if self.status not in LEGAL:
            return False
        return self.go("killed", "terminating" if self.status == "running" else "", by)

    def settle(self, worker):
        won = (self.status, self.reason, self.worker) == ("killed", "terminating", worker)
        if won:
            self.reason = ""
        return won

    def recover(self, worker):
        if self.runs(worker, self.attempt):
            self.fail("lost")
        self.settle(worker)


class Action:
    """`run` does it to the database and keeps the answer. Each of `parts` does it to one task of the model, and to the
    leases of the workers; it is False when this, at this point, cannot have been answered so."""

    may_miss = False  # it passes over rows that others hold, and does not say which
    born = {}

    @property
    def parts(self):
        return [self.apply]

    def check_alone(self, before, leases):
        """More that must hold when nothing else happened at the same moment."""

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in vars(self).items())})"


class Fork(Action):
    def __init__(self, owner, specs):
        self.owner, self.specs = owner, specs

    def run(self):
        times = {"now": {}, "past": {"run_at": timezone.now() + PAST}, "future": {"run_at": timezone.now() + FUTURE}}
        specs = [{"name": "a", "nice": nice, "max_attempts": most} | times[when] for nice, most, when in self.specs]
        tasks = Task.objects.fork(self.owner, specs)
        self.born = {
            task.pk: Model(task.pk, nice, most, when != "future")
            for task, (nice, most, when) in zip(tasks, self.specs, strict=True)
        }

    def apply(self, task, leases):
        if task.pk in self.born:
            task.fork(self.owner.pk)
        return True


class Claim(Action):
    def __init__(self, worker, slots):
        self.worker, self.slots = worker, slots

    def run(self):
        self.won = {task.pk: task for task in Task.objects.claim(self.worker, self.slots)}

    def apply(self, task, leases):
        if task.pk not in self.won:
            return True
        won = leases[self.worker.pk] != "ended" and task.claim(self.worker.pk)
        return won and self.won[task.pk].attempt == task.attempt and len(self.won) <= self.slots

    def check_alone(self, before, leases):
        waiting = sorted(task.nice for task in before.values() if task.queued)
        expected = [] if leases[self.worker.pk] == "ended" else waiting[: self.slots]
        assert [before[pk].nice for pk in self.won] == expected


class Report(Action):
    """What this worker says became of these claims, which may be old, or another's."""

    def __init__(self, worker, ends):
        self.worker, self.ends = worker, ends

    def run(self):
        self.won = Task.objects.record(
            self.worker,
            [
                Move.completion(task) if end == "completed" else failure(task, Reason(end), "no")
                for task, end in self.ends
            ],
        )

    def apply(self, task, leases):
        won = False
        for claimed, end in self.ends:
            if claimed.pk == task.pk and task.runs(self.worker.pk, claimed.attempt):
                won = task.go("completed") if end == "completed" else task.fail(end)
        return won == (task.pk in self.won)


class Kill(Action):
    def __init__(self, ids, by):
        self.ids, self.by = ids, by

    def run(self):
        if len(self.ids) != 1:
            self.won = Task.objects.filter(pk__in=self.ids).kill(self.by)
            return
        try:
            Task.objects.get(pk=self.ids[0]).kill(self.by)
            self.won = self.ids
        except TaskEnded:
            self.won = []

    def apply(self, task, leases):
        won = task.pk in self.ids and task.kill(self.by and self.by.pk)
        return won == (task.pk in self.won)


class Settle(Action):
    """This worker says that the programs of these claims have stopped. The claims may be old, or another's."""

    def __init__(self, worker, claims):
        self.worker, self.claims = worker, claims

    def run(self):
        Task.objects.settle(self.worker, self.claims)

    def apply(self, task, leases):
        if (task.pk, task.attempt) in [(claim.pk, claim.attempt) for claim in self.claims]:
            task.settle(self.worker.pk)
        return True


class LineUp(Action):
    may_miss = True

    def run(self):
        self.count = Task.objects.line_up_due()

    def apply(self, task, leases):
        task.line_up()
        return True

    def check_alone(self, before, leases):
        assert self.count == len([task for task in before.values() if replace(task).line_up()])


class Recovery(Action):
    """What the engine does about workers that are gone."""

    def run(self):
        for worker in Worker.objects.silent(LEASE):
            worker.give_up(LEASE)
        self.count = sum(Task.objects.recover(worker) for worker in Worker.objects.with_leftovers())

    def check_alone(self, before, leases):
        running = [task for task in before.values() if task.status == "running"]
        assert self.count == len([task for task in running if leases[task.worker] != "alive"])

    @property
    def parts(self):
        return [self.give_up, self.recover]

    def give_up(self, task, leases):
        leases |= {worker: "ended" for worker, lease in leases.items() if lease == "silent"}
        return True

    def recover(self, task, leases):
        if leases.get(task.worker) == "ended":
            task.recover(task.worker)
        return True


class Beat(Action):
    verb, becomes = Worker.beat, "alive"

    def __init__(self, worker):
        self.worker = worker

    def run(self):
        self.won = type(self).verb(self.worker)

    def apply(self, task, leases):
        won = leases[self.worker.pk] != "ended"
        if won:
            leases[self.worker.pk] = self.becomes
        return won == self.won


class Retire(Beat):
    verb, becomes = Worker.retire, "ended"


def orders(actions):
    """All the orders of the parts of these actions one after another, each action's own parts in theirs."""
    for chosen in product(
        *[[action.parts, []] if action.may_miss and len(actions) > 1 else [action.parts] for action in actions]
    ):
        numbers = [number for number, parts in enumerate(chosen) for _ in parts]
        for order in sorted(set(permutations(numbers))):
            parts = [iter(parts) for parts in chosen]
            yield [next(parts[number]) for number in order]


def replay(order, task, leases):
    """The task and the leases after these parts; None when that is not what they answered."""
    task, leases = replace(task), dict(leases)
    return (task, leases) if all(part(task, leases) for part in order) else None


NUMBERS = st.lists(st.integers(0, 7), min_size=1, max_size=4)
WORKERS = st.integers(0, 2)
USERS = st.integers(0, 1)
STATUSES = st.sampled_from(["pending", "running", "completed", "failed", "killed"])
ENDS = st.sampled_from(["completed", "error", "timeout"])
TIMES = st.sampled_from(["now", "past", "future"])
SPECS = st.lists(st.tuples(st.sampled_from([0, -20, 19]), st.integers(1, 3), TIMES), min_size=1, max_size=3)


def racers(*kinds):
    return st.lists(st.tuples(st.sampled_from(kinds), WORKERS, ENDS), min_size=2, max_size=3)


def pick(things, numbers):
    """The things with these numbers, 0 being the last of them. Any number will do: what there is to pick from depends
    on who won a race, and what Hypothesis draws must not."""
    return (
        [things[-1 - number] for number in dict.fromkeys(number % len(things) for number in numbers)] if things else []
    )


class TheStateMachine(RuleBasedStateMachine):
    users = trouble = None

    @initialize(specs=SPECS)
    def start(self, specs):
        for model in (TaskEvent, Task, Worker):
            model.objects.all().delete()
        self.tasks, self.claims, self.leases, self.enlisted = {}, [], {}, []
        self.workers = [self.enlist() for _ in range(3)]
        self.happen(Fork(self.users[0], specs))

    def enlist(self):
        worker = Worker.objects.enlist("test", 4)
        self.leases[worker.pk] = "alive"
        self.enlisted.append(worker)
        return worker

    def happen(self, *actions):
        """Does these to the database, at the same moment, and finds out how the model explains what came of it."""
        try:
            self.do(actions)
        except BaseException as error:
            type(self).trouble = self.trouble or error
            raise

    def do(self, actions):
        race(1, *[lambda _, action=action: action.run() for action in actions]) if actions[1:] else actions[0].run()
        before = {pk: task for action in actions for pk, task in action.born.items()} | self.tasks
        found = rows()
        assert found.keys() == before.keys()
        nothing = Model(0, 0, 1, False)
        ended = set(Worker.objects.filter(ended_at__isnull=False).values_list("pk", flat=True))
        leases, possible = self.leases, list(orders(actions))

        def explain(task, row):
            for order in possible:
                after = replay(order, task, leases)
                if after and after[0].row() == row and ended == {pk for pk in leases if after[1][pk] == "ended"}:
                    return after
            raise AssertionError(f"{actions} cannot have made {row} of {task}")

        _, self.leases = explain(nothing, nothing.row())
        self.tasks = {pk: explain(task, found[pk])[0] for pk, task in before.items()}
        if len(actions) == 1:
            actions[0].check_alone(before, leases)
        for action in actions:
            if isinstance(action, Claim):
                self.claims.extend((action.worker, claim) for claim in action.won.values())

    def some(self, numbers, likely):
        """Ids of tasks, of the likely ones first."""
        return pick(sorted(self.tasks, key=lambda pk: likely(self.tasks[pk])), numbers)

    # What happens alone

    @rule(owner=USERS, specs=SPECS)
    def fork(self, owner, specs):
        self.happen(Fork(self.users[owner], specs))

    @rule(number=WORKERS, slots=st.integers(1, 8), numbers=NUMBERS)
    def claim(self, number, slots, numbers):
        """And, as if the answer had got lost, asks for those that it does not know."""
        worker = self.workers[number]
        self.happen(Claim(worker, slots))
        known = self.some(numbers, lambda task: task.status == "running")
        running = [pk for pk, task in self.tasks.items() if task.runs(worker.pk, task.attempt)]
        stopping = [pk for pk, task in self.tasks.items() if task.reason == "terminating"]
        assert {claim.pk for claim in Task.objects.adopt(worker, known + stopping)} == set(running) - set(known)
        self.relieve()

    def relieve(self):
        """A worker that lost its lease starts as a new one."""
        self.workers = [self.enlist() if self.leases[worker.pk] == "ended" else worker for worker in self.workers]

    @rule(numbers=NUMBERS, end=ENDS, other_end=ENDS, stranger=st.none() | WORKERS)
    def report(self, numbers, end, other_end, stranger):
        running = [pk for pk, task in self.tasks.items() if task.status == "running"]
        if claims := pick(sorted(self.claims, key=lambda claim: claim[1].pk in running), numbers):
            worker = claims[0][0] if stranger is None else self.workers[stranger]
            ends = [end, *[other_end] * len(claims)]
            self.happen(Report(worker, [(claim, end) for (_, claim), end in zip(claims, ends, strict=False)]))

    @rule(numbers=NUMBERS, by=st.none() | USERS)
    def kill(self, numbers, by):
        ids = self.some(numbers, lambda task: task.status in LEGAL)
        self.happen(Kill(ids, None if by is None else self.users[by]))

    @rule(numbers=NUMBERS, stranger=st.none() | WORKERS)
    def settle(self, numbers, stranger):
        stopping = [pk for pk, task in self.tasks.items() if task.reason == "terminating"]
        if claims := pick(sorted(self.claims, key=lambda claim: claim[1].pk in stopping), numbers):
            worker = claims[0][0] if stranger is None else self.workers[stranger]
            self.happen(Settle(worker, [claim for _, claim in claims]))

    @rule(numbers=NUMBERS, end=ENDS)
    def speak_late(self, numbers, end):
        """Programs of earlier attempts end, best of all while the same worker runs, or stops, the next."""
        late = [
            (worker, claim)
            for worker, claim in self.claims
            if claim.pk in self.tasks and claim.attempt < self.tasks[claim.pk].attempt
        ]
        for worker, claim in pick(sorted(late, key=lambda claim: self.holds(claim[0], claim[1].pk)), numbers):
            self.happen(Report(worker, [(claim, end)]))
            self.happen(Settle(worker, [claim]))

    def holds(self, worker, pk):
        task = self.tasks[pk]
        return task.worker == worker.pk and (task.status == "running" or task.reason == "terminating")

    @rule(number=st.integers(0, 7), change=st.sampled_from(["beat", "retire", "fall silent"]))
    def lease(self, number, change):
        [worker] = pick(self.enlisted, [number])
        if change == "fall silent":
            self.silence(worker)
        else:
            self.happen(Beat(worker) if change == "beat" else Retire(worker))

    def silence(self, worker):
        if self.leases[worker.pk] == "alive":
            Worker.objects.filter(pk=worker.pk).update(heartbeat_at=Now() + PAST)
            self.leases[worker.pk] = "silent"

    @rule(silent=st.none() | WORKERS)
    def recovery(self, silent):
        if silent is not None:
            self.silence(self.workers[silent])
        self.happen(Recovery())

    @rule(numbers=NUMBERS)
    def line_up(self, numbers):
        self.come_due(self.some(numbers, lambda task: task.status == "pending" and not task.queued))
        self.happen(LineUp())

    def come_due(self, ids):
        """Time passes, for these tasks and for those whose worker died, which are due at once."""
        waiting = [task for task in self.tasks.values() if task.status == "pending" and not task.queued]
        for task in waiting:
            task.due |= task.pk in ids
        due = [task.pk for task in waiting if task.due]
        Task.objects.filter(pk__in=due).update(run_at=timezone.now() + PAST)

    @rule(numbers=NUMBERS)
    def prune(self, numbers):
        """What ended long ago is deleted, and nothing else."""
        old = [pk for pk in self.some(numbers, lambda _: True) if self.tasks[pk].status not in LEGAL]
        Task.objects.filter(pk__in=old).update(ended_at=timezone.now() + PAST)
        assert Task.objects.prune(timedelta(days=1)) == len(old)
        for pk in old:
            del self.tasks[pk]

    @rule(numbers=NUMBERS, to=STATUSES)
    def move_where_it_cannot_go(self, numbers, to):
        """The guard holds against callers that have not looked, for all of a group."""
        ids = self.some(numbers, lambda _: True)
        if not all(to in LEGAL.get(self.tasks[pk].status, ()) for pk in ids):
            with pytest.raises(Task.MoveLost), transaction.atomic():
                Task.objects.all()._move(dict.fromkeys(ids, ("sleep", None)), to)

    # What happens at the same moment

    @rule(
        specs=SPECS,
        racers=racers("claim", "kill", "line_up", "claim", "recovery", "fork", "retire"),
        numbers=NUMBERS,
        silent=st.booleans(),
    )
    def race_for_tasks_that_wait(self, specs, racers, numbers, silent):
        self.happen(Fork(self.users[0], specs))
        ids = self.some(numbers, lambda task: task.status == "pending")
        self.come_due(ids)
        self.race(racers, ids, [], self.workers[0], silent)

    @rule(
        specs=SPECS,
        racers=racers("report", "kill", "recovery", "report", "kill", "settle", "claim", "beat", "retire"),
        numbers=NUMBERS,
        silent=st.booleans(),
        late=ENDS,
    )
    def race_for_tasks_that_run(self, specs, racers, numbers, silent, late):
        self.happen(Fork(self.users[0], specs))
        self.come_due(self.tasks)
        self.happen(LineUp())
        self.happen(Claim(self.workers[0], 8))
        ids = self.some(numbers, lambda task: (task.status == "running") * task.attempt)
        claims = [(worker, claim) for worker, claim in self.claims if claim.pk in ids]
        self.race(racers, ids, claims, claims[-1][0] if claims else self.workers[0], silent)
        self.speak_late(numbers, late)

    def race(self, racers, ids, claims, owner, silent):
        if silent:
            self.silence(owner)
        self.happen(*[self.racer(kind, ids, claims, owner, number, end) for kind, number, end in racers])
        self.relieve()

    def racer(self, kind, ids, claims, owner, number, end):
        if kind == "claim":
            return Claim(self.workers[number], len(ids))
        attempts = {claim.pk: claim for _, claim in (claims if number else reversed(claims))}  # the last or the first
        if kind == "report":
            return Report(owner, [(claim, end) for claim in attempts.values()])
        return {
            "beat": lambda: Beat(owner),
            "fork": lambda: Fork(self.users[number % 2], [(0, 2, "now"), (-20, 1, "now")]),
            "kill": lambda: Kill(ids, self.users[number % 2]),
            "line_up": LineUp,
            "recovery": Recovery,
            "retire": lambda: Retire(owner),
            "settle": lambda: Settle(owner, list(attempts.values())),
        }[kind]()

    # What holds at any time

    @invariant()
    def every_row_is_as_the_model_says_and_keeps_the_laws(self):
        found = rows()
        assert found == {pk: task.row() for pk, task in self.tasks.items()}
        for pk, row in found.items():
            statuses = [status for status, _, _ in row.events]
            assert (statuses[0], statuses[-1]) == ("pending", row.status)
            assert all(after in LEGAL.get(before, ()) for before, after in pairwise(statuses))
            assert row.attempt == statuses.count("running") <= self.tasks[pk].max_attempts
            assert row.ended == (row.status not in LEGAL)
            assert row.completed == (row.status == "completed")
            assert row.worker or row.status != "running"


def test_any_moves_in_any_order_and_at_the_same_moment(transactional_db, user, other, monkeypatch):
    monkeypatch.setattr(moves, "RETRY_FIRST", timedelta(hours=1))  # no retry comes due by itself
    monkeypatch.setattr(TheStateMachine, "users", [user, other])
    monkeypatch.setattr(TheStateMachine, "trouble", None)
    try:
        run_state_machine_as_test(
            TheStateMachine,
            settings=settings(
                max_examples=40,
                stateful_step_count=40,
                deadline=None,
                print_blob=True,
                phases=[Phase.reuse, Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            ),
        )
    except Flaky as flaky:  # a race that does not end the same way when Hypothesis repeats it
        raise (TheStateMachine.trouble or flaky) from None


def test_the_late_end_of_an_earlier_attempt_settles_nothing(user, worker):
    Task.objects.fork(user, [{"name": "a", "max_attempts": 2}])
    [first] = Task.objects.claim(worker, 1)
    Task.objects.record(worker, [failure(first, Reason.ERROR, "no")])
    Task.objects.update(run_at=timezone.now() + PAST)
    Task.objects.line_up_due()
    [second] = Task.objects.claim(worker, 1)
    Task.objects.all().kill()
    assert Task.objects.settle(worker, [first]) == 0
    assert Task.objects.settle(worker, [second]) == 1
