"""Programs: which a user may run, with what arguments, and how many tasks at once."""

import pytest
from django.contrib.auth.models import Permission

from taskapi.models import Move, Task
from taskapi.programs import programs
from userapi.models import User

PROGRAMS = "/taskapi/programs/"
TASKS = "/taskapi/tasks/"
COMMAND = {"name": "a", "program": "command", "arguments": {"argv": ["true"]}}
FETCH = {"name": "a", "program": "fetch", "arguments": {"url": "https://example.com"}}


def names(client):
    return [program["name"] for program in client.get(PROGRAMS).json()]


def allow(user, codename):
    user.user_permissions.add(Permission.objects.get(codename=codename))


def test_a_program_is_shown_with_its_arguments(client):
    [sleep] = client.get(PROGRAMS).json()
    assert list(sleep) == ["name", "summary", "arguments"]
    assert (sleep["name"], sleep["summary"]) == ("sleep", "Do nothing for a while (sleep(1)).")
    assert sleep["arguments"] == programs["sleep"].schema
    assert sleep["arguments"]["properties"]["seconds"]["maximum"] == 86_400


def test_a_user_sees_what_he_may_run(client, user, settings):
    assert names(client) == ["sleep"]
    allow(user, "run_fetch")
    assert names(client) == ["fetch", "sleep"]
    settings.TASK_OPEN_PROGRAMS = ["command"]
    assert names(client) == ["command", "fetch", "sleep"]


def test_a_superuser_sees_all(client, user):
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    assert names(client) == ["command", "fetch", "sleep"]


def test_the_list_needs_a_token_and_is_read_only(anonymous, client):
    assert anonymous.get(PROGRAMS).status_code == 401
    assert client.post(PROGRAMS, {}).status_code == 405


@pytest.mark.parametrize(("body", "permission"), [(COMMAND, "run_command"), (FETCH, "run_fetch")])
def test_a_program_that_needs_a_permission(client, user, body, permission):
    answer = client.post(TASKS, body)
    assert answer.status_code == 403
    assert answer.json() == {"detail": f"The program {body['program']} needs the permission taskapi.{permission}."}
    assert Task.objects.count() == 0
    allow(user, permission)
    assert client.post(TASKS, body).status_code == 201


def test_the_permission_for_one_program_is_none_for_another(client, user):
    allow(user, "run_fetch")
    assert client.post(TASKS, COMMAND).status_code == 403


def test_of_an_array_with_a_forbidden_program_nothing_is_stored(client):
    assert client.post(TASKS, [{"name": "a"}, COMMAND]).status_code == 403
    assert Task.objects.count() == 0


def test_a_superuser_may_run_everything(client, user):
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    assert client.post(TASKS, [COMMAND, FETCH]).status_code == 201


def test_an_open_program_may_be_run_by_everybody(client, settings):
    settings.TASK_OPEN_PROGRAMS = ["command"]
    assert client.post(TASKS, COMMAND).status_code == 201
    assert client.post(TASKS, FETCH).status_code == 403


@pytest.fixture
def refusal(client, settings):
    """refusal(program, arguments) is what the answer says about each argument."""
    settings.TASK_OPEN_PROGRAMS = ["command", "fetch"]

    def refusal(program, arguments):
        answer = client.post(TASKS, {"name": "a", "program": program, "arguments": arguments})
        assert (answer.status_code, list(answer.json())) == (400, ["arguments"])
        assert Task.objects.count() == 0
        return answer.json()["arguments"]

    return refusal


