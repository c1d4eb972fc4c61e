"""Bodies under ASGI, where the server bounds nothing."""

import pytest
from asgiref.sync import async_to_sync

from taskmanager.bodies import Body
from tests.conftest import database_url
from tests.server import ASGI

TASKS = "/taskapi/tasks/"
MIB = 2**20


@async_to_sync
async def received(parts, limit):
    """What an application gets of a body in these parts, until it is told that there is no more."""
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages += [{"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}]

    async def receive():
        return messages.pop(0)

    body, found, more = Body(receive, limit), b"", True
    while more:
        message = await body()
        found, more = found + message["body"], message["more_body"]
    assert (await body()) == {"type": "http.disconnect"}
    return found


@pytest.mark.parametrize("parts", [[], [b""], [b"abc"], [b"a", b"", b"bcd"], [b"abcd"]])
def test_a_body_within_the_limit_is_as_it_was(parts):
    assert received(parts, limit=4) == b"".join(parts)


@pytest.mark.parametrize("parts", [[b"abcde"], [b"abcdefgh"], [b"abc", b"defgh", b"ijk"], [b"abcd", b"e", b"f"]])
def test_of_a_larger_one_so_much_comes_that_it_is_seen_to_be_larger(parts):
    assert received(parts, limit=4) == b"abcde"


@pytest.fixture
def server(transactional_db):
    with ASGI(database_url(), DJANGO_SETTINGS_MODULE="tests.settings", TASK_GRACE="1s") as server:
        yield server


def test_on_a_real_server(server):
    token = server.log_in()
    assert server.call("POST", TASKS, b'{"name": "a"}'.ljust(10 * MIB), token)[0] == 201
    status, error = server.call("POST", TASKS, b'{"name": "a"}'.ljust(30 * MIB), token)
    assert (status, error) == (413, {"detail": "The body is larger than the limit of 10,485,760 bytes."})
    assert server.call("POST", "/userapi/login/", b" " * MIB)[0] == 413
    assert server.call("POST", TASKS, b" " * MIB)[0] == 401
    assert "Traceback" not in server.output()
