"""ls: which tasks, which fields, in which order; and killall, which takes the same filters."""

import re
from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from taskapi import filters
from taskapi.models import Move, Status, Task
from tests.conftest import client_of, status_of

TASKS = "/taskapi/tasks/"


@pytest.fixture
def names(client):
    """names("status=running") are the names of the tasks that are listed, in their order."""

    def names(query):
        answer = client.get(f"{TASKS}?{query}")
        assert answer.status_code == 200, answer.json()
        return [task["name"] for task in answer.json()]

    return names


@pytest.fixture
def five(fork, running, worker):
    """A task in each status, oldest first; each is named for it."""
    for name in ("completed", "failed", "killed"):
        task = running(name=name)
        if name == "killed":
            task.kill()
        else:
            Task.objects.record(worker, [Move(task.pk, 1, Status(name))])
    running(name="running")
    fork(name="pending")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=running", ["running"]),
        ("status=RUNNING", ["running"]),
        ("status=failed,Pending", ["pending", "failed"]),
        ("status=completed,failed,killed&ordering=created_at", ["completed", "failed", "killed"]),
        ("ordering=created_at&limit=2", ["completed", "failed"]),
        ("ordering=-created_at&limit=2", ["pending", "running"]),
        ("q=PEND", ["pending"]),
        ("q=ed&status=killed", ["killed"]),
        ("program=sleep&status=pending", ["pending"]),
        ("program=command", []),
    ],
)
def test_filters(five, names, query, expected):
    assert names(query) == expected


def test_a_search_looks_into_descriptions(fork, names):
    fork(name="a", description="the needle of it")
    fork(name="b")
    assert names("q=Needle") == ["a"]


@pytest.mark.parametrize("text", ["Ärger", "ärger", "ÄRGER"])
def test_a_search_is_for_all_letters_in_any_case(fork, names, text):
    fork(name="Kein Ärger")
    assert names(f"q={text}") == ["Kein Ärger"]


def test_a_search_is_for_text_as_it_is(fork, names):
    fork(name="100%")
    fork(name="1000")
    fork(name="x_y\\z")
    fork(name="xay\\z")
    assert names("q=0%25") == ["100%"]
    assert names("q=x_y%5C") == ["x_y\\z"]


def test_a_task_that_moves_on_while_its_statuses_are_read_is_found_once(user, running, worker):
    task = running()

    def while_it_ends(parts):
        first, second = parts
        yield first
        Task.objects.record(worker, [Move.completion(task)])
        yield second

    parts = filters.in_parts(user.tasks, QueryDict("status=completed,running"))
    [(_, pk, status)] = filters.first_of(while_it_ends(parts), ["status"], 10, newest_first=True)
    assert (pk, status) == (task.pk, "completed")


def test_created_after_and_before(fork, names):
    now = timezone.now()
    for hours in (3, 2, 1):
        task = fork(name=str(hours))
        Task.objects.filter(pk=task.pk).update(created_at=now - timedelta(hours=hours))
    moment = (now - timedelta(hours=2)).isoformat()
    assert names(f"created_after={moment}") == ["1", "2"]
    assert names(f"created_before={moment}") == ["3"]
    assert names(f"created_after={moment.replace('+', '%2B')}&created_before={now.isoformat()}") == ["1", "2"]


def test_all_fields(client, running):
    task = running(description="hello", max_attempts=3)
    assert client.get(TASKS + "?fields=all").json() == [client.get(f"{TASKS}{task.pk}/").json()]


def test_some_fields_in_the_order_asked_for(client, running):
    task = running()
    [row] = client.get(TASKS + "?fields=worker,id,status_label,id").json()
    assert list(row.items()) == [("worker", task.worker.name), ("id", task.pk), ("status_label", "Running")]


