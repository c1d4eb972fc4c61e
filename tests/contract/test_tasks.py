"""The contract, "Tasks": ps, wait, kill, signals, renice, tail -f, rerun, history."""

import time

import pytest

from taskapi.answers import WHOLE
from tests.conftest import wait_for
from tests.contract.conftest import TASKS, Client

ENVIRONMENT = {"TASK_OPEN_PROGRAMS": "command"}


def place(task, rest=""):
    return f"{TASKS}{task['id']}/{rest}"


@pytest.fixture(scope="module")
def completed(ada):
    return ada.ended(name="done")


# ps -p


def test_ps_200_the_whole_task_with_an_etag(ada, completed):
    answer = ada.get(place(completed))
    assert (answer.status, list(answer.json)) == (200, WHOLE)
    assert answer.headers["ETag"].startswith('"')


def test_ps_404(ada):
    assert ada.get(f"{TASKS}999999999/").status == 404


def test_etag_304_until_the_task_changes(ada):
    task = ada.later()
    tag = ada.get(place(task)).headers["ETag"]
    same = ada.get(place(task), If_None_Match=tag)
    assert (same.status, same.body, same.headers["ETag"]) == (304, b"", tag)
    ada.patch(place(task), {"name": "other"})
    changed = ada.get(place(task), If_None_Match=tag)
    assert (changed.status, changed.headers["ETag"] != tag) == (200, True)


# wait


def test_wait_answers_as_soon_as_the_task_has_ended(ada):
    task, before = ada.fork(arguments={"seconds": 0.5}), time.monotonic()
    answer = ada.get(place(task, "?wait=30"))
    assert (answer.status, answer.json["status"]) == (200, "completed")
    assert time.monotonic() - before < 20


def test_wait_answers_with_the_task_as_it_is_when_the_time_is_over(ada):
    task, before = ada.running(), time.monotonic()
    assert ada.get(place(task, "?wait=1")).json["status"] == "running"
    assert time.monotonic() - before >= 1


def test_wait_for_a_task_that_has_ended_answers_at_once(ada, completed):
    before = time.monotonic()
    assert ada.get(place(completed, "?wait=60")).json == completed
    assert time.monotonic() - before < 20


@pytest.mark.parametrize("seconds", ["61", "-1", "1.5", "long", ""])
def test_wait_400_for_more_than_60_and_for_no_number(ada, completed, seconds):
    answer = ada.get(place(completed, f"?wait={seconds}"))
    assert (answer.status, list(answer.json)) == (400, ["wait"])


# kill


@pytest.mark.parametrize("state", [Client.later, Client.running])
def test_kill_200_and_the_task_is_killed_when_this_is_answered(ada, state):
    task = state(ada)
    answer = ada.delete(place(task))
    assert (answer.status, answer.json) == (200, {"detail": f"Task {task['id']} killed"})
    assert ada.task(task)["status"] == "killed"


def test_kill_409_when_it_has_ended(ada, completed):
    answer = ada.delete(place(completed))
    assert (answer.status, answer.json) == (409, {"detail": f"Task {completed['id']} is already completed"})


def test_kill_409_when_it_is_killed_already(ada):
    task = ada.later()
    ada.delete(place(task))
    assert ada.delete(place(task)).json == {"detail": f"Task {task['id']} is already killed"}


def test_kill_404(ada):
    assert ada.delete(f"{TASKS}999999999/").status == 404


# kill -STOP


@pytest.mark.parametrize("signal", ["TERM", "KILL", "INT", "SIGTERM", "SIGKILL", "SIGINT", "sigterm"])
def test_signal_200_the_task_killed(ada, signal):
    task = ada.running()
    answer = ada.post(place(task, "signal/"), {"signal": signal})
    assert (answer.status, list(answer.json), answer.json["status"]) == (200, WHOLE, "killed")


@pytest.mark.parametrize("prefix", ["", "SIG"])
def test_signal_stop_and_cont_200_the_task(ada, prefix):
    task = ada.running()
    for signal, reason in (("STOP", "stopped"), ("STOP", "stopped"), ("CONT", ""), ("CONT", "")):
        answer = ada.post(place(task, "signal/"), {"signal": prefix + signal})
        assert (answer.status, answer.json["status"], answer.json["reason"]) == (200, "running", reason)


