"""Tasks and programs as the API answers them."""

from operator import attrgetter

from taskapi.models import Status

# The whole task, in the order in which it is answered.
WHOLE = (
    "id name description status status_label reason program arguments nice progress progress_text result error "
    "exit_code run_at timeout max_attempts attempt restarted_from notify_url notifies worker created_at updated_at "
    "started_at ended_at completed_at"
).split()
LS = ["id", "name", "status"]

LABELS = {status.value: status.label for status in Status}
COLUMNS = {
    "status_label": "status",
    "restarted_from": "restarted_from_id",
    "notifies": "notifies_id",
    "worker": "worker_id",
}
read_columns = attrgetter(*(COLUMNS.get(name, name) for name in WHOLE))


def whole(task):
    """The whole task."""
    fields = dict(zip(WHOLE, read_columns(task), strict=True))
    fields["status_label"] = LABELS[task.status]
    if task.worker_id:
        fields["worker"] = task.worker.name
    return fields


def tag(task):
    """The entity tag of the whole task (RFC 9110 8.8.3): another one whenever that has changed."""
    return f'"{task.pk}-{int(task.updated_at.timestamp() * 1e6):x}-{task.status}"'


def columns(names):
    """What to select for these fields of a task, with QuerySet.values_list()."""
    return ["worker__name" if name == "worker" else COLUMNS.get(name, name) for name in names]


def row(names, values):
    """The fields of a task from what was selected for them."""
    fields = dict(zip(names, values, strict=True))
    if "status_label" in fields:
        fields["status_label"] = LABELS[fields["status_label"]]
    return fields


def event(event):
    """A move of a task."""
    by = event.by and event.by.username
    fields = {"id": event.pk, "status": event.status, "reason": event.reason, "by": by, "at": event.at}
    return fields | {"request_id": event.request_id}


def described(program):
    """A program."""
    return {"name": program.name, "summary": program.summary, "arguments": program.schema}
