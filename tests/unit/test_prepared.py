"""A query that is compiled once gives what the ORM gives."""

import pytest
from django.utils import timezone

from taskapi.models import Task
from taskmanager.prepared import Prepared


@pytest.fixture
def prepared():
    return Prepared(Task.objects.filter(owner=0).order_by("id").values_list("id", "arguments", "created_at", "run_at"))


def test_the_rows_are_for_the_parameters(prepared, fork, user, other):
    mine, theirs = fork(seconds=1), fork(owner=other, run_at=timezone.now())
    for owner, task in ((user, mine), (other, theirs)):
        task.refresh_from_db()
        assert prepared.rows(owner.pk) == [[task.pk, task.arguments, task.created_at, task.run_at]]
    assert prepared.rows(0) == []


def test_it_is_one_query(prepared, user, django_assert_num_queries):
    with django_assert_num_queries(1):
        prepared.rows(user.pk)
