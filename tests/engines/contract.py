"""What every engine has to do. A test module of an engine inherits this and names its class."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from taskapi.exceptions import TaskEnded
from taskapi.models import FINAL, Reason, Status, Task, TaskEvent, TaskOutput
from taskapi.programs import programs
from tests.conftest import final_events, status_of, wait_for
from tests.engines.programs import CLEANED_UP, RESULTS, STARTED, TEST_PROGRAMS, children


def printed(task):
    return TaskOutput.objects.filter(task=task).read(0, 2**30)


@pytest.fixture(autouse=True)
def _test_programs(monkeypatch):
    for name, program in TEST_PROGRAMS.items():
        monkeypatch.setitem(programs, name, program)


@pytest.mark.django_db(transaction=True)
class EngineContract:
    """What every engine does."""

    engine_class = None

    @pytest.fixture
    def engine(self, transactional_db, settings):
        settings.TASK_GRACE = timedelta(seconds=0.5)
        settings.TASK_SLOTS = 20
        engine = self.engine_class()
        engine.start()
        yield engine
        engine.stop()

    @pytest.fixture
    def start(self, engine, user):
        def start(program="sleep", owner=user, **fields):
            spec = {"name": program, "program": program, "arguments": fields.pop("arguments", {})} | fields
            return engine.fork(owner, [spec])[0]

        return start

    def test_a_task_runs_from_pending_to_completed(self, start):
        task = start(arguments={"seconds": 0.05})
        self.ends(task, Status.COMPLETED)
        assert task.completed_at - task.started_at >= timedelta(seconds=0.05)
        assert self.history(task) == ["pending", "running", "completed"]

    def test_the_result_is_kept(self, start):
        task = start("answer", arguments={"value": 7})
        self.ends(task, Status.COMPLETED)
        assert task.result == {"value": 7, "task": task.pk, "attempt": 1}

    def test_an_exception_is_a_failure_with_its_text(self, start):
        task = start("crash")
        self.ends(task, Status.FAILED, Reason.ERROR)
        assert task.error == "ValueError: no\ufffd good ?"

    def test_a_result_that_is_no_json_is_a_failure(self, start):
        task = start("unstorable")
        self.ends(task, Status.FAILED, Reason.ERROR)
        assert "cannot be stored as JSON" in task.error

    def test_a_program_that_is_gone_is_a_failure(self, start):
        task = start("missing")
        self.ends(task, Status.FAILED, Reason.ERROR)
        assert "has no program" in task.error

    @pytest.mark.parametrize("kind", sorted(RESULTS))
    def test_a_result_that_cannot_be_stored_is_a_failure_that_says_why(self, start, kind):
        task = start("returns", arguments={"kind": kind})
        self.ends(task, Status.FAILED, Reason.ERROR)
        assert task.error.startswith("The result cannot be stored as JSON: ")

    def test_wrong_arguments_in_the_row_are_a_failure(self, start):
        task = start(arguments={"seconds": "x"})
        self.ends(task, Status.FAILED, Reason.ERROR)

    def test_what_a_program_left_behind_is_cancelled(self, start):
        children.clear()
        self.ends(start("parent"), Status.COMPLETED)
        wait_for(lambda: children[0].cancelled())

    def test_a_timeout_ends_a_task(self, start):
        task = start(arguments={"seconds": 60}, timeout=0.1)
        self.ends(task, Status.FAILED, Reason.TIMEOUT)
        assert task.error == "It took longer than its timeout of 0.1 s."

    def test_a_failed_task_is_tried_again(self, start, monkeypatch):
        monkeypatch.setattr("taskapi.models.moves.RETRY_FIRST", timedelta(milliseconds=50))
        task = start("flaky", max_attempts=3)
        self.ends(task, Status.COMPLETED)
        assert (task.attempt, task.error) == (3, "")
        assert self.history(task) == ["pending", "running"] * 3 + ["completed"]

    def test_attempts_run_out(self, start, monkeypatch):
        monkeypatch.setattr("taskapi.models.moves.RETRY_FIRST", timedelta(milliseconds=50))
        task = start("flaky", max_attempts=2)
        self.ends(task, Status.FAILED, Reason.ERROR)
        assert task.error == "RuntimeError: attempt 2"

    def test_a_plain_function_is_a_program_too(self, start):
        task = start("plain", arguments={"value": 7})
        self.ends(task, Status.COMPLETED)
        assert (task.result, task.progress) == ({"value": 7, "tasks": 1}, 1)

    def test_an_error_of_a_plain_function(self, start):
        task = start("plain_crash")
        self.ends(task, Status.FAILED, Reason.ERROR)
        assert task.error == "RuntimeError: the program raised StopIteration('no')"

    def test_progress_and_output_are_kept(self, start):
        task = start("says")
        self.ends(task, Status.COMPLETED)
        assert task.progress == 1
        assert printed(task) == b"letter a\nletter b\nletter c\nletter d\nno line end ?"

    def test_what_was_said_before_a_failure_is_kept(self, start):
        task = start("fails_on_the_way")
        self.ends(task, Status.FAILED, Reason.EXIT)
        assert (task.error, task.exit_code, task.progress, task.progress_text) == ("It is broken", 3, 0.5, "half")
        assert printed(task) == b"so far so good\n"

    def test_impossible_progress_is_an_error_of_the_program(self, start):
        task = start("overstates")
        self.ends(task, Status.FAILED, Reason.ERROR)
        assert task.error == "ValueError: progress goes from 0 to 1, not 1.5"

    def test_output_past_the_limit_is_cut_and_the_program_goes_on(self, start, settings):
        settings.TASK_OUTPUT_LIMIT = 1_050
        task = start("prints", arguments={"lines": 100})
        self.ends(task, Status.COMPLETED)
        assert task.result == 100
        *lines, half, notice = printed(task).decode().splitlines()
        assert (len(lines), len(half)) == (10, 50)
        assert notice == "[The output is cut here: it is longer than the limit of 1,050 bytes.]"

    def test_what_is_printed_besides_an_expectation_is_kept(self, start):
        task = start("expects_and_prints")
        self.ends(task, Status.COMPLETED)
        assert printed(task) == b"0\n1\n2\n3\n4\n"

    def test_an_expectation_after_words(self, start):
        task = start("expects_after_words")
        self.ends(task, Status.COMPLETED)
        assert task.progress == 1

    @pytest.mark.parametrize(
        ("program", "error"),
        [
            ("returns_odd", "RuntimeError: no"),
            ("exits_oddly", "ValueError: an exit status is a number from 0 to 255, not 70000"),
        ],
    )
    def test_what_cannot_even_be_looked_at_is_a_failure(self, start, program, error):
        task = start(program)
        self.ends(task, Status.FAILED, Reason.ERROR)
        assert task.error == error

    def test_a_further_attempt_adds_to_the_output(self, start, monkeypatch):
        monkeypatch.setattr("taskapi.models.moves.RETRY_FIRST", timedelta(milliseconds=50))
        task = start("prints_again", max_attempts=3)
        self.ends(task, Status.COMPLETED)
        assert printed(task) == b"attempt 1\nattempt 2\nattempt 3\n"

    def test_starting_and_stopping_are_idempotent(self, engine):
        engine.start()
        engine.stop()
        engine.stop()

    def test_a_sleep_says_that_it_is_done(self, start):
        task = start(arguments={"seconds": 0.01})
        self.ends(task, Status.COMPLETED)
        assert task.progress == 1

    def running(self, task):
        wait_for(lambda: status_of(task) == Status.RUNNING)
        return task

    def ends(self, task, status, reason=""):
        def ended():
            task.refresh_from_db()
            return task.ended and task.reason != Reason.TERMINATING

        wait_for(ended)
        assert (task.status, task.reason) == (status, reason), task.error
        assert final_events(task) == 1

    def history(self, task):
        return list(TaskEvent.objects.filter(task=task).values_list("status", flat=True))


class BackgroundContract(EngineContract):
    """What an engine does that runs tasks while its caller goes on."""

    def test_an_exit_is_a_failure(self, start):
        task = start("exits")
        self.ends(task, Status.FAILED, Reason.ERROR)
        assert task.error == "SystemExit: 3"

    @pytest.mark.parametrize("program", ["exits_in_a_child", "exits_in_a_callback", "stops_its_loop"])
    def test_a_program_cannot_take_others_with_it(self, start, program):
        task, other = start(program), start(arguments={"seconds": 0.3})
        self.ends(other, Status.COMPLETED)
        wait_for(lambda: status_of(task) in FINAL)
        self.ends(start(arguments={"seconds": 0}), Status.COMPLETED)

    def test_progress_is_seen_while_the_program_runs(self, start):
        task = start("says")
        wait_for(lambda: Task.objects.get(pk=task.pk).progress == 0.25)
        assert Task.objects.get(pk=task.pk).progress_text == "a quarter\ufffd"
        self.ends(task, Status.COMPLETED)

    def test_a_sleep_shows_its_progress(self, engine, start):
        task = start(arguments={"seconds": 2})
        wait_for(lambda: 0.2 < (Task.objects.get(pk=task.pk).progress or 0) < 1, seconds=2)
        engine.kill(task)

    def test_output_is_seen_while_the_program_runs(self, engine, start):
        task = start("prints", arguments={"lines": 10**9, "width": 2})
        wait_for(lambda: printed(task).startswith(b"00\n01\n"))
        engine.kill(task)
        self.ends(task, Status.KILLED)

    def test_programs_use_the_database_each_in_a_thread_of_its_own(self, start):
        busy = self.running(start("occupies_the_orm", arguments={"seconds": 2}))
        self.ends(start("counts_tasks"), Status.COMPLETED)
        assert status_of(busy) == Status.RUNNING

    def test_a_connection_that_a_program_broke_is_nobody_elses(self, start, monkeypatch):
        monkeypatch.setattr("taskapi.runner.orm.THREADS", 1)
        self.ends(start("counts_tasks"), Status.COMPLETED)
        self.ends(start("breaks_its_connection"), Status.COMPLETED)
        self.ends(start("counts_tasks"), Status.COMPLETED)

    def test_kill_of_a_running_task_stops_its_program_at_once(self, engine, start, user):
        task = self.running(start(arguments={"seconds": 60}))
        before = time.monotonic()
        engine.kill(task, by=user)
        assert status_of(task) == Status.KILLED
        wait_for(lambda: task.pk not in engine.runs)
        assert time.monotonic() - before < 1
        wait_for(lambda: Task.objects.get(pk=task.pk).reason == "")
        assert self.history(task) == ["pending", "running", "killed"]

    def test_a_killed_program_may_clean_up(self, engine, start):
        task = start("tidy")
        wait_for(lambda: task.pk in STARTED)
        engine.kill(task)
        assert task.reason == Reason.TERMINATING
        wait_for(lambda: task.pk in CLEANED_UP)
        self.ends(task, Status.KILLED)

    def test_a_program_that_swallows_the_kill_gives_its_slot_back(self, engine, start):
        task = self.running(start("stubborn"))
        engine.kill(task)
        wait_for(lambda: task.pk not in engine.runs)
        self.ends(task, Status.KILLED)

    def test_kill_of_a_waiting_task(self, engine, start):
        task = start(run_at=timezone.now() + timedelta(hours=1))
        engine.kill(task)
        assert self.history(task) == ["pending", "killed"]

    def test_killing_twice_is_refused(self, engine, start):
        task = start(arguments={"seconds": 60})
        engine.kill(task)
        with pytest.raises(TaskEnded):
            engine.kill(task)
        assert final_events(task) == 1

    def test_a_kill_right_after_the_fork(self, engine, start):
        tasks = [start(arguments={"seconds": 60}) for _ in range(10)]
        for task in tasks:
            engine.kill(task)
        for task in tasks:
            self.ends(task, Status.KILLED)
        wait_for(lambda: not engine.runs)

    def test_more_tasks_than_slots_wait(self, engine, user):
        engine.fork(user, [{"name": "a", "arguments": {"seconds": 0.3}}] * 30)
        wait_for(lambda: len(engine.runs) == 20)
        assert Task.objects.filter(status=Status.RUNNING).count() <= 20
        wait_for(lambda: Task.objects.filter(status=Status.COMPLETED).count() == 30)

    def test_a_scheduled_task_starts_when_it_is_due(self, start):
        due = timezone.now() + timedelta(seconds=0.7)
        task = start(arguments={"seconds": 0}, run_at=due)
        assert (task.status, task.reason) == (Status.PENDING, Reason.SCHEDULED)
        self.ends(task, Status.COMPLETED)
        assert task.started_at >= due

    def test_a_task_forked_before_the_engine_starts(self, user, settings):
        [task] = Task.objects.fork(user, [{"name": "early", "arguments": {"seconds": 0}}])
        engine = self.engine_class()
        engine.start()
        self.ends(task, Status.COMPLETED)
        engine.stop()

    def test_stop_lets_short_programs_end(self, engine, start):
        task = self.running(start(arguments={"seconds": 0.3}))
        engine.stop()
        self.ends(task, Status.COMPLETED)

    def test_stop_ends_long_programs_and_says_lost(self, engine, start):
        task = self.running(start(arguments={"seconds": 60}))
        engine.stop()
        task.refresh_from_db()
        assert (task.status, task.reason) == (Status.FAILED, Reason.LOST)

    def test_stop_hands_back_what_may_run_again(self, engine, start):
        task = self.running(start(arguments={"seconds": 60}, max_attempts=2))
        engine.stop()
        task.refresh_from_db()
        assert (task.status, task.reason, task.worker) == (Status.PENDING, Reason.RETRY, None)

    def test_stop_in_a_hurry_still_hands_everything_back(self, engine, start):
        once, twice = (start("stubborn", max_attempts=attempts) for attempts in (1, 2))
        for task in (once, twice):
            self.running(task)
        engine.hurry()
        before = time.monotonic()
        engine.stop()
        assert time.monotonic() - before < 2
        assert [(task.status, task.reason) for task in Task.objects.order_by("id")] == [
            ("failed", "lost"),
            ("pending", "retry"),
        ]

    def test_a_worker_whose_lease_was_taken_stops_its_programs_and_starts_anew(self, engine, start):
        task = start("tidy")
        wait_for(lambda: task.pk in STARTED)
        worker = engine.keeper.worker
        assert worker.retire()
        Task.objects.recover(worker)
        wait_for(lambda: task.pk in CLEANED_UP)
        self.ends(task, Status.FAILED, Reason.LOST)
        another = start(arguments={"seconds": 0})
        self.ends(another, Status.COMPLETED)
        assert another.worker != worker

    def test_the_programs_of_a_deleted_user_are_stopped(self, engine, start, other, monkeypatch):
        monkeypatch.setattr("taskapi.engines.keeper.STRAYS_PAUSE", 0)
        task = start("tidy", owner=other)
        wait_for(lambda: task.pk in STARTED)
        other.delete()
        wait_for(lambda: task.pk in CLEANED_UP)
        wait_for(lambda: not engine.runs)

    def test_a_claim_whose_answer_got_lost_is_run(self, start, monkeypatch):
        claim, lost = Task.objects.claim, []

        def claim_and_fail(*arguments):
            if (claims := claim(*arguments)) and not lost:
                lost.extend(claims)
                raise OperationalError("the connection broke after the commit")
            return claims

        monkeypatch.setattr(Task.objects, "claim", claim_and_fail)
        while not lost:  # the engine may be just about to claim in the old way
            task = start(arguments={"seconds": 0})
            self.ends(task, Status.COMPLETED)
        assert [claim.pk for claim in lost] == [task.pk]
        assert task.attempt == 1

    def test_kills_race_ends(self, engine, start):
        """Programs end at the moment they are killed: one final event each, whoever wins."""
        tasks = [start(arguments={"seconds": 0.01}) for _ in range(100)]

        def kill(task):
            try:
                engine.kill(Task.objects.get(pk=task.pk))
            except TaskEnded:
                pass
            finally:
                connection.close()

        killers = [threading.Thread(target=kill, args=(task,)) for task in tasks]
        for killer in killers:
            killer.start()
        for killer in killers:
            killer.join()
        wait_for(lambda: not Task.objects.exclude(status__in=FINAL).exists())
        wait_for(lambda: not engine.runs)
        assert [final_events(task) for task in tasks] == [1] * len(tasks)
        assert not Task.objects.filter(reason=Reason.TERMINATING).exists()
