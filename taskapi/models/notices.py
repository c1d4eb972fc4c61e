"""Who wants to hear of the end of a task, and how it is told: by a task of the program `notify`, a delivery.

It is stored in the transaction that writes the end, so that there is never one without the other; from then on it is
run, tried again and recovered as any task is.
"""

import uuid

import orjson
from django.conf import settings

from taskapi.models import rows
from taskapi.models.status import Reason
from taskmanager.wire import dumps

PROGRAM = "notify"
# What is told; the rest, which can be large, is in the task itself.
TOLD = (
    "id name program status reason exit_code error attempt restarted_from_id created_at started_at ended_at"
).split()
ERROR_TOLD = 1_000  # characters


def send(model, ids, now):
    """Stores a delivery for each of these tasks, which have just ended, that has somebody to tell.

    Due at once and without a turn, as what is to be tried again: every engine looks for such tasks, in its own way. The
    limit of active tasks is for forks; an end is never refused.
    """
    told = rows.notifying(model, ids) if settings.WEBHOOKS else []
    if not told:
        return
    ended = model.objects.filter(pk__in=told).order_by("id").values("owner_id", "notify_url", *TOLD)
    deliveries = rows.new(model, map(delivery, ended), created_at=now, updated_at=now, run_at=now)
    rows.insert(deliveries)
    rows.note([(task.pk, task.status, task.reason) for task in deliveries], None, now)


def delivery(task):
    """The columns of the task that tells of the end of this one."""
    return {
        "owner_id": task["owner_id"],
        "name": f"Notify of task {task['id']}",
        "reason": Reason.SCHEDULED,
        "program": PROGRAM,
        "arguments": {"url": task["notify_url"], "message": f"msg_{uuid.uuid4().hex}", "event": event(task)},
        "max_attempts": settings.WEBHOOK_ATTEMPTS,
        "notifies_id": task["id"],
    }


def event(task):
    """What is told of a task: JSON values, as the API answers them."""
    data = {name.removesuffix("_id"): task[name] for name in TOLD} | {"error": task["error"][:ERROR_TOLD]}
    told = {"type": f"task.{task['status']}", "timestamp": task["ended_at"], "data": data}
    return orjson.loads(dumps(told))