@pytest.mark.parametrize("query", ["", "status=pending,killed&", "ordering=created_at&", "fields=name&", "q=a&"])
def test_pages_follow_each_other_without_gap_or_repetition(client, user, query):
    tasks = Task.objects.fork(user, [{"name": f"a{i}"} for i in range(9)])
    Task.objects.filter(pk__in=[task.pk for task in tasks[::2]]).kill()
    seen, url = [], f"{TASKS}?{query}limit=2"
    while url:
        answer = client.get(url)
        seen += [task["name"] for task in answer.json()]
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.get("Link", ""))
        url = link and link[1]
    expected = [task.name for task in tasks]
    assert seen == (expected if "ordering" in query else expected[::-1])


def test_a_page_of_large_results_is_shorter(client, user, monkeypatch):
    monkeypatch.setattr(filters, "BATCH", 2)
    monkeypatch.setattr(filters, "PAGE_BYTES", 10_000)
    Task.objects.fork(user, [{"name": f"a{i}", "arguments": {"text": "x" * 3_000}} for i in range(9)])
    pages, seen, url = [], [], f"{TASKS}?fields=name,arguments&limit=7"
    while url:
        answer = client.get(url)
        pages.append(len(answer.json()))
        seen += [task["name"] for task in answer.json()]
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.get("Link", ""))
        url = link and link[1]
    assert pages == [4, 4, 1]
    assert seen == [f"a{i}" for i in reversed(range(9))]


@pytest.mark.parametrize(
    "query",
    [
        "status=",
        "status=done",
        "status=running,",
        "program=",
        "program=nope",
        "program=%00",
        "q=",
        "q=%00",
        f"q={'x' * 256}",
        "created_after=yesterday",
        "created_before=2026-13-01",
        "created_before=9999-12-31T23:59:59-23:59",
        "ordering=name",
        "ordering=",
        "fields=",
        "fields=id,password",
        "cursor=7",
        "cursor=-",
        "cursor=1-x",
        f"cursor={'9' * 19}-1",
        f"cursor=1-{'9' * 19}",
        "limit=1&limit=2",
    ],
)
def test_a_wrong_parameter_is_refused_by_name(client, query):
    answer = client.get(f"{TASKS}?{query}")
    assert answer.status_code == 400
    assert list(answer.json()) == [query.split("=")[0]]


def test_an_unknown_parameter_is_refused_with_the_known_ones(client):
    answer = client.get(TASKS + "?colour=red")
    assert answer.status_code == 400
    known = "status, program, q, notifies, created_after, created_before, fields, ordering, limit, cursor"
    assert answer.json() == {"colour": [f"Unknown parameter. Known are: {known}."]}


def test_a_task_of_a_program_that_is_gone_can_still_be_found(fork, names):
    fork(name="old", program="retired")
    assert names("program=retired") == ["old"]


def test_filters_find_only_ones_own(client, five, other):
    assert client_of(other).get(TASKS + "?status=running&fields=all").json() == []


def test_a_list_takes_one_query_for_the_user_and_one_for_the_rows(client, five, django_assert_num_queries):
    client.get(TASKS)  # notes that the token is used
    with django_assert_num_queries(2):
        client.get(TASKS + "?fields=all")


def test_killall_kills_what_is_chosen(client, five, user):
    answer = client.delete(TASKS + "?status=running")
    assert answer.json() == {"detail": "1 task killed", "killed": 1}
    assert Task.objects.get(name="running").events.last().by == user
    assert status_of(Task.objects.get(name="pending")) == Status.PENDING


def test_killall_leaves_alone_what_has_ended(client, five):
    assert client.delete(TASKS + "?program=sleep").json() == {"detail": "2 tasks killed", "killed": 2}
    assert Task.objects.filter(status=Status.KILLED).count() == 3
    assert client.delete(TASKS + "?program=sleep").json()["killed"] == 0


def test_killall_without_a_filter_is_refused(client, five):
    answer = client.delete(TASKS)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("Say which tasks to kill")
    assert client.delete(TASKS + "?limit=5").status_code == 400
    assert Task.objects.filter(status=Status.RUNNING).exists()


def test_killall_kills_only_ones_own(client, five, other):
    assert client_of(other).delete(TASKS + "?status=running,pending").json()["killed"] == 0
