"""Every route with every method, by users whom the thing that it names is none of the business."""

from itertools import product

import pytest

from taskapi.models import TaskEvent
from taskapi.streams import begin
from tests.hostile.conftest import SECRET, rows_of
from tests.hostile.routes import METHODS, STRANGER, api_routes, call, expected

every_call = pytest.mark.parametrize(("route", "method"), list(product(STRANGER, METHODS)))


def test_every_route_is_in_the_table():
    assert set(api_routes()) == set(STRANGER), "say in tests/hostile/routes.py what strangers get at a new route"


def named(route, adas, token):
    """The ids of Ada's that a route can name."""
    if "<pk>" not in route:
        return [0]
    return [token.pk] if "tokens" in route else adas


@every_call
@pytest.mark.parametrize("superuser", [False, True])
def test_a_stranger_reads_and_changes_nothing(strangers, route, method, superuser, user, other, adas, token):
    other.is_superuser = other.is_staff = superuser
    other.save()
    before = rows_of(user)
    for pk in named(route, adas, token):
        answer = call(strangers(), route, method, pk)
        assert answer.status_code == expected(route, method), (pk, text_of(answer))
        assert SECRET not in text_of(answer)
        assert rows_of(user) == before


def text_of(answer):
    return f"{answer.headers} {answer.getvalue().decode()}"


@pytest.mark.parametrize("route", [route for route in STRANGER if "<pk>" in route])
def test_what_is_somebody_elses_is_answered_as_what_is_not_there(strangers, route, adas, token):
    [method, *_] = STRANGER[route]
    pk = named(route, adas, token)[0]
    theirs, nobodys = (call(strangers(), route, method, number) for number in (pk, pk + 1_000))
    assert theirs.json() == {"detail": nobodys.json()["detail"].replace(str(pk + 1_000), str(pk))}
    assert theirs.headers.keys() == nobodys.headers.keys()


def test_what_was_missed_on_a_stream_is_not_told_to_a_stranger(other, adas):
    newest = TaskEvent.objects.latest("id").pk
    assert list(begin(other.pk, 0, newest)) == []


def test_the_key_of_a_fork_is_each_users_own(client, stranger):
    forks = [who.post("/taskapi/tasks/", {"name": "a"}, HTTP_IDEMPOTENCY_KEY="k") for who in (client, stranger)]
    assert [answer.status_code for answer in forks] == [201, 201]
    assert forks[0].json()["id"] != forks[1].json()["id"]


@pytest.mark.parametrize("query", ["?q=ada", "?program=sleep", "?created_after=2000-01-01", "?status=killed,completed"])
def test_no_filter_finds_what_is_somebody_elses(stranger, adas, query):
    query = query.replace("2000-01-01", "2000-01-01T00:00:00Z")
    assert stranger.get(f"/taskapi/tasks/{query}").json() == []
