"""Loaded by schemathesis: who is logged in, and what would take too long."""

import os

import django
import schemathesis
from hypothesis import strategies

django.setup()

from taskapi.models import FINAL, Task  # noqa: E402
from userapi.models import Token, User  # noqa: E402

# What the grammar of URLs allows is more than what has a host that could be asked.
schemathesis.openapi.format("uri", strategies.from_regex(r"https?://[a-z]+\.example/[a-z]*", fullmatch=True))

if user := os.environ.get("LOGGED_IN_AS"):

    @schemathesis.auth(refresh_interval=None)
    class LogIn:
        """A new token for each request, because some calls end tokens."""

        def get(self, case, context):
            return Token.objects.create(User.objects.get(pk=user))[1]

        def set(self, case, data, context):
            case.headers["Authorization"] = f"Token {data}"


@schemathesis.hook
def filter_query(context, query):
    """Leaves out parameters that would be sent as nothing: what is wrong with them is gone by then."""
    return not any(value is None or value in ([], {}) for value in (query or {}).values())


@schemathesis.hook
def before_call(context, case, kwargs):
    """Waits a second instead of a minute, and follows only what has ended."""
    query = case.query or {}
    if str(query.get("wait", "")).isdigit():
        query["wait"] = str(min(int(query["wait"]), 1)) if int(query["wait"]) <= 60 else query["wait"]
    if query.get("follow") == "1" and not ended(case.path_parameters.get("id")):
        query["follow"] = "0"


def ended(pk):
    return not str(pk).isdigit() or Task.objects.filter(pk=pk, status__in=FINAL).exists()
