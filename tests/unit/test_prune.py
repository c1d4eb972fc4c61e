from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from taskapi.models import Task, TaskEvent, TaskOutput, Worker

DAY = timedelta(days=1)


@pytest.fixture
def ended(fork):
    def ended(days_ago):
        task = fork()
        task.kill()
        Task.objects.filter(pk=task.pk).update(ended_at=timezone.now() - days_ago * DAY)
        return task

    return ended


def prune(older_than):
    output = StringIO()
    call_command("prune", older_than=older_than, stdout=output)
    return output.getvalue()


def test_what_ended_long_ago_goes_with_its_events(ended, fork):
    ended(31)
    kept = {ended(29), fork()}
    assert prune("30d") == "Deleted 1 tasks and 0 workers.\n"
    assert set(Task.objects.all()) == kept
    assert set(TaskEvent.objects.values_list("task", flat=True)) == {task.pk for task in kept}


def test_a_number_without_a_unit_deletes_nothing(ended):
    ended(2)
    with pytest.raises(CommandError, match="--older-than 30: expected a duration with its unit"):
        prune("30")
    assert Task.objects.count() == 1


def test_output_goes_with_its_task(ended):
    task = ended(31)
    TaskOutput.objects.create(task=task, offset=0, data=b"hello")
    prune("30d")
    assert TaskOutput.objects.count() == 0


def test_it_goes_in_batches(ended, monkeypatch):
    monkeypatch.setattr("taskapi.models.queryset.BATCH", 2)
    for _ in range(5):
        ended(2)
    assert prune("1d").startswith("Deleted 5 tasks")


def test_a_restarted_task_stays_without_its_origin(ended, fork):
    again = fork(restarted_from_id=ended(2).pk)
    prune("1d")
    again.refresh_from_db()
    assert again.restarted_from is None


def test_workers_go_when_no_task_names_them(running, worker):
    named, unnamed = running().worker, Worker.objects.enlist("test", 1)
    Worker.objects.update(ended_at=timezone.now() - 2 * DAY)
    assert prune("1d") == "Deleted 0 tasks and 1 workers.\n"
    assert list(Worker.objects.all()) == [named]
    assert unnamed not in Worker.objects.all()


@pytest.mark.parametrize("text", ["", "soon", "0", "1w"])
def test_a_wrong_duration_is_refused(db, text):
    with pytest.raises(CommandError, match="expected a duration"):
        prune(text)
