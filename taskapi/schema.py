"""What /schema/ says about the tasks' API."""

from functools import partial

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from taskapi import filters
from taskapi.answers import WHOLE
from taskapi.models import Limits, Status
from taskapi.programs import get_program
from taskapi.serializers import EditSerializer, ForkSerializer
from taskapi.shapes import (
    EventSerializer,
    KilledSerializer,
    ProgramSerializer,
    SignalBodySerializer,
    StatsSerializer,
    TaskSerializer,
)
from taskmanager import openapi
from taskmanager.openapi import BODY, DetailSerializer, answered, asked, header, query

call = partial(openapi.call, tags=["tasks"])

ROW = {"id": 7, "name": "nap", "status": "running"}
MOMENT = "2030-01-31T12:00:00Z"
MOVED = {"id": 1, "status": "pending", "reason": "", "by": "ada", "at": MOMENT, "request_id": "build-42"}
TASK = {
    "id": 7,
    "name": "nap",
    "description": "",
    "status": "running",
    "status_label": "Running",
    "reason": "",
    "program": "sleep",
    "arguments": {"seconds": 30},
    "nice": 0,
    "progress": 0.25,
    "progress_text": "",
    "result": None,
    "error": "",
    "exit_code": None,
    "run_at": None,
    "timeout": None,
    "max_attempts": 1,
    "attempt": 1,
    "restarted_from": None,
    "notify_url": "",
    "notifies": None,
    "worker": "host:4711",
    "created_at": MOMENT,
    "updated_at": MOMENT,
    "started_at": MOMENT,
    "ended_at": None,
    "completed_at": None,
}
WORKER = {
    "id": 3,
    "name": "host:4711",
    "host": "host",
    "engine": "threads",
    "version": "0.1.0",
    "slots": 1_000,
    "busy": 1,
    "state": "alive",
    "started_at": MOMENT,
    "heartbeat_at": MOMENT,
    "heartbeat_age": 0.25,
}
FORK = {"name": "nap", "description": "", "program": "sleep", "arguments": {"seconds": 30}}
RUNNING = answered("A running task", TASK)
KILLED = TASK | {"status": "killed", "status_label": "Killed", "ended_at": MOMENT}

TASK_ROW = {"$ref": "#/components/schemas/TaskRow"}
MOMENTS = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}
ID = OpenApiParameter("id", {"type": "integer", "minimum": 1}, OpenApiParameter.PATH, description="Of the task.")

# One of them: the schema of a stream is that of its events.
SERVER_SENT_EVENT = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["ready", "task", "reset"]},
        "id": {"type": "string", "description": "For Last-Event-ID. Progress has none: it is not told again."},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "retry": {"type": "integer"},
    },
}


def several(words):
    """The schema of a parameter that takes some of these words, with commas between."""
    return {"type": "array", "minItems": 1, "items": {"type": "string", "enum": list(words)}}


def numbers(least, most):
    """The schema of a parameter that takes a whole number in this range."""
    return {"type": "integer", "minimum": least, "maximum": most}


def choosing():
    """The parameters that choose tasks."""
    words = {"explode": False, "style": "form"}
    return [
        query("status", several(Status.values), "Some of the statuses, with commas between.", **words),
        query("program", {"$ref": "#/components/schemas/ProgramName"}, "The program that the tasks run."),
        query("q", {"type": "string", "minLength": 1, "maxLength": Limits.NAME, "pattern": r"^[^\u0000]+$"},
              "Text in the name or the description, in any case."),
        query("notifies", numbers(1, filters.ID_LIMIT - 1), "The id of the task whose end they tell."),
        query("created_after", MOMENTS, "At or after this time."),
        query("created_before", MOMENTS, "Before this time."),
    ]  # fmt: skip


def showing():
    """The parameters that say how to show them."""
    words = {"explode": False, "style": "form"}
    return [
        query("fields", several([*WHOLE, "all"]),
              "`all`, or the names of some fields, with commas between; by default id, name and status.", **words),
        query("ordering", {"type": "string", "enum": list(filters.ORDERINGS)}, "Newest first by default."),
        query("limit", numbers(1, filters.PAGE), "The tasks on a page."),
        query("cursor", {"type": "string", "pattern": r"^[0-9]{1,16}-[0-9]{1,18}$"},
              "Where a page begins; take it from the `Link` header of the page before."),
    ]  # fmt: skip


KEY = header(
    "Idempotency-Key",
    {"type": "string", "pattern": r"^[\x21-\x7e]{1,255}$"},
    "With the same key and body again, the first task is answered. Kept for a day.",
)
ETAG = header("ETag", str, "Changes whenever the task does.", response=[200])
LOCATION = header("Location", str, "The URL of the task.", response=[200, 201])
FORKED = OpenApiResponse(TaskSerializer, "The new task.")
AGAIN = OpenApiResponse(TaskSerializer, "The task that was forked with this Idempotency-Key before.")
ONE_OR_MANY = {
    "anyOf": [
        {"$ref": "#/components/schemas/Task"},
        {"type": "array", "items": {"$ref": "#/components/schemas/Task"}},
    ]
}