def test_signal_stop_holds_the_program_until_cont(ada):
    task = ada.running(program="talk", arguments={"text": "x", "times": 5, "pause": 0.1})
    ada.post(place(task, "signal/"), {"signal": "STOP"})
    assert ada.get(place(task, "?wait=1")).json["status"] == "running"
    ada.post(place(task, "signal/"), {"signal": "CONT"})
    assert ada.get(place(task, "?wait=30")).json["status"] == "completed"


@pytest.mark.parametrize("body", [{"signal": "HUP"}, {"signal": ""}, {"signal": 9}, {}])
def test_signal_400_for_an_unknown_one(ada, body):
    answer = ada.post(place(ada.later(), "signal/"), body)
    assert (answer.status, list(answer.json)) == (400, ["signal"])


@pytest.mark.parametrize("signal", ["TERM", "KILL", "INT", "STOP", "CONT"])
def test_signal_409_when_it_has_ended(ada, completed, signal):
    answer = ada.post(place(completed, "signal/"), {"signal": signal})
    assert (answer.status, answer.json) == (409, {"detail": f"Task {completed['id']} is already completed"})


@pytest.mark.parametrize("signal", ["STOP", "CONT"])
def test_signal_409_for_what_does_not_run_yet(ada, signal):
    assert ada.post(place(ada.later(), "signal/"), {"signal": signal}).status == 409


# renice


def test_renice_200_the_task(ada):
    answer = ada.patch(place(ada.later()), {"nice": 19, "name": "nicer", "description": "than before"})
    assert (answer.status, list(answer.json)) == (200, WHOLE)
    assert [answer.json[name] for name in ("nice", "name", "description")] == [19, "nicer", "than before"]


@pytest.mark.parametrize("nice", [20, -21, 1.5, "5", None])
def test_renice_400_outside_its_range(ada, nice):
    answer = ada.patch(place(ada.later()), {"nice": nice})
    assert (answer.status, list(answer.json)) == (400, ["nice"])


def test_renice_403_below_0_without_the_permission(ada):
    answer = ada.patch(place(ada.later()), {"nice": -1})
    assert (answer.status, "taskapi.negative_nice" in answer.json["detail"]) == (403, True)


@pytest.mark.parametrize("field", ["status", "program", "arguments", "run_at", "timeout", "id", "colour"])
def test_renice_400_for_other_fields(ada, field):
    answer = ada.patch(place(ada.later()), {field: 1})
    assert (answer.status, list(answer.json)) == (400, [field])


# tail -f


@pytest.fixture(scope="module")
def spoken(ada):
    """A task that has printed ten bytes: two words in Greek."""
    return ada.ended(program="talk", arguments={"text": "αβ γδ\n"})


def test_output_200_text_and_x_next_offset(ada, spoken):
    answer = ada.get(place(spoken, "output/"))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert (answer.body.decode(), answer.headers["X-Next-Offset"]) == ("αβ γδ\n", "10")


@pytest.mark.parametrize(("offset", "rest"), [(0, "αβ γδ\n"), (5, "γδ\n"), (10, ""), (2**62, "")])
def test_output_offsets_are_bytes(ada, spoken, offset, rest):
    answer = ada.get(place(spoken, f"output/?offset={offset}"))
    assert answer.body.decode() == rest
    assert int(answer.headers["X-Next-Offset"]) == offset + len(rest.encode())


@pytest.mark.parametrize("query", ["offset=-1", "offset=x", "offset=", f"offset={2**63}", "follow=yes", "tail=5"])
def test_output_400_for_a_wrong_parameter(ada, spoken, query):
    answer = ada.get(place(spoken, f"output/?{query}"))
    assert (answer.status, list(answer.json)) == (400, [query.partition("=")[0]])


