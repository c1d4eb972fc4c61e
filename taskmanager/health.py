"""Whether the server lives (/healthz), and whether it can do its work (/readyz): for load balancers, so no token."""

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse

import taskmanager
from taskapi.engines import get_engine
from taskapi.models import History
from taskmanager.errors import for_reading
from taskmanager.metrics import metrics
from taskmanager.wire import dumps

# Whether all migrations were seen to be there; reading them takes long.
migrated = False


@for_reading
def healthz(request):
    return answer(200, {"status": "ok", "version": taskmanager.__version__})


@for_reading
def readyz(request):
    """200 when the database and the engine answer, 503 with what does not otherwise."""
    checks = {"database": check_database(), "engine": "ok" if get_engine().works() else "stopped"}
    ready = set(checks.values()) == {"ok"}
    return answer(200 if ready else 503, {"status": "ok" if ready else "not ready", **checks})


def check_database():
    try:
        History.start()
        return "ok" if is_migrated() else "not migrated"
    except (DatabaseError, InterfaceError):
        connection.close()
        return "away"


def is_migrated():
    global migrated
    if not migrated:
        executor = MigrationExecutor(connection)
        migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return migrated


def answer(status, fields):
    response = HttpResponse(dumps(fields), status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    response._has_been_logged = True
    return response


class HealthMiddleware:
    """Answers before the Host is checked: load balancers probe by address, and Prometheus may, too."""

    views = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.views.get(request.path_info, self.get_response)(request)
