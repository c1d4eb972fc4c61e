"""What programs say: collected, cut at the limit, and written by whoever runs the task."""

import pytest

from taskapi.models import Report, Task, TaskOutput
from taskapi.reports import Reporter


class Speaker(Reporter):
    """A program of a claim that nobody runs."""

    def __init__(self, claim, told):
        super().__init__()
        self.claim, self._told = claim, told

    def tell(self):
        self._told.append(self)


@pytest.fixture
def told():
    return []


@pytest.fixture
def speaker(running, told):
    return Speaker(running(), told)


def nothing_before(task_id):
    return 0


def printed(task):
    return TaskOutput.objects.filter(task=task.pk).read(0, 2**30)


def test_it_tells_once_until_it_is_heard(speaker, told):
    speaker.say(b"a")
    speaker.say(b"b")
    assert told == [speaker]
    assert speaker.take(nothing_before).data == b"ab"
    speaker.say(b"c")
    assert told == [speaker, speaker]


def test_pieces_follow_each_other(speaker):
    speaker.say(b"abc")
    first = speaker.take(nothing_before)
    speaker.say(b"d")
    assert (first.offset, speaker.take(nothing_before).offset) == (0, 3)
    assert speaker.take(nothing_before) is None


def test_what_is_not_yet_stored_is_pending(speaker):
    speaker.say(b"abc")
    speaker.take(nothing_before)
    assert speaker.pending == 3
    speaker.stored()
    assert speaker.pending == 0


def test_only_the_latest_progress_is_taken(speaker):
    speaker.say_progress(0.1, "")
    speaker.say_progress(0.2, "two")
    assert speaker.take(nothing_before).progress == (0.2, "two")
    assert speaker.take(nothing_before) is None


def test_after_its_end_nothing_is_heard(speaker, told):
    speaker.closed = True
    speaker.say(b"late")
    speaker.say_progress(1, "late")
    assert told == []


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (b"12345678", b"12345678"),
        (b"12345678\n", b"12345678\n[The output is cut here: it is longer than the limit of 8 bytes.]\n"),
        (b"1234567\n8", b"1234567\n[The output is cut here: it is longer than the limit of 8 bytes.]\n"),
        ("1234567ä".encode(), b"1234567\n[The output is cut here: it is longer than the limit of 8 bytes.]\n"),
    ],
)
def test_output_is_cut_at_the_limit(speaker, settings, said, kept):
    settings.TASK_OUTPUT_LIMIT = 8
    speaker.say(said)
    assert speaker.take(nothing_before).data == kept
    assert speaker.full == (len(said) > 8)


@pytest.mark.parametrize(("said", "line_end"), [(b"1234567\n", b""), (b"12345678", b"\n")])
def test_the_line_that_says_so_stands_alone(speaker, settings, said, line_end):
    settings.TASK_OUTPUT_LIMIT = 8
    speaker.say(said)
    speaker.take(nothing_before)
    speaker.say(b"9")
    assert speaker.take(nothing_before).data.startswith(line_end + b"[The output is cut here")


def test_the_limit_holds_for_all_attempts_together(speaker, settings):
    settings.TASK_OUTPUT_LIMIT = 8
    speaker.claim.attempt = 2
    speaker.say(b"123")
    report = speaker.take(lambda task_id: 7)
    assert (report.offset, report.data[:2]) == (7, b"1\n")
    full = Speaker(speaker.claim, [])
    full.say(b"123")
    assert full.take(lambda task_id: 90) is None


def test_a_report_of_who_runs_the_task_is_written(running, worker):
    task = running()
    Task.objects.report(worker, [Report(task.pk, 1, (0.5, "half"), 0, b"hello")])
    task.refresh_from_db()
    assert (task.progress, task.progress_text, printed(task)) == (0.5, "half", b"hello")


def test_a_report_written_twice_counts_once(running, worker):
    task = running()
    for _ in range(2):
        Task.objects.report(worker, [Report(task.pk, 1, None, 0, b"hello")])
    assert printed(task) == b"hello"


@pytest.mark.parametrize("attempt", [0, 2])
def test_a_report_of_another_attempt_is_dropped(running, worker, attempt):
    task = running()
    Task.objects.report(worker, [Report(task.pk, attempt, (0.5, ""), 0, b"hello")])
    task.refresh_from_db()
    assert (task.progress, printed(task)) == (None, b"")


def test_a_killed_program_may_print_until_it_has_stopped(running, worker):
    task = running()
    task.kill()
    Task.objects.report(worker, [Report(task.pk, 1, (0.5, ""), 0, b"bye")])
    task.refresh_from_db()
    assert (task.progress, printed(task)) == (None, b"bye")
    Task.objects.settle(worker)
    Task.objects.report(worker, [Report(task.pk, 1, None, 3, b"late")])
    assert printed(task) == b"bye"


def test_output_is_read_from_any_offset(running, worker):
    task = running()
    Task.objects.report(worker, [Report(task.pk, 1, None, start, b"0123") for start in (0, 4, 8)])
    output = task.output.all()
    assert [output.read(offset, 100) for offset in (0, 3, 4, 11, 12)] == [
        b"012301230123",
        b"301230123",
        b"01230123",
        b"3",
        b"",
    ]
    assert output.read(2, 3) == b"230123"
