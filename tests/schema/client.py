"""From register to kill, by the client that openapi-python-client has made: client.py http://localhost:8000"""

import sys
import time

from unix_task_manager_client import AuthenticatedClient, Client
from unix_task_manager_client.api.tasks import edit, fork, history, kill, ls, output, ps, restart, signal
from unix_task_manager_client.api.users import login, register
from unix_task_manager_client.models import (
    ForkSleepRequest,
    LoginRequest,
    LsStatusItem,
    PatchedEditRequest,
    RegisterRequest,
    SignalBodyRequest,
    SignalEnum,
    SleepArguments,
    Status,
)

server, secret = sys.argv[1], "correct-horse-9"
anybody = Client(server)
register.sync(client=anybody, body=RegisterRequest(username="python", email="python@example.com", password=secret))
token = login.sync(client=anybody, body=LoginRequest(username="python", password=secret)).token
client = AuthenticatedClient(server, token=token, prefix="Token")

task = fork.sync(client=client, body=ForkSleepRequest(name="nap", arguments=SleepArguments(seconds=600)))
assert task.status == Status.PENDING
while ps.sync(task.id, client=client).status != Status.RUNNING:
    time.sleep(0.1)
assert edit.sync(task.id, client=client, body=PatchedEditRequest(nice=5)).nice == 5
for name, reason in ((SignalEnum.STOP, "stopped"), (SignalEnum.CONT, "")):
    assert signal.sync(task.id, client=client, body=SignalBodyRequest(signal=name)).reason == reason
assert [row.id for row in ls.sync(client=client, status=[LsStatusItem.RUNNING])] == [task.id]
assert output.sync_detailed(task.id, client=client).content == b""
assert kill.sync(task.id, client=client).detail == f"Task {task.id} killed"
assert ps.sync(task.id, client=client, wait=5).ended_at is not None
moves = [event.status for event in history.sync(task.id, client=client)]
assert (moves[:2], moves[-1]) == ([Status.PENDING, Status.RUNNING], Status.KILLED)
again = restart.sync(task.id, client=client)
assert (again.restarted_from, again.arguments.to_dict()) == (task.id, {"seconds": 600})
kill.sync(again.id, client=client)
