"""X-Request-ID: taken or made, answered, and kept with the moves that the request causes."""

import re

import pytest
from django.db import connection
from django.utils import timezone

from taskapi.models import Task, TaskEvent
from taskmanager import request_id

TASKS = "/taskapi/tasks/"
MADE = r"[0-9a-f]{32}"


def call(client, method, path, known_as, body=None):
    return getattr(client, method)(path, body, headers={"X-Request-ID": known_as})


def moves_of(task_id):
    return list(TaskEvent.objects.filter(task=task_id).values_list("status", "reason", "request_id"))


def test_the_clients_own_is_answered(client):
    answer = call(client, "get", TASKS, "build-42.a_B")
    assert answer["X-Request-ID"] == "build-42.a_B"


def test_without_one_it_is_made(client):
    first, second = (client.get(TASKS)["X-Request-ID"] for _ in range(2))
    assert re.fullmatch(MADE, first)
    assert first != second


@pytest.mark.parametrize("bad", ["", "a b", "a\tb", "ünder", "a/b", "a,b", "<b>", "x" * 129, "٣", "a\nb", "%0a"])
def test_a_bad_one_is_replaced(client, bad):
    assert re.fullmatch(MADE, call(client, "get", TASKS, bad)["X-Request-ID"])


def test_the_longest_one_is_taken_and_kept(client):
    longest = "x" * 128
    task = call(client, "post", TASKS, longest, {"name": "a"}).json()["id"]
    assert moves_of(task) == [("pending", "", longest)]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/healthz", 200), ("/nothing/", 404), ("/taskapi/tasks/0/", 404), ("/taskapi/tasks/?x=1", 400)],
)
def test_every_answer_has_it(client, path, status):
    answer = call(client, "get", path, "r1")
    assert (answer.status_code, answer["X-Request-ID"]) == (status, "r1")


def test_so_have_a_refusal_and_a_preflight(anonymous):
    assert call(anonymous, "get", TASKS, "r1")["X-Request-ID"] == "r1"
    preflight = {"Origin": "null", "Access-Control-Request-Method": "GET", "X-Request-ID": "r2"}
    answer = anonymous.options(TASKS, headers=preflight)
    assert (answer["X-Request-ID"], "x-request-id" in answer["Access-Control-Allow-Headers"]) == ("r2", True)


def test_a_wrong_host_has_it(client):
    answer = client.get(TASKS, headers={"Host": "evil.example", "X-Request-ID": "r1"})
    assert (answer.status_code, answer["X-Request-ID"]) == (400, "r1")


def test_history_tells_by_which_request_a_task_was_moved(client, running):
    task = running()
    call(client, "post", f"{TASKS}{task.pk}/signal/", "hold", {"signal": "STOP"})
    call(client, "post", f"{TASKS}{task.pk}/signal/", "go", {"signal": "CONT"})
    call(client, "delete", f"{TASKS}{task.pk}/", "end")
    moves = client.get(f"{TASKS}{task.pk}/events/").json()
    assert [(move["by"], move["request_id"]) for move in moves] == [
        ("ada", ""),  # forked by no request
        (None, ""),
        ("ada", "hold"),
        ("ada", "go"),
        ("ada", "end"),
    ]


def test_an_array_a_killall_and_a_restart_leave_it(client):
    tasks = call(client, "post", TASKS, "many", [{"name": "a"}, {"name": "b"}]).json()
    call(client, "delete", f"{TASKS}?status=pending", "all")
    again = call(client, "post", f"{TASKS}{tasks[0]['id']}/restart/", "again").json()
    for task in tasks:
        assert moves_of(task["id"]) == [("pending", "", "many"), ("killed", "", "all")]
    assert moves_of(again["id"]) == [("pending", "", "again")]


def test_what_the_system_moves_meanwhile_is_nobodys_request(fork, worker):
    fork()
    token = request_id.current.set("r1")
    [claim] = Task.objects.claim(worker, 1)
    request_id.current.reset(token)
    assert moves_of(claim.pk)[-1] == ("running", "", "")


def test_after_the_request_it_is_forgotten(client, fork, user):
    call(client, "get", TASKS, "r1")
    assert moves_of(fork().pk) == [("pending", "", "")]


def test_a_process_that_does_not_know_the_column_goes_on(fork, user):

    task, at = fork(), connection.ops.adapt_datetimefield_value(timezone.now())
    columns = f"(task_id, status, reason, by_id, {connection.ops.quote_name('at')})"
    with connection.cursor() as cursor:
        insert = f"INSERT INTO taskapi_taskevent {columns} VALUES (%s, 'killed', '', %s, %s)"
        cursor.execute(insert, [task.pk, user.pk, at])
    assert moves_of(task.pk)[-1] == ("killed", "", "")


def test_a_real_server_answers_it_also_to_what_it_refuses_itself(server):
    for path, status in [("/healthz", 200), ("/nothing/", 404)]:
        answered, headers, _ = server.raw("GET", path, **{"X-Request-ID": "r1"})
        assert (answered, headers["X-Request-ID"]) == (status, "r1")
    answered, headers, _ = server.raw("GET", "/", **{"X-Request-ID": "r2", "X-Large": "x" * 70_000})
    assert answered == 431
    assert re.fullmatch(f"r2|{MADE}", headers["X-Request-ID"])
