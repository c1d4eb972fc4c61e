"""The contract, "Tasks": ls, ls -l, ps | grep, killall."""

import re

import pytest

from taskapi.answers import WHOLE
from tests.contract.conftest import TASKS, Client


@pytest.fixture(scope="module")
def owner(log_in):
    """Has five tasks: t0 to t3 wait, the last one for another program, and t4 is killed."""
    owner = log_in("owner")
    specs = [{"name": f"t{number}", "run_at": "2100-01-01T00:00:00Z"} for number in range(5)]
    specs[3] |= {"program": "talk", "description": "Says Something"}
    owner.tasks = owner.post(TASKS, specs).json
    owner.delete(f"{TASKS}{owner.tasks[4]['id']}/")
    return owner


def names(answer):
    assert answer.status == 200, answer.body
    return [task["name"] for task in answer.json]


def is_refused(client, query, field, method="GET"):
    answer = client.call(method, TASKS + query)
    return answer.status == 400 and list(answer.json) == [field]


# ls


def test_ls_200_a_bare_array_of_id_name_status_newest_first(owner):
    answer = owner.get(TASKS)
    assert answer.status == 200
    assert answer.json[:2] == [
        {"id": owner.tasks[4]["id"], "name": "t4", "status": "killed"},
        {"id": owner.tasks[3]["id"], "name": "t3", "status": "pending"},
    ]
    assert names(answer) == ["t4", "t3", "t2", "t1", "t0"]


def test_ls_of_who_has_no_task(newcomer):
    answer = newcomer.get(TASKS)
    assert (answer.status, answer.json, answer.headers["Link"]) == (200, [], None)


def test_ls_1000_a_page(newcomer):
    newcomer.post(TASKS, [{"name": "a", "run_at": "2100-01-01T00:00:00Z"}] * 1001)
    answer = newcomer.get(TASKS)
    assert (len(answer.json), answer.headers["Link"] is None) == (1000, False)


def test_ls_limit_lowers_that(owner):
    assert names(owner.get(f"{TASKS}?limit=2")) == ["t4", "t3"]


@pytest.mark.parametrize("limit", ["1001", "0", "-1", "many", "", "1.5", "9" * 50])
def test_ls_limit_400_above_it_and_for_no_number(owner, limit):
    assert is_refused(owner, f"?limit={limit}", "limit")


def test_ls_link_leads_through_all_pages(owner):
    path, seen = f"{TASKS}?limit=2&ordering=created_at", []
    while path:
        answer = owner.get(path)
        seen.append(names(answer))
        link = re.fullmatch(r'<http://[^/]+(/.*cursor=.*)>; rel="next"', answer.headers["Link"] or "")
        path = link and link[1]
    assert seen == [["t0", "t1"], ["t2", "t3"], ["t4"]]


def test_ls_pages_by_keyset_so_that_a_new_task_moves_nothing(newcomer):
    for name in "abc":
        newcomer.later(name=name)
    following = newcomer.get(f"{TASKS}?limit=2").headers["Link"].partition(">")[0].partition(TASKS)[2]
    newcomer.later(name="d")
    assert names(newcomer.get(TASKS + following)) == ["a"]


@pytest.mark.parametrize("cursor", ["", "1", "a-b", "-1--1", "1-" + "9" * 19, "9" * 19 + "-1"])
def test_ls_400_for_a_cursor_from_elsewhere(owner, cursor):
    assert is_refused(owner, f"?cursor={cursor}", "cursor")


# ls -l, ps -o


def test_ls_l_all_fields(owner):
    assert list(owner.get(f"{TASKS}?fields=all").json[0]) == WHOLE


def test_ls_l_says_the_same_as_ps(owner):
    listed = owner.get(f"{TASKS}?fields=all").json
    assert listed == [owner.task(task) for task in listed]


