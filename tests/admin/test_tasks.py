"""Tasks in the admin: the list, one of them, kill and restart."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taskapi.admin.found import found
from taskapi.models import Status, Task, TaskOutput
from taskmanager.admin import lists
from tests.admin.conftest import act
from tests.conftest import status_of

LIST = "/admin/taskapi/task/"
HOSTILE = [
    "?status=nothing",
    "?status=%00",
    "?program=%00",
    "?q=%00",
    "?q=%F0%9F",
    f"?q={'9' * 400}",
    f"?q={'x' * 5_000}",
    "?p=99999999999999999999",
    "?p=-1",
    "?o=9.-9.x",
    "?all=",
    "?_facets=True",
    "?e=1",
    "99999999999999999999/change/",
    "x%00/change/",
]


@pytest.fixture
def few(monkeypatch):
    """The list looks at the newest three."""
    monkeypatch.setattr(lists, "WINDOW", 3)


def names(answer):
    return [task.name for task in answer.context["cl"].result_list]


def test_everybodys_tasks_are_listed_the_newest_first(site, fork, other):
    fork(name="first")
    fork(other, name="second")
    assert names(site.get(LIST)) == ["second", "first"]


def test_they_are_filtered_by_status_and_program(site, fork, running):
    running(name="runs")
    fork(name="waits")
    assert names(site.get(LIST, {"status": "running"})) == ["runs"]
    assert names(site.get(LIST, {"status": "pending", "program": "sleep"})) == ["waits"]
    assert names(site.get(LIST, {"program": "command"})) == []


def test_a_number_finds_the_task_of_that_id(site, fork):
    task = fork(name="this")
    fork(name=f"not {task.pk}")
    assert names(site.get(LIST, {"q": f" {task.pk} "})) == ["this"]


def test_a_name_of_a_user_finds_this_users_tasks(site, fork, other):
    fork(name="ada's")
    fork(other, name="ada")
    assert names(site.get(LIST, {"q": "Ada"})) == ["ada's"]
    assert names(site.get(LIST, {"q": "grace", "status": "completed"})) == []


def test_other_text_is_looked_for_in_the_names(site, fork):
    fork(name="Night report")
    fork(name="nightly")
    fork(name="day")
    assert names(site.get(LIST, {"q": "NIGHT"})) == ["nightly", "Night report"]


def test_of_many_tasks_the_newest_are_looked_at(few, fork):
    tasks = [fork(name=f"number {number}") for number in range(5)]
    assert list(found(Task.objects.all())) == tasks[:1:-1]
    assert list(found(Task.objects.all(), text="number 1")) == []
    assert list(found(Task.objects.all(), text="ada")) == tasks[:1:-1]


def test_but_of_those_that_run_all_are_found(few, running, fork):
    task = running()
    for _ in range(5):
        fork()
    assert list(found(Task.objects.all(), status=Status.RUNNING)) == [task]


def test_waiting_tasks_are_in_the_order_of_the_queue(fork):
    last, first = fork(nice=5), fork()
    assert list(found(Task.objects.all(), status=Status.PENDING)) == [first, last]


def test_the_list_counts_no_further_than_it_goes(few, site, fork):
    for _ in range(5):
        fork()
    assert site.get(LIST, {"status": "pending"}).context["cl"].result_count == 3


def test_a_list_takes_the_same_few_queries_however_long_it_is(site, fork, running):
    running()
    with CaptureQueriesContext(connection) as few:
        site.get(LIST)
    for _ in range(20):
        fork()
    with CaptureQueriesContext(connection) as many:
        site.get(LIST)
    assert len(few) == len(many) <= 8


def test_what_can_be_large_is_not_read_for_the_list(site, fork):
    fork()
    with CaptureQueriesContext(connection) as queries:
        site.get(LIST)
    assert not any('"result"' in query["sql"] or "`result`" in query["sql"] for query in queries)


@pytest.mark.parametrize("address", HOSTILE)
def test_whatever_the_address_says_is_answered(site, fork, address):
    fork()
    assert site.get(LIST + address).status_code in (200, 302)


@pytest.mark.parametrize(
    "lookup", ["description__contains=x", "owner__password=x", "arguments__a=1", "_to_field=error"]
)
def test_other_lookups_than_those_of_the_filters_are_refused(site, lookup):
    assert site.get(f"{LIST}?{lookup}").status_code == 400


def test_a_task_is_shown_with_all_that_is_known_of_it(site, running, root):
    task = running(arguments={"seconds": 12.5})
    TaskOutput.objects.create(task=task, offset=0, data=b"half <b>done</b>\n")
    task.kill(by=root)
    page = site.get(f"{LIST}{task.pk}/change/").content.decode()
    assert "12.5" in page
    assert "half &lt;b&gt;done&lt;/b&gt;" in page
    assert "killed terminating by root" in page


def test_a_task_shows_whom_it_tells_and_a_delivery_whose_end(site, fork):
    told = fork(notify_url="https://example.com/hook")
    told.kill()
    assert "https://example.com/hook" in site.get(f"{LIST}{told.pk}/change/").content.decode()
    [delivery] = told.deliveries.all()
    assert f"{LIST}{told.pk}/change/" in site.get(f"{LIST}{delivery.pk}/change/").content.decode()


def test_of_what_is_large_the_page_shows_a_part(site, fork):
    task = fork(arguments={"text": "x" * 50_000})
    TaskOutput.objects.create(task=task, offset=0, data=b"y" * 100_000)
    answer = site.get(f"{LIST}{task.pk}/change/")
    assert "characters in all" in answer.content.decode()
    assert len(answer.content) < 50_000


def test_nothing_of_a_task_can_be_changed(site, fork):
    task = fork()
    assert site.post(f"{LIST}{task.pk}/change/", {"name": "mine"}).status_code == 403
    assert site.post(f"{LIST}{task.pk}/delete/", {"post": "yes"}).status_code == 403
    assert site.get(f"{LIST}add/").status_code == 403


def test_a_kill_says_who_it_was(site, running, fork):
    first, second = running(), fork()
    assert act(site, "taskapi/task", "kill", first, second) == ["Killed: 2. Had ended before: 0."]
    assert {status_of(first), status_of(second)} == {Status.KILLED}
    assert first.events.last().by == site.user


def test_a_kill_of_what_has_ended_says_so(site, fork):
    task = fork()
    task.kill()
    assert act(site, "taskapi/task", "kill", task) == ["Killed: 0. Had ended before: 1."]


def test_a_restart_is_the_owners_and_says_who_it_was(site, fork):
    task = fork(name="again", arguments={"seconds": 3})
    assert act(site, "taskapi/task", "restart", task) == ["Restarted: 1."]
    copy = Task.objects.get(restarted_from=task)
    assert (copy.owner, copy.name, copy.arguments) == (task.owner, "again", {"seconds": 3})
    assert copy.events.get().by == site.user


def test_a_restart_needs_what_the_program_asks_of_its_owner(site, fork):
    task = fork(program="command", arguments={"argv": ["true"]})
    [done, refused] = act(site, "taskapi/task", "restart", task)
    assert done == "Restarted: 0."
    assert refused == f"Task {task.pk}: The program command needs the permission taskapi.run_command."


def test_and_of_who_restarts_it(staff, fork, user):
    user.user_permissions.add(Permission.objects.get(codename="run_command"))
    task = fork(program="command", arguments={"argv": ["true"]})
    assert "Restarted: 0." in act(staff("view_task", "add_task"), "taskapi/task", "restart", task)


def test_no_restart_for_who_was_deactivated(site, fork, user):
    user.is_active = False
    user.save()
    task = fork()
    assert act(site, "taskapi/task", "restart", task)[1] == f"Task {task.pk}: its owner is not active."


def test_no_restart_of_what_is_pruned_meanwhile(site, fork, monkeypatch):
    task = fork()
    monkeypatch.setattr("taskapi.admin.tasks.check_again", lambda *_: Task.objects.filter(pk=task.pk).delete())
    assert f"Task {task.pk}: it has just been pruned." in act(site, "taskapi/task", "restart", task)


def test_an_action_takes_a_bounded_number(site, fork, monkeypatch):
    monkeypatch.setattr("taskapi.admin.tasks.KILL_LIMIT", 2)
    monkeypatch.setattr("taskapi.admin.tasks.RESTART_LIMIT", 2)
    tasks = [fork() for _ in range(3)]
    for action in ("kill", "restart"):
        assert act(site, "taskapi/task", action, *tasks) == ["Nothing was done: at most 2 tasks at once."]
    assert Task.objects.filter(status=Status.PENDING).count() == 3


def test_who_may_only_look_has_no_actions(staff, fork):
    site, task = staff("view_task"), fork()
    assert site.get(LIST).context["action_form"] is None
    act(site, "taskapi/task", "kill", task)
    assert status_of(task) == Status.PENDING
