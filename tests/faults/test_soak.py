"""Mixed load for a while: no error, and nothing grows. `make soak` does it for half an hour, and looks at memory."""

import logging
import os
from contextlib import ExitStack

import pytest

from tests.conftest import database_url
from tests.faults.soak import Soak
from tests.server import Server, WorkerProcess

SECONDS = int(os.environ.get("SOAK_SECONDS", "60"))
# By so much may the calm after the second half be above the calm after the first: a part of it, and a number. A thread
# of the server keeps the connection that it has opened at its first request, which may come late.
CALM = {"descriptors": (0.1, 20), "threads": (0.1, 5), "connections": (0.1, 8)}
# The same for the medians of the third and fourth quarter under load: by then everything has warmed up. KiB.
MEMORY = {"memory": (0.05, 4_096), "descriptors": (0.1, 20), "threads": (0.1, 10), "connections": (0.1, 8)}
LONG = 600  # seconds; in less, memory says nothing
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "tests.settings",
    "TASK_OPEN_PROGRAMS": "command",
    "TASK_RETENTION": "30s",
    "TASK_GRACE": "1s",
    "LOG_LEVEL": "WARNING",
}


@pytest.fixture
def servers(transactional_db):
    """The processes of a server: one, or for the fleet two."""
    kinds = [Server, *([WorkerProcess] if os.environ.get("TASK_ENGINE") == "procrastinate" else [])]
    with ExitStack() as stack:
        yield [stack.enter_context(kind(database_url(), **ENVIRONMENT)) for kind in kinds]


def test_nothing_grows_under_mixed_load(servers):
    soak = Soak(servers[0], [server.process.pid for server in servers])
    first, second = soak.run(SECONDS / 2), soak.run(SECONDS / 2)
    logging.info("\n%s\ncalm: %s, then %s", "\n".join(soak.report()), first, second)
    assert soak.trouble == []
    assert second.above(first, CALM) == [], (first, second)
    *_, third, fourth = soak.medians()
    assert SECONDS < LONG or fourth.above(third, MEMORY) == [], (third, fourth)
    assert not any(word in server.output() for server in servers for word in ("Traceback", " ERROR ", "locked"))
