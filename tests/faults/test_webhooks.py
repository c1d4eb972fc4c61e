"""A server that dies between the end of a task and its delivery: who comes next delivers."""

from taskapi.models import FINAL, Status, Task
from tests.conftest import database_url, wait_for
from tests.faults.load import TASKS
from tests.receiver import receiving
from tests.server import Server

QUICK = {"TASK_LEASE": "2s", "TASK_GRACE": "1s", "FETCH_ALLOWED_NETWORKS": "127.0.0.1"}
ROUNDS = 5


def ended():
    return Task.objects.filter(program="sleep", status__in=FINAL)


def test_what_was_not_delivered_when_the_server_died_is_delivered(transactional_db):
    with receiving() as receiver, Server(database_url(), **QUICK) as server:
        token = server.log_in()
        receiver.statuses = [503] * 5
        body = {"name": "a", "arguments": {"seconds": 0}, "notify_url": receiver.url}
        task = server.call("POST", TASKS, body, token)[1]
        wait_for(lambda: receiver.posts)
        server.kill()
        receiver.statuses.clear()
        server.start()
        wait_for(lambda: Task.objects.filter(notifies=task["id"], status=Status.COMPLETED).exists(), seconds=40)
    assert receiver.told == [(task["id"], "task.completed")]


def test_ends_at_the_moment_of_a_kill_9_are_told_all_of_them(transactional_db):
    """A receiver may hear of one twice, when the server dies before it notes the answer; by the id it can tell."""
    with receiving() as receiver, Server(database_url(), **QUICK) as server:
        token = server.log_in()
        for number in range(ROUNDS):
            spec = {"name": "a", "arguments": {"seconds": number / 10}, "notify_url": receiver.url}
            server.call("POST", TASKS, [spec] * 20, token)
            wait_for(lambda before=20 * number: ended().count() > before)
            server.kill()
            server.start()
        wait_for(lambda: not Task.objects.filter(status__in=[Status.PENDING, Status.RUNNING]).exists(), seconds=60)
    assert {task for task, _ in receiver.told} == set(ended().values_list("pk", flat=True))
    assert len({post.id for post in receiver.accepted}) == ended().count() == 20 * ROUNDS
