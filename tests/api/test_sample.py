"""An app with programs of its own (tests/sample), in a real server: the example of docs/programs.md works."""

import pytest
from django.contrib.auth.models import Permission

from tests.conftest import database_url, wait_for
from tests.server import served
from userapi.models import User

TASKS = "/taskapi/tasks/"
PERIOD = {"first": "2026-01-01", "last": "2026-01-04"}


@pytest.fixture
def server(transactional_db):
    with served(database_url(), DJANGO_SETTINGS_MODULE="tests.sample.settings", TASK_GRACE="1s") as server:
        yield server


@pytest.fixture
def call(server):
    """call(method, path, body=None) as Ada, who may run the program census."""
    token = server.log_in()
    User.objects.get().user_permissions.add(Permission.objects.get(codename="run_census"))
    return lambda method, path, body=None: server.call(method, path, body, token)


@pytest.fixture
def fork(call):
    def fork(program, **arguments):
        status, task = call("POST", TASKS, {"name": program, "program": program, "arguments": arguments})
        assert status == 201, task
        return task["id"]

    return fork


@pytest.fixture
def ended(call):
    def ended(pk):
        """The whole task, once it has ended and its program has stopped."""

        def task():
            task = call("GET", f"{TASKS}{pk}/")[1]
            return task if task["ended_at"] and task["reason"] != "terminating" else None

        return wait_for(task)

    return ended


def output(server, pk):
    """What it printed; read by another session of Ada's."""
    body = {"username": "ada", "password": "correct-horse-9"}
    token = server.call("POST", "/userapi/login/", body)[1]["token"]
    return server.raw("GET", f"{TASKS}{pk}/output/", token=token)[2].decode()


def test_its_programs_are_listed_with_those_that_are_open_to_all(call):
    programs = {program["name"]: program for program in call("GET", "/taskapi/programs/")[1]}
    assert list(programs) == ["census", "sleep", "word_count"]
    assert programs["word_count"]["summary"] == "Count the words of a text."
    least = {"default": 1, "description": "Leave out words rarer than this.", "minimum": 1}
    assert programs["word_count"]["arguments"]["properties"]["least"].items() >= least.items()
    assert programs["census"]["arguments"]["required"] == ["period"]


def test_a_plain_function_runs_to_its_result(fork, ended):
    task = ended(fork("word_count", text="to be or\nnot to be", least=2))
    assert (task["status"], task["result"], task["progress"]) == ("completed", {"to": 2, "be": 2}, 1)


def test_a_failure_that_it_understands(fork, ended):
    task = ended(fork("word_count", text=" "))
    assert (task["status"], task["reason"], task["exit_code"]) == ("failed", "exit", 1)
    assert task["error"] == "There is no word in it."


def test_an_async_function_prints_and_uses_the_orm(server, fork, ended):
    task = ended(fork("census", period=PERIOD))
    assert (task["status"], task["progress"], task["progress_text"]) == ("completed", 1, "up to 2026-01-04")
    assert task["result"] == dict.fromkeys(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"], 0)
    assert output(server, task["id"]).splitlines()[-1] == "Counted 4 days of 4"


def test_a_wrong_argument_is_refused_under_its_name(call):
    for program, arguments, errors in (
        ("word_count", {}, {"text": ["Field required."]}),
        ("word_count", {"text": "a", "most": 1}, {"most": ["word_count has no argument of this name."]}),
        ("word_count", {"text": "a", "least": 0}, {"least": ["Input should be greater than or equal to 1."]}),
        ("census", {"period": {"first": "2026-01-01"}}, {"period.last": ["Field required."]}),
        ("census", {"period": PERIOD | {"last": "2025-12-31"}}, {"period": ["It ends before it begins."]}),
    ):
        answer = call("POST", TASKS, {"name": "a", "program": program, "arguments": arguments})
        assert answer == (400, {"arguments": errors})


def test_without_its_permission_a_program_is_refused_and_not_listed(server):
    token = server.log_in("grace")
    body = {"name": "a", "program": "census", "arguments": {"period": PERIOD}}
    refusal = {"detail": "The program census needs the permission sample.run_census."}
    assert server.call("POST", TASKS, body, token) == (403, refusal)
    names = [program["name"] for program in server.call("GET", "/taskapi/programs/", token=token)[1]]
    assert names == ["sleep", "word_count"]


def test_a_killed_program_cleans_up(server, call, fork, ended):
    pk = fork("census", period=PERIOD, pause=60)
    wait_for(lambda: call("GET", f"{TASKS}{pk}/")[1]["progress"] == 0.25)
    call("DELETE", f"{TASKS}{pk}/")
    task = ended(pk)
    assert (task["status"], task["reason"], task["result"]) == ("killed", "", None)
    assert output(server, pk) == "2026-01-01 0\nCounted 1 days of 4\n"
