"""The id of the request that is being answered: in the answer, in the log, and with what tasks do for it."""

import re
import uuid
from contextvars import ContextVar

HEADER = "X-Request-ID"
LONGEST = 128
GOOD = re.compile(rf"[A-Za-z0-9._-]{{1,{LONGEST}}}", re.ASCII)

# Empty outside of requests.
current = ContextVar("request_id", default="")


def choose(given):
    """The id that a client has given, when it is a good one; a new one otherwise."""
    return given if GOOD.fullmatch(given or "") else uuid.uuid4().hex