ls = call(
    "ls",
    "List the tasks of the user",
    {200: OpenApiResponse(TASK_ROW, "The tasks, newest first, at most 1,000 a page.")},
    (400,),
    parameters=[
        *choosing(),
        *showing(),
        header("Link", str, "RFC 8288: the next page, if there is one.", response=[200]),
    ],
    unix="ls, ps",
    examples=[answered("A running task", ROW)],
)
fork = call(
    "fork",
    "Fork a task, or an array of them, all or none",
    {201: OpenApiResponse(ONE_OR_MANY, FORKED.description), 200: OpenApiResponse(ONE_OR_MANY, AGAIN.description)},
    (*BODY, 403, 422, 429),
    parameters=[KEY, LOCATION],
    request=ForkSerializer,
    unix="fork",
    examples=[asked("A nap", FORK), answered("The task", TASK | {"status": "pending"}, 201), answered("Again", TASK)],
)
killall = call(
    "killall",
    "Kill all open tasks that the parameters choose, at least one of which is needed",
    {200: KilledSerializer},
    (400,),
    parameters=choosing(),
    unix="killall",
    examples=[answered("Twelve", {"detail": "12 tasks killed", "killed": 12})],
)
ps = call(
    "ps",
    "Read a task; with wait, when it has ended or the time is over",
    {200: TaskSerializer, 304: OpenApiResponse(None, "It is as it was when this ETag was answered.")},
    (400, 404),
    parameters=[
        ID,
        ETAG,
        query("wait", numbers(0, filters.LONGEST_WAIT), "Seconds to wait for its end."),
        header("If-None-Match", str, "An ETag."),
    ],
    unix="ps -p, wait",
    examples=[RUNNING],
)
edit = call(
    "edit",
    "Change the nice value, the name or the description",
    {200: TaskSerializer},
    (*BODY, 403, 404),
    parameters=[ID, ETAG],
    request=EditSerializer,
    unix="renice",
    examples=[asked("Be nice", {"nice": 10}), answered("The task", TASK | {"nice": 10})],
)
kill = call(
    "kill",
    "Kill a task",
    {200: DetailSerializer},
    (404, 409),
    parameters=[ID],
    unix="kill",
    examples=[answered("Killed", {"detail": "Task 7 killed"})],
)
signal = call(
    "signal",
    "Send a signal: TERM, KILL, INT, STOP or CONT, with or without SIG",
    {200: TaskSerializer},
    (*BODY, 404, 409),
    parameters=[ID],
    request=SignalBodySerializer,
    unix="kill -STOP",
    examples=[asked("Hold it", {"signal": "STOP"}), answered("The task", TASK | {"reason": "stopped"})],
)
restart = call(
    "restart",
    "Fork a task like this one",
    {201: FORKED, 200: AGAIN},
    (400, 403, 404, 422, 429),
    parameters=[ID, KEY, LOCATION],
    request=None,
    unix="restart",
    examples=[
        answered("The new task", TASK | {"id": 8, "restarted_from": 7}, 201),
        answered("Again", TASK | {"id": 8, "restarted_from": 7}),
    ],
)
output = call(
    "output",
    "Read what the program has printed; with follow, as it comes",
    {(200, "text/plain"): OpenApiResponse(OpenApiTypes.STR, "The output from this byte on.")},
    (400, 404),
    parameters=[
        ID,
        query("offset", numbers(0, filters.ID_LIMIT - 1), "Bytes to skip."),
        query("follow", {"type": "string", "enum": ["0", "1"]}, "1 to stay until the task has ended."),
        header("X-Next-Offset", int, "Where the next reading begins.", response=[200]),
        header("X-Offset", int, "Where this begins, when following.", response=[200]),
    ],
    unix="tail -f",
)
history = call(
    "history",
    "Read every move of a task, oldest first",
    {200: EventSerializer(many=True)},
    (404,),
    parameters=[ID],
    unix="history",
    examples=[answered("Forked", MOVED)],
)
events = call(
    "events",
    "Watch the moves and the progress of the user's tasks, as server-sent events",
    {(200, "text/event-stream"): OpenApiResponse(SERVER_SENT_EVENT, "One after the other, as it happens.")},
    (400,),
    parameters=[header("Last-Event-ID", numbers(0, filters.ID_LIMIT - 1), "Goes on after the event with this id.")],
    unix="top",
)
list_programs = call(
    "programs",
    "List the programs that the user may run",
    {200: ProgramSerializer(many=True)},
    unix="which",
    examples=[answered("sleep", {"name": "sleep", "summary": "Sleep.", "arguments": get_program("sleep").schema})],
)
stats = call(
    "stats",
    "Read how the tasks are doing: by status, the load, what ended in each minute of the last hour, and who runs them",
    {200: StatsSerializer},
    (400,),
    unix="uptime",
    examples=[
        answered(
            "One runs",
            {
                "status": {"pending": 0, "running": 1, "completed": 12, "failed": 0, "killed": 2},
                "load": {"now": 1, "1": 0.5, "5": 0.1, "15": 0.03},
                "slots": 1_000,
                "workers": [WORKER],
                "ended": [{"minute": MOMENT, "completed": 12, "failed": 0, "killed": 2}],
                "waiting": {"tasks": 0, "oldest": None},
                "at": MOMENT,
            },
        )
    ],
)