def test_output_has_invalid_utf_8_and_nul_replaced(ada):
    task = ada.ended(program="command", arguments={"argv": r"printf 'a\377b\000c'", "shell": True})
    assert ada.get(place(task, "output/")).body.decode() == "a\ufffdb\ufffdc"


def test_follow_200_x_offset_and_the_rest(ada, spoken):
    with ada.open(place(spoken, "output/?follow=1&offset=5")) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
        assert (answer.headers["X-Offset"], answer.headers["X-Next-Offset"]) == ("5", None)
        assert answer.read().decode() == "γδ\n"


def test_follow_gives_output_as_it_comes_and_ends_with_the_task(ada):
    task = ada.fork(program="talk", arguments={"text": "x\n", "times": 3, "pause": 0.5})
    with ada.open(place(task, "output/?follow=1")) as answer:
        assert answer.readline() == b"x\n"
        assert ada.task(task)["status"] == "running"
        assert answer.read() == b"x\nx\n"


def test_follow_of_a_killed_task_ends_when_nothing_of_it_is_left_running(ada):
    task = ada.fork(program="linger")
    with ada.open(place(task, "output/?follow=1")) as answer:
        assert answer.readline() == b"here\n"
        ada.delete(place(task))
        assert answer.read() == b"gone\n"
    assert ada.task(task)["reason"] == ""


# rerun


def test_restart_201_a_new_task_like_it(ada):
    like = {"name": "again", "description": "and again", "nice": 3, "timeout": 7, "max_attempts": 2}
    task = ada.ended(**like)
    answer = ada.post(place(task, "restart/"))
    assert (answer.status, answer.json["restarted_from"], answer.json["status"]) == (201, task["id"], "pending")
    assert answer.headers["Location"].endswith(place(answer.json))
    assert {name: answer.json[name] for name in like} == like
    assert answer.json["arguments"] == task["arguments"]


def test_restart_with_an_idempotency_key_200_and_the_first_one(ada, completed):
    first, again = (ada.post(place(completed, "restart/"), Idempotency_Key="restart") for _ in range(2))
    assert (first.status, again.status, again.json["id"]) == (201, 200, first.json["id"])


# history


def test_history_200_every_move_oldest_first(ada):
    task = ada.running()
    ada.delete(place(task))
    moves = ada.get(place(task, "events/")).json
    assert [list(move) for move in moves] == [["id", "status", "reason", "by", "at", "request_id"]] * 3
    assert [(move["status"], move["by"]) for move in moves] == [
        ("pending", "ada"),
        ("running", None),
        ("killed", "ada"),
    ]
    assert [move["at"] for move in moves] == sorted(move["at"] for move in moves)


def test_history_of_stop_and_cont(ada):
    task = ada.running()
    for signal in ("STOP", "CONT"):
        ada.post(place(task, "signal/"), {"signal": signal})
    moves = ada.get(place(task, "events/")).json
    assert [(move["status"], move["reason"], move["by"]) for move in moves[2:]] == [
        ("running", "stopped", "ada"),
        ("running", "", "ada"),
    ]


# the whole task


def test_result_is_json(ada):
    assert ada.ended(program="answer", arguments={"size": 3})["result"] == {"text": "xxx"}


def test_progress_is_from_0_to_1(ada, completed):
    task = ada.fork(arguments={"seconds": 60})
    progress = wait_for(lambda: ada.task(task)["progress"])
    assert 0 < progress < completed["progress"] == 1


def test_progress_is_null_where_none_is_known(ada):
    assert ada.ended(program="answer", arguments={})["progress"] is None


def test_error_is_a_line_for_people(ada):
    task = ada.ended(program="fail", arguments={})
    assert (task["status"], task["error"], task["exit_code"]) == ("failed", "ValueError: no, not so", None)


def test_exit_code(ada):
    task = ada.ended(program="leave", arguments={"code": 4})
    assert (task["reason"], task["exit_code"], task["error"]) == ("exit", 4, "It had enough.")


def test_worker_and_attempt_and_started_at(ada, completed):
    assert (completed["worker"] is None, completed["attempt"], completed["started_at"] is None) == (False, 1, False)
