"""A process that exits while an asyncio program of its own uses the ORM; `python -m tests.faults.leaves`."""

import time

import django

django.setup()

from taskapi.engines import get_engine, start_engine  # noqa: E402  needs the apps loaded
from taskapi.models import Task  # noqa: E402
from taskapi.programs import Program, programs  # noqa: E402
from userapi.models import User  # noqa: E402

COUNTED = []


async def counts(task):
    """Count tasks without an end."""
    while True:
        COUNTED.append(await Task.objects.acount())


programs["counts"] = Program(counts)
start_engine()
get_engine().fork(User.objects.get(), [{"name": "counts", "program": "counts"}] * 20)
while len(COUNTED) < 40:
    time.sleep(0.01)
