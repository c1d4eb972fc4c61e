"""Signals to programs that are Python functions, in an engine that runs them in the background."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from taskapi.exceptions import NotRunning, TaskEnded
from taskapi.models import Reason, Signal, Status, Task
from taskapi.runner import Run, abandoned
from tests.conftest import status_of, wait_for
from tests.engines.contract import BackgroundContract
from tests.engines.programs import CLEANED_UP, RELEASE, STARTED, TICKS


@pytest.fixture
def release():
    """Whatever blocks goes on at the end of the test."""
    yield RELEASE
    RELEASE.set()
    wait_for(lambda: not abandoned())
    RELEASE.clear()


def stands_still(task):
    """Whether its program does nothing for a while."""
    before = TICKS[task.pk]
    time.sleep(0.1)
    return TICKS[task.pk] == before


class SignalContract(BackgroundContract):
    @pytest.fixture
    def ticking(self, engine, start):
        def ticking(program, **fields):
            task = start(program, **fields)
            wait_for(lambda: TICKS.get(task.pk))
            return task

        return ticking

    @pytest.mark.parametrize("program", ["ticks", "plain_ticks"])
    def test_stop_holds_a_program_and_cont_lets_it_go_on(self, engine, ticking, user, program):
        task = ticking(program)
        engine.signal(task, Signal.STOP, by=user)
        assert (task.status, task.reason) == (Status.RUNNING, Reason.STOPPED)
        wait_for(lambda: stands_still(task))
        engine.signal(task, Signal.CONT, by=user)
        assert (task.status, task.reason) == (Status.RUNNING, "")
        wait_for(lambda: not stands_still(task))
        engine.kill(task)
        self.ends(task, Status.KILLED)
        assert [(event.reason, event.by) for event in task.events.all()[2:4]] == [("stopped", user), ("", user)]

    @pytest.mark.parametrize("program", ["ticks", "plain_ticks"])
    def test_a_stopped_program_can_be_killed(self, engine, ticking, program):
        task = ticking(program)
        engine.signal(task, Signal.STOP)
        wait_for(lambda: stands_still(task))
        engine.kill(task)
        self.ends(task, Status.KILLED)

    @pytest.mark.parametrize("program", ["ticks", "plain_ticks"])
    def test_a_timeout_does_not_run_while_stopped(self, engine, ticking, program):
        task = ticking(program, timeout=0.6)
        engine.signal(task, Signal.STOP)
        time.sleep(1.5)
        assert status_of(task) == Status.RUNNING
        engine.signal(task, Signal.CONT)
        self.ends(task, Status.FAILED, Reason.TIMEOUT)

    def test_stopping_twice_and_continuing_twice_changes_nothing(self, engine, ticking):
        task = ticking("ticks")
        for signal in (Signal.STOP, Signal.STOP, Signal.CONT, Signal.CONT):
            engine.signal(task, signal)
        engine.kill(task)
        self.ends(task, Status.KILLED)
        assert self.history(task) == ["pending", "running", "running", "running", "killed"]

    @pytest.mark.parametrize("signal", [Signal.STOP, Signal.CONT])
    def test_only_what_runs_can_be_stopped(self, engine, start, signal):
        task = start(run_at=timezone.now() + timedelta(hours=1))
        with pytest.raises(NotRunning, match=f"Task {task.pk} is pending"):
            engine.signal(task, signal)
        engine.kill(task)
        with pytest.raises(TaskEnded):
            engine.signal(task, signal)

    @pytest.mark.parametrize("signal", [Signal.TERM, Signal.INT])
    def test_term_and_int_let_a_program_clean_up(self, engine, ticking, signal):
        task = ticking("ticks")
        engine.signal(task, signal)
        self.ends(task, Status.KILLED)
        assert task.pk in CLEANED_UP

    def test_kill_does_not(self, engine, ticking):
        task = ticking("ticks")
        engine.signal(task, Signal.KILL)
        self.ends(task, Status.KILLED)
        assert task.pk not in CLEANED_UP

    def test_a_signal_sent_by_way_of_another_process_arrives(self, engine, ticking):
        task, other = ticking("ticks"), self.engine_class()
        other.signal(task, Signal.STOP)
        wait_for(lambda: stands_still(task), seconds=2)
        other.signal(task, Signal.CONT)
        wait_for(lambda: not stands_still(task), seconds=2)
        other.signal(task, Signal.KILL)
        self.ends(task, Status.KILLED)
        assert task.pk not in CLEANED_UP

    def test_a_cont_that_comes_while_a_stop_is_carried_out_waits_for_it(self, engine, ticking, monkeypatch):
        task, hold = ticking("ticks"), Run.hold
        cont = threading.Thread(target=self.send_all, args=(engine, [task], [Signal.CONT]))

        def hold_slowly(run):
            if not cont.ident:
                cont.start()
                time.sleep(0.5)
            hold(run)

        monkeypatch.setattr(Run, "hold", hold_slowly)
        engine.signal(task, Signal.STOP)
        wait_for(lambda: cont.ident)  # an engine that is elsewhere hears of it later
        cont.join()
        wait_for(lambda: not stands_still(task), seconds=5)

    def test_a_stop_that_comes_after_its_cont_is_undone(self, engine, ticking):
        task = ticking("ticks")
        engine.hold([task.pk])
        wait_for(lambda: task.pk not in engine.held, seconds=5)
        wait_for(lambda: not stands_still(task), seconds=5)

    def test_a_program_that_swallows_cancellation_is_dropped_after_the_grace(self, engine, start):
        task = start("stubborn")
        wait_for(lambda: task.pk in STARTED)
        engine.kill(task)
        assert Task.objects.get(pk=task.pk).reason == Reason.TERMINATING
        before = time.monotonic()
        wait_for(lambda: task.pk not in engine.runs)
        assert engine.grace / 2 < time.monotonic() - before < engine.grace + 2
        self.ends(task, Status.KILLED)
        assert abandoned() == 0

    def test_a_thread_that_never_asks_is_abandoned_and_counted(self, engine, start, release):
        task = start("plain_blocks")
        wait_for(lambda: task.pk in STARTED)
        engine.kill(task)
        self.ends(task, Status.KILLED)
        wait_for(lambda: task.pk not in engine.runs)
        assert abandoned() == 1
        release.set()
        wait_for(lambda: abandoned() == 0)

    def test_a_task_tried_again_while_an_abandoned_thread_of_it_still_runs(self, engine, start, release):
        task = start("plain_blocks", timeout=0.1, max_attempts=2)
        wait_for(lambda: STARTED.count(task.pk) == 2, seconds=10)
        assert abandoned() == 1
        engine.kill(task)
        self.ends(task, Status.KILLED)

    def test_stop_and_cont_after_the_end_of_a_program_that_left_a_child(self, engine, start):
        task = self.running(start("leaves_a_stubborn_child", timeout=60))
        time.sleep(0.1)
        for signal in (Signal.STOP, Signal.CONT):
            engine.signal(task, signal)
        self.ends(task, Status.COMPLETED)
        wait_for(lambda: not engine.runs)

    def test_a_program_that_cannot_take_a_signal_ends_all_the_same(self, engine, start):
        task = self.running(start("cannot_take_signals"))
        time.sleep(0.1)
        engine.kill(task)
        self.ends(task, Status.KILLED)
        wait_for(lambda: not engine.runs)

    def test_stopping_many_at_once(self, engine, ticking):
        tasks = [ticking("ticks") for _ in range(5)]
        killers = [threading.Thread(target=self.send_all, args=(engine, tasks)) for _ in range(3)]
        for killer in killers:
            killer.start()
        for killer in killers:
            killer.join()
        for task in tasks:
            self.ends(task, Status.KILLED)
        wait_for(lambda: not engine.runs)

    @staticmethod
    def send_all(engine, tasks, signals=(Signal.STOP, Signal.CONT, Signal.STOP, Signal.TERM)):
        for signal in signals:
            for task in Task.objects.filter(pk__in=[task.pk for task in tasks]):
                try:
                    engine.signal(task, signal)
                except TaskEnded:
                    pass
        connection.close()
