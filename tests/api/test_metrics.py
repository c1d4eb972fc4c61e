"""/metrics: for Prometheus, with a token."""

import re
from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.db import OperationalError
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from taskapi import census
from taskapi.models import Move, Reason, Signal, Status, Task, Worker
from taskmanager import metrics
from tests.server import PROJECT

TOKEN = "a-token-of-some-length"
METRICS = "/metrics"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def _own_registry(settings):
    settings.METRICS_TOKEN = TOKEN
    metrics.registry.cache_clear()  # and with it what the census has found for another test
    yield
    metrics.registry.cache_clear()


def parsed(text):
    """{(name, labels): value}, the labels as text, in the order of their names."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {
        (sample.name, ",".join(value for _, value in sorted(sample.labels.items()))): sample.value for sample in samples
    }


@pytest.fixture
def scrape(anonymous):
    """scrape() is what Prometheus finds."""

    def scrape():
        answer = anonymous.get(METRICS, headers=BEARER)
        assert answer.status_code == 200
        return parsed(answer.content.decode())

    return scrape


@pytest.fixture
def grown(scrape, django_capture_on_commit_callbacks):
    """grown(do) is what has grown by doing that, and by how much; no figure of time."""

    def grown(do):
        before = scrape()
        with django_capture_on_commit_callbacks(execute=True):
            do()
        after = scrape()
        ours = [key for key in after if key[0].startswith("taskmanager_task") and key[0].endswith(("_total", "_count"))]
        return {key: after[key] - before.get(key, 0) for key in ours if after[key] != before.get(key, 0)}

    return grown


def test_it_is_not_there_without_a_token_of_its_own(anonymous, settings):
    settings.METRICS_TOKEN = ""
    for method in ("get", "post"):
        answer = getattr(anonymous, method)(METRICS, headers=BEARER)
        assert (answer.status_code, answer.json()) == (404, {"detail": "There is nothing at /metrics."})


@pytest.mark.parametrize("given", ["", TOKEN, f"Token {TOKEN}", "Bearer", "Bearer x", f"Bearer {TOKEN}x", "Bearer ü"])
def test_who_does_not_know_the_token_is_refused(anonymous, given):
    answer = anonymous.get(METRICS, headers={"Authorization": given})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert TOKEN not in answer.json()["detail"]


def test_a_users_token_is_not_enough(client):
    assert client.get(METRICS).status_code == 401


def test_it_is_for_reading(anonymous):
    answer = anonymous.post(METRICS, headers=BEARER)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


def test_it_may_be_called_by_address(anonymous):
    answer = anonymous.get(METRICS, headers=BEARER | {"Host": "10.0.0.5"})
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert answer["Content-Type"].startswith("text/plain; version=")


def test_tasks_by_status_and_program(scrape, fork, running):
    running()
    fork()
    fork(program="retired", arguments={})
    found = {key: value for key, value in scrape().items() if key[0] == "taskmanager_tasks" and value}
    assert found == {
        ("taskmanager_tasks", "sleep,running"): 1,
        ("taskmanager_tasks", "sleep,pending"): 1,
        ("taskmanager_tasks", "other,pending"): 1,
    }


def test_what_has_ended_is_counted_once_and_then_followed(fork, monkeypatch):
    monkeypatch.setattr(census, "SHARE", float("inf"))  # each look reads
    monkeypatch.setattr(census, "FRESH", 0)
    known = census.Census()
    for number in (1, 2):
        fork().kill()
        assert known.look()[0][Status.KILLED, "sleep"] == number
    Task.objects.update(ended_at=timezone.now() - timedelta(hours=1))  # long before what is followed
    assert known.look()[0][Status.KILLED, "sleep"] == 0
    assert census.Census().look()[0][Status.KILLED, "sleep"] == 2


def test_what_has_settled_is_not_read_again(fork, monkeypatch):
    monkeypatch.setattr(census, "SHARE", float("inf"))
    monkeypatch.setattr(census, "FRESH", 0)
    known, now = census.Census(), timezone.now()
    known.look()
    fork().kill()
    for later in (timedelta(minutes=1), timedelta(minutes=2)):
        monkeypatch.setattr(timezone, "now", lambda later=later: now + later)
        assert known.look()[0][Status.KILLED, "sleep"] == 1
    Task.objects.update(ended_at=now)
    assert known.look()[0][Status.KILLED, "sleep"] == 1


def test_the_queue_and_the_workers(scrape, fork, running):
    running()
    fork()
    Task.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    Worker.objects.enlist("test", 5)
    Worker.objects.filter(slots=5).update(heartbeat_at=timezone.now() - timedelta(days=1))
    found = scrape()
    assert found["taskmanager_tasks_waiting", ""] == 1
    assert 60 <= found["taskmanager_oldest_wait_seconds", ""] < 90
    assert (found["taskmanager_slots", ""], found["taskmanager_slots_busy", ""]) == (10, 1)
    assert (found["taskmanager_workers", "alive"], found["taskmanager_workers", "silent"]) == (1, 1)


def test_every_figure_is_explained_to_operators(anonymous):
    text = anonymous.get(METRICS, headers=BEARER).content.decode()
    told = set(re.findall("^# TYPE (taskmanager_[a-z_]+)", text, re.MULTILINE))
    explained = (PROJECT / "docs" / "operations.md").read_text()
    assert told == set(re.findall("taskmanager_[a-z_]+", explained))


def test_one_look_at_the_database_serves_for_a_while(scrape, django_assert_num_queries):
    scrape()
    with django_assert_num_queries(0):
        scrape()


def test_without_a_database_there_are_still_those_of_the_process(scrape, monkeypatch):
    monkeypatch.setattr(census.Census, "look", Mock(side_effect=OperationalError("gone")))
    monkeypatch.setattr(census, "connection", Mock())
    found = scrape()
    assert found["taskmanager_database_up", ""] == 0
    assert ("taskmanager_tasks", "sleep,pending") not in found
    assert found["process_resident_memory_bytes", ""] > 0


def test_a_start_is_counted_with_its_wait(grown, fork, worker):
    fork()
    assert grown(lambda: Task.objects.claim(worker, 1)) == {("taskmanager_task_wait_seconds_count", "sleep"): 1}


def test_an_end_is_counted_with_its_duration(grown, running, worker):
    task = running()
    assert grown(lambda: Task.objects.record(worker, [Move.completion(task)])) == {
        ("taskmanager_tasks_ended_total", "sleep,,completed"): 1,
        ("taskmanager_task_duration_seconds_count", "sleep"): 1,
    }


def test_an_end_that_came_too_late_is_not(grown, running, worker):
    task = running()
    task.kill()
    assert grown(lambda: Task.objects.record(worker, [Move.completion(task)])) == {}


def test_a_failure_is_counted_with_its_reason(grown, running, worker):
    task = running()
    move = Move(task.pk, task.attempt, Status.FAILED, Reason.TIMEOUT)
    assert (
        grown(lambda: Task.objects.record(worker, [move]))["taskmanager_tasks_ended_total", "sleep,timeout,failed"] == 1
    )


def test_another_try_is_no_end(grown, running, worker):
    task = running()
    move = Move(task.pk, task.attempt, Status.PENDING, Reason.RETRY)
    assert grown(lambda: Task.objects.record(worker, [move])) == {("taskmanager_tasks_tried_again_total", "sleep"): 1}


def test_a_kill_is_counted_and_has_a_duration_if_it_had_run(grown, fork, running):
    task, waiting = running(), fork(program="retired")
    assert grown(lambda: [task.kill(signal=Signal.KILL), waiting.kill()]) == {
        ("taskmanager_tasks_ended_total", "sleep,,killed"): 1,
        ("taskmanager_tasks_ended_total", "other,,killed"): 1,
        ("taskmanager_task_duration_seconds_count", "sleep"): 1,
    }


def test_what_a_dead_worker_leaves_is_counted_by_who_recovers_it(grown, running, worker):
    running()
    assert grown(lambda: Task.objects.recover(worker))["taskmanager_tasks_ended_total", "sleep,lost,failed"] == 1


def test_clocks_that_go_apart_make_no_negative_time(grown, running, worker):
    task = running()
    Task.objects.update(started_at=timezone.now() + timedelta(hours=1))
    assert grown(lambda: Task.objects.record(worker, [Move.completion(task)]))


def requests_of(found):
    return {key[1] for key in found if key[0] == "taskmanager_http_requests_total"}


def test_requests_are_counted_by_route(client, scrape, fork):
    path = f"/taskapi/tasks/{fork().pk}/"
    before = scrape()
    client.get(path)
    client.get("/taskapi/tasks/0/")
    key = ("taskmanager_http_requests_total", "GET,/taskapi/tasks/<pk>/,200")
    after = scrape()
    assert after[key] - before.get(key, 0) == 1
    assert "GET,/taskapi/tasks/<pk>/,404" in requests_of(after)
    assert after["taskmanager_http_request_seconds_count", "GET,/taskapi/tasks/<pk>/"] >= 2


def test_clients_cannot_make_more_series(client, scrape):
    for path in ("/a/", "/b/?c=d", "/taskapi/x/", "/e\n"):
        client.get(path)
    client.generic("SPAM", "/a/")
    found = requests_of(scrape())
    assert {"GET,unknown,404", "other,unknown,404"} <= found
    assert not [labels for labels in found if "SPAM" in labels or "/a/" in labels or "/x/" in labels]


def test_a_wait_for_an_end_does_not_look_like_a_slow_answer(client, scrape, fork):
    task = fork()
    task.kill()
    client.get(f"/taskapi/tasks/{task.pk}/?wait=1")
    assert "GET,/taskapi/tasks/<pk>/?wait,200" in requests_of(scrape())


def test_the_page_and_the_probes_have_no_route(client, scrape):
    client.get("/")
    client.get("/healthz")
    assert "GET,none,200" in requests_of(scrape())


def test_two_who_ask_at_once_may_both_find_what_a_dead_process_left(tmp_path, monkeypatch):
    """One of them finds it gone when it is to be removed."""
    for pid in (2**22 + 1, 2**22 + 2):  # Linux has no process with so high a number
        (tmp_path / f"gauge_livesum_{pid}.db").touch()
    seen = []

    def remove_late(pid, directory):
        seen.append(pid)
        raise FileNotFoundError

    monkeypatch.setattr(metrics, "mark_process_dead", remove_late)
    metrics.forget_the_dead(tmp_path)
    assert len(seen) == 2