def test_the_arguments_of_a_command_are_complete_in_its_task(client, settings):
    settings.TASK_OPEN_PROGRAMS = ["command"]
    arguments = client.post(TASKS, COMMAND | {"arguments": {"argv": "ls | wc", "shell": True}}).json()["arguments"]
    assert list(arguments) == ["argv", "shell", "stdin", "env", "cwd", "limits"]
    assert (arguments["argv"], arguments["env"], arguments["cwd"]) == ("ls | wc", {}, "")
    assert set(arguments["limits"].values()) == {None}  # the operator's, whatever they are when it runs


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"argv": "ls"}, "argv"),
        ({"shell": True}, "argv"),
        ({"argv": []}, "argv"),
        ({"argv": "", "shell": True}, "argv"),
        ({"argv": [""]}, "argv"),
        ({"argv": ["", "a"]}, "argv"),
        ({"argv": 7}, "argv"),
        ({"argv": None}, "argv"),
        ({"argv": {"0": "ls"}}, "argv"),
        ({"shell": 1}, "shell"),
        ({"shell": "true"}, "shell"),
        ({"stdin": None}, "stdin"),
        ({"stdin": ["a"]}, "stdin"),
        ({"cwd": "/"}, "cwd"),
        ({"cwd": "/tmp/x"}, "cwd"),
        ({"cwd": ".."}, "cwd"),
        ({"cwd": "a/../../b"}, "cwd"),
        ({"cwd": 1}, "cwd"),
        ({"env": {"": "x"}}, "env."),
        ({"env": {"1A": "x"}}, "env.1A"),
        ({"env": {"A=B": "x"}}, "env.A=B"),
        ({"env": {"A-B": "x"}}, "env.A-B"),
        ({"env": {"A\n": "x"}}, "env.A\n"),
        ({"env": {"A": 1}}, "env.A"),
        ({"env": ["A=1"]}, "env"),
        ({"limits": {"cpu_seconds": 3_601}}, "limits.cpu_seconds"),
        ({"limits": {"cpu_seconds": 0}}, "limits.cpu_seconds"),
        ({"limits": {"cpu_seconds": 1.5}}, "limits.cpu_seconds"),
        ({"limits": {"cpu_seconds": "1"}}, "limits.cpu_seconds"),
        ({"limits": {"memory_bytes": 4 * 2**30 + 1}}, "limits.memory_bytes"),
        ({"limits": {"memory_bytes": 1_000}}, "limits.memory_bytes"),
        ({"limits": {"file_size_bytes": 2**30 + 1}}, "limits.file_size_bytes"),
        ({"limits": {"open_files": 1_025}}, "limits.open_files"),
        ({"limits": {"open_files": 7}}, "limits.open_files"),
        ({"limits": {"processes": 257}}, "limits.processes"),
        ({"limits": {"threads": 1}}, "limits.threads"),
        ({"limits": None}, "limits"),
        ({"uid": 0}, "uid"),
    ],
    ids=repr,
)
def test_a_wrong_argument_of_a_command_is_refused_under_its_name(refusal, wrong, place):
    messages = refusal("command", {"argv": ["ls"]} | wrong)
    assert list(messages) == [place]
    assert all(message.endswith(".") for message in messages[place])


def test_a_command_needs_its_argv(refusal):
    assert refusal("command", {}) == {"argv": ["Field required."]}


def test_an_item_of_argv_is_refused_by_its_number(refusal):
    assert "argv.1" in refusal("command", {"argv": ["sleep", 5]})


def test_all_wrong_arguments_are_said_at_once(refusal):
    assert refusal("command", {"shell": 1, "cwd": 2, "limits": {"x": 3}}).keys() == {"argv", "shell", "cwd", "limits.x"}


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"url": "ftp://example.com"}, "url"),
        ({"url": "example.com"}, "url"),
        ({"url": 7}, "url"),
        ({"method": "get"}, "method"),
        ({"headers": {"Host": "x"}}, "headers"),
        ({"headers": {"X": 1}}, "headers.X"),
        ({"body": None}, "body"),
        ({"expected_status": []}, "expected_status"),
        ({"expected_status": [200, 99]}, "expected_status.1"),
        ({"time_limit": 601}, "time_limit"),
        ({"verify": False}, "verify"),
    ],
    ids=repr,
)
def test_a_wrong_argument_of_a_fetch_is_refused_under_its_name(refusal, wrong, place):
    assert list(refusal("fetch", FETCH["arguments"] | wrong)) == [place]


def test_a_wrong_argument_is_found_before_a_missing_permission(client):
    assert client.post(TASKS, COMMAND | {"arguments": {}}).status_code == 400


def test_who_has_too_many_active_tasks_waits(client, settings, fork):
    settings.TASK_USER_ACTIVE = 2
    fork()
    fork()
    answer = client.post(TASKS, {"name": "a"})
    assert (answer.status_code, answer["Retry-After"]) == (429, "10")
    text = "You have 2 active tasks, and the limit is 2. Wait until some have ended, or kill some."
    assert answer.json() == {"detail": text}
    assert Task.objects.count() == 2


def test_an_array_that_would_be_too_many_stores_nothing(client, settings, fork):
    settings.TASK_USER_ACTIVE = 3
    fork()
    assert client.post(TASKS, [{"name": "a"}] * 3).status_code == 429
    assert Task.objects.count() == 1
    assert client.post(TASKS, [{"name": "a"}] * 2).status_code == 201


def test_tasks_that_have_ended_do_not_count(client, settings, running, worker, fork):
    settings.TASK_USER_ACTIVE = 1
    Task.objects.record(worker, [Move.completion(running())])
    fork().kill()
    assert client.post(TASKS, {"name": "a"}).status_code == 201


def test_those_of_others_do_not_count_either(client, settings, fork, other):
    settings.TASK_USER_ACTIVE = 1
    fork(owner=other)
    assert client.post(TASKS, {"name": "a"}).status_code == 201


def test_a_limit_of_0_is_none(client, settings, fork):
    settings.TASK_USER_ACTIVE = 0
    fork()
    assert client.post(TASKS, {"name": "a"}).status_code == 201
