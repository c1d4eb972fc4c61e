"""Events, workers and the fleet's jobs in the admin: to read."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib import admin
from django.utils import timezone

from taskapi.engines import get_engine
from taskapi.models import Worker

READ_ONLY = ["taskapi/task", "taskapi/taskevent", "taskapi/worker"]


@pytest.mark.parametrize("model", READ_ONLY)
def test_nothing_is_added_or_deleted(site, running, model):
    running()
    assert site.get(f"/admin/{model}/add/").status_code == 403
    assert site.post(f"/admin/{model}/1/delete/").status_code == 403


def test_the_events_of_a_task_are_found_by_its_id(site, running, fork):
    task = running()
    fork()
    found = site.get("/admin/taskapi/taskevent/", {"q": str(task.pk)}).context["cl"].result_list
    assert [(event.status, event.by) for event in found] == [("running", None), ("pending", task.owner)]


def test_by_what_no_id_can_be_none_is_found(site, running):
    running()
    assert not site.get("/admin/taskapi/taskevent/", {"q": "9" * 19}).context["cl"].result_list


def test_a_worker_is_shown_with_what_it_does(site, running, worker):
    running()
    page = site.get("/admin/taskapi/worker/").content.decode()
    assert '<td class="field-state">alive</td>' in page
    assert '<td class="field-busy">1</td>' in page


@pytest.mark.parametrize(
    ("state", "fields"),
    [
        ("silent", {"heartbeat_at": timezone.now() - timedelta(hours=1)}),
        ("lost", {"lost": True, "ended_at": timezone.now()}),
        ("stopped", {"ended_at": timezone.now()}),
    ],
)
def test_and_with_how_it_is(site, worker, state, fields):
    Worker.objects.filter(pk=worker.pk).update(**fields)
    assert f'<td class="field-state">{state}</td>' in site.get("/admin/taskapi/worker/").content.decode()


def test_events_and_workers_have_a_page_each(site, running):
    task = running()
    for model, row in {"taskevent": task.events.first(), "worker": task.worker}.items():
        assert site.get(f"/admin/taskapi/{model}/{row.pk}/change/").status_code == 200


@pytest.mark.skipif(not apps.is_installed("procrastinate.contrib.django"), reason="needs the fleet")
def test_the_fleets_jobs_are_to_read_only(site, fork, user):
    get_engine().fork(user, [{"name": "x"}])
    [job] = site.get("/admin/procrastinate/procrastinatejob/").context["cl"].result_list
    answer = site.get(f"/admin/procrastinate/procrastinatejob/{job.pk}/change/")
    assert (answer.status_code, answer.context["has_change_permission"]) == (200, False)
    assert site.get("/admin/procrastinate/procrastinatejob/").context["action_form"] is None
    assert site.post(f"/admin/procrastinate/procrastinatejob/{job.pk}/delete/").status_code == 403


@pytest.mark.skipif(apps.is_installed("procrastinate.contrib.django"), reason="for the other engines")
def test_without_the_fleet_there_are_none(site):
    assert site.get("/admin/procrastinate/procrastinatejob/").status_code == 404
    assert not [model for model in admin.site._registry if model._meta.app_label == "procrastinate"]
