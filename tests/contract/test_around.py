"""The contract, "Around them": programs, the figures and the stream of events."""

import json

import pytest

from tests.conftest import wait_for
from tests.contract.conftest import TASKS

EVENTS = "/taskapi/events/"


def lines(stream):
    """The lines of the next server-sent event or comment."""
    found = []
    while line := stream.readline().decode().rstrip("\n"):
        found.append(line)
    return found


def next_event(stream):
    """The next server-sent event as a dict of its fields."""
    while True:
        fields = dict(line.split(": ", 1) for line in lines(stream) if not line.startswith(":"))
        if "event" in fields:
            return fields


def next_moves(stream, count):
    """(id of the event, id of the task, status) of the next so many moves."""
    moves = []
    while len(moves) < count:
        event = next_event(stream)
        if "id" in event:
            task = json.loads(event["data"])
            moves.append((event["id"], task["id"], task["status"]))
    return moves


@pytest.fixture(scope="module")
def quiet(log_in):
    """The stream of a user to whom nothing happens, begun with the first of these tests."""
    with log_in("quiet").open(EVENTS) as stream:
        yield stream


@pytest.fixture(scope="module")
def logged_out(log_in):
    """The stream of a user who has logged out since, with the first of these tests."""
    user = log_in("gone")
    with user.open(EVENTS) as stream:
        user.post("/userapi/logoutall/")
        yield stream


@pytest.fixture(autouse=True)
def _begin(quiet, logged_out):
    pass


# programs


def test_programs_200_name_summary_and_schema_of_the_arguments(ada):
    answer = ada.get("/taskapi/programs/")
    assert answer.status == 200
    assert {tuple(program) for program in answer.json} == {("name", "summary", "arguments")}
    [sleep] = [program for program in answer.json if program["name"] == "sleep"]
    assert sleep["arguments"]["properties"]["seconds"]["type"] == "number"


def test_programs_only_those_that_this_user_may_run(ada):
    names = [program["name"] for program in ada.get("/taskapi/programs/").json]
    assert "sleep" in names
    assert not {"command", "fetch"}.intersection(names)


# stats


def test_stats_200_with_the_workers(ada):
    answer = ada.get("/taskapi/stats/")
    assert answer.status == 200
    [worker] = answer.json["workers"]
    assert (worker["state"], worker["slots"]) == ("alive", answer.json["slots"])
    assert worker["name"].startswith(f"{worker['host']}:")


def test_stats_how_busy_a_worker_is_but_not_with_what(ada, grace):
    task = ada.running(name="a secret")
    wait_for(lambda: grace.get("/taskapi/stats/").json["workers"][0]["busy"])
    answer = grace.get("/taskapi/stats/")
    assert (answer.json["status"]["running"], b"secret" in answer.body) == (0, False)
    ada.delete(f"{TASKS}{task['id']}/")


def test_stats_400_for_an_unknown_parameter(ada):
    answer = ada.get("/taskapi/stats/?workers=1")
    assert (answer.status, list(answer.json)) == (400, ["workers"])


def test_stats_401_without_a_token(anonymous):
    assert anonymous.get("/taskapi/stats/").status == 401


# events


def test_events_200_text_event_stream(ada):
    with ada.open(EVENTS) as stream:
        assert (stream.status, stream.headers["Content-Type"]) == (200, "text/event-stream")
        assert stream.headers["Cache-Control"] == "no-cache"


def test_events_event_task_with_an_id_and_one_line_of_json(newcomer):
    with newcomer.open(EVENTS) as stream:
        next_event(stream)
        task = newcomer.later(name="two\nlines")
        name, number, data = lines(stream)
    assert name == "event: task"
    assert number.removeprefix("id: ").isdigit()
    assert json.loads(data.removeprefix("data: "))["id"] == task["id"]


def test_events_tell_every_move(newcomer):
    with newcomer.open(EVENTS) as stream:
        next_event(stream)
        task = newcomer.fork(arguments={"seconds": 0})
        moves = [move[1:] for move in next_moves(stream, 3)]
    assert moves == [(task["id"], "pending"), (task["id"], "running"), (task["id"], "completed")]


def test_events_tell_progress_without_an_id(ada):
    with ada.open(EVENTS) as stream:
        next_event(stream)
        task = ada.fork(arguments={"seconds": 60})
        while "id" in (event := next_event(stream)):
            pass
    assert json.loads(event["data"]).keys() == {"id", "progress", "progress_text"}
    ada.delete(f"{TASKS}{task['id']}/")


def test_events_are_of_the_users_own_tasks(ada, newcomer):
    with newcomer.open(EVENTS) as stream:
        next_event(stream)
        ada.later()
        task = newcomer.later()
        assert [move[1] for move in next_moves(stream, 1)] == [task["id"]]


def test_events_are_resumed_by_last_event_id(newcomer):
    with newcomer.open(EVENTS) as stream:
        next_event(stream)
        task = newcomer.later()
        [(seen, *_)] = next_moves(stream, 1)
    newcomer.delete(f"{TASKS}{task['id']}/")
    with newcomer.open(EVENTS, Last_Event_ID=seen) as stream:
        assert [move[1:] for move in next_moves(stream, 1)] == [(task["id"], "killed")]


def test_events_after_an_id_that_is_not_known_begin_with_a_reset(ada):
    with ada.open(EVENTS, Last_Event_ID=str(10**15)) as stream:
        assert next_event(stream)["event"] == "reset"


@pytest.mark.parametrize("last", ["x", "-1", "1.5", str(2**63)])
def test_events_400_for_a_last_event_id_that_is_no_number(ada, last):
    answer = ada.get(EVENTS, Last_Event_ID=last)
    assert (answer.status, list(answer.json)) == (400, ["Last-Event-ID"])


def test_events_400_for_an_unknown_parameter(ada):
    answer = ada.get(f"{EVENTS}?since=5")
    assert (answer.status, list(answer.json)) == (400, ["since"])


def test_events_a_comment_every_15_seconds(quiet):
    next_event(quiet)
    assert lines(quiet) == [": still here"]


def test_events_end_with_the_token(logged_out):
    next_event(logged_out)
    assert logged_out.read() == b""
