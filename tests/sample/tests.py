import pytest
from rest_framework.test import APIClient

from userapi.models import User


@pytest.fixture
def client(db):
    client = APIClient()
    client.force_authenticate(User.objects.create_superuser("ada"))
    return client


def run(client, program, **arguments):
    """The task, which has ended, and its output."""
    answer = client.post("/taskapi/tasks/", {"name": "test", "program": program, "arguments": arguments})
    assert answer.status_code == 201, answer.json()
    task = answer.json()
    return task, client.get(f"/taskapi/tasks/{task['id']}/output/").content.decode()


def test_word_count(client):
    task, _ = run(client, "word_count", text="to be or\nnot to be", least=2)
    assert (task["status"], task["result"], task["progress"]) == ("completed", {"to": 2, "be": 2}, 1)


def test_census(client):
    task, output = run(client, "census", period={"first": "2026-01-01", "last": "2026-01-02"})
    assert task["result"] == {"2026-01-01": 0, "2026-01-02": 0}
    assert output == "2026-01-01 0\n2026-01-02 0\nCounted 2 days of 2\n"
