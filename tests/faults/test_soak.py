"""Mixed load for a while: no error, and nothing grows. `make soak` does it for half an hour, and looks at memory."""

import logging
import os
from contextlib import ExitStack

import pytest

from tests.conftest import database_url
from tests.faults.soak import Soak
from tests.server import Server, WorkerProcess

SECONDS = int(os.environ.get("SOAK_SECONDS", "60"))
# At least two, of a length in which everything happens; all is calm after each.
ROUNDS = max(2, SECONDS // 100)
# The first minutes of a process are left out: caches fill, and each thread opens its connection at its first request.
WARM = ROUNDS // 3
# By so much may the median of the later half of the rounds be above that of the earlier: a part of it, and a number.
TOLERANCE = {"descriptors": (0.1, 20), "threads": (0.1, 5), "connections": (0.1, 8)}
if SECONDS >= 600:  # in less, memory says nothing
    TOLERANCE["memory"] = (0.05, 2_048)  # KiB
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "tests.settings",
    "TASK_OPEN_PROGRAMS": "command",
    "TASK_RETENTION": "30s",
    "TASK_GRACE": "1s",
    "REGISTRATION_LIMIT": "0",
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
    soak.run(SECONDS / ROUNDS, ROUNDS)
    logging.info("\n%s", "\n".join(soak.report()))
    assert soak.trouble == [], servers[0].output()[-5_000:]
    earlier, later = soak.halves(leave_out=WARM)
    assert later.above(earlier, TOLERANCE) == [], (earlier, later)
    assert not any(word in server.output() for server in servers for word in ("Traceback", " ERROR ", "locked"))
