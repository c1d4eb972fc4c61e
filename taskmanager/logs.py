"""How a line of the log is written: for people, or as JSON for machines. One record is one line, whatever is in it.

Of what is attached to a record, only these fields are told: Django attaches requests, with all that is in their URLs.
"""

import logging
import re
from datetime import UTC, datetime

import orjson
from asgiref.sync import SyncToAsync

from taskmanager import request_id

FIELDS = ("request_id", "task_id", "method", "path", "status", "ms", "user_id")
# Messages that begin so are about the task of that id.
OF_TASK = "Task %s"
# With these, a text of somebody else's could look like further lines, or do something to a terminal.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Context(logging.Filter):
    """Adds to each record the request and the task in which it was made."""

    def filter(self, record):
        record.request_id = request_id.current.get()
        named = record.args and str(record.msg).startswith(OF_TASK)
        record.task_id = record.args[0] if named else task_of_context()
        return True


def task_of_context():
    """The id of the task whose program is running here, or None. Its run is where asgiref looks for a thread."""
    run = SyncToAsync.thread_sensitive_context.get(None)
    return getattr(getattr(run, "claim", None), "pk", None)


class LineFormatter(logging.Formatter):
    """A line for people, and the traceback below it, indented, so that no text in it looks like a line of the log."""

    def formatMessage(self, record):  # noqa: N802  logging's
        line = CONTROL.sub(escaped, super().formatMessage(record))
        known_as = getattr(record, "request_id", "")
        return f"{line} [{known_as}]" if known_as else line

    def formatException(self, exc_info):  # noqa: N802
        lines = super().formatException(exc_info).splitlines()
        return "\n".join(f"    {CONTROL.sub(escaped, line)}" for line in lines)


class JSONFormatter(logging.Formatter):
    """A JSON object in one line: time, level, logger, message, those of FIELDS that there are, and `exception`."""

    def format(self, record):
        line = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name in FIELDS if (value := getattr(record, name, None)) not in (None, "")}
        if record.exc_info and record.exc_info[0]:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps({name: storable(value) for name, value in line.items()}, option=orjson.OPT_UTC_Z).decode()


def escaped(match):
    return match[0].encode("unicode_escape").decode()


def storable(value):
    """The value; of a text, what UTF-8 has no bytes for is escaped."""
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value