def test_ps_o_those_fields(owner):
    assert owner.get(f"{TASKS}?fields=id,name,progress&limit=1").json == [
        {"id": owner.tasks[4]["id"], "name": "t4", "progress": None}
    ]


@pytest.mark.parametrize("fields", ["pid", "id,owner", "", "all,pid", "id,,name", "password"])
def test_ps_o_400_for_an_unknown_field(owner, fields):
    assert is_refused(owner, f"?fields={fields}", "fields")


# ps | grep


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=killed", ["t4"]),
        ("status=pending,killed", ["t4", "t3", "t2", "t1", "t0"]),
        ("status=running,failed", []),
        ("program=talk", ["t3"]),
        ("program=sleep&status=killed", ["t4"]),
        ("q=t2", ["t2"]),
        ("q=T2", ["t2"]),
        ("q=something", ["t3"]),
        ("q=%25", []),
        ("created_after=2000-01-01T00:00:00Z", ["t4", "t3", "t2", "t1", "t0"]),
        ("created_before=2000-01-01T00:00:00Z", []),
        ("created_before=2100-01-01T00:00:00%2B01:00&q=t1", ["t1"]),
        ("ordering=created_at", ["t0", "t1", "t2", "t3", "t4"]),
        ("ordering=-created_at", ["t4", "t3", "t2", "t1", "t0"]),
    ],
)
def test_grep_finds(owner, query, found):
    assert names(owner.get(f"{TASKS}?{query}")) == found


@pytest.mark.parametrize(
    "query",
    [
        "status=done",
        "status=",
        "status=running,",
        "program=nonsense",
        "program=",
        "q=",
        f"q={'x' * 300}",
        "q=%00",
        "created_after=yesterday",
        "created_before=",
        "ordering=name",
        "ordering=-id",
        "page=2",
        "offset=5",
        "status=killed&status=failed",
    ],
)
def test_grep_400_for_a_value_or_parameter_that_is_unknown(owner, query):
    assert is_refused(owner, f"?{query}", query.partition("=")[0])


# killall


def test_killall_200_and_how_many(newcomer):
    for name in ("one", "two", "left"):
        newcomer.later(name=name, description=name)
    running = newcomer.running(name="other")
    answer = newcomer.delete(f"{TASKS}?status=running,pending&q=o")
    assert (answer.status, answer.json) == (200, {"detail": "3 tasks killed", "killed": 3})
    assert names(newcomer.get(f"{TASKS}?status=killed")) == ["other", "two", "one"]
    assert newcomer.task(running)["status"] == "killed"


def test_killall_of_one_and_of_none(newcomer):
    newcomer.later()
    assert newcomer.delete(f"{TASKS}?status=pending").json == {"detail": "1 task killed", "killed": 1}
    assert newcomer.delete(f"{TASKS}?status=pending").json == {"detail": "0 tasks killed", "killed": 0}


def test_killall_leaves_what_has_ended(newcomer):
    task = newcomer.ended()
    assert newcomer.delete(f"{TASKS}?status=completed").json["killed"] == 0
    assert newcomer.task(task) == task


def test_killall_400_without_a_filter(newcomer):
    task = newcomer.later()
    assert is_refused(newcomer, "", "detail", "DELETE")
    assert newcomer.task(task) == task


@pytest.mark.parametrize("query", ["limit=1", "cursor=1-1", "fields=all", "status=alive", "all=1"])
def test_killall_400_for_what_is_no_filter(owner, query):
    assert is_refused(owner, f"?{query}", query.partition("=")[0], "DELETE")


def test_killall_takes_the_filters_of_the_list(newcomer):
    newcomer.later(name="a", program="talk")
    newcomer.later(name="b")
    assert newcomer.delete(f"{TASKS}?program=talk&created_after=2000-01-01T00:00:00Z").json["killed"] == 1
    assert names(newcomer.get(f"{TASKS}?status=pending")) == ["b"]


def test_the_list_of_nobody_401(server):
    assert Client(server).get(TASKS).status == 401
