"""Around every request, whoever answers it: its id, its line in the access log, and the figures for Prometheus."""

import logging
import time

from django.conf import settings
from prometheus_client import Counter, Histogram

from taskmanager import request_id

access = logging.getLogger("taskmanager.access")

SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
METHODS = {"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"}
answered = Counter("taskmanager_http_requests", "Requests that were answered.", ["route", "method", "status"])
took = Histogram(
    "taskmanager_http_request_seconds",
    "Until the answer was there; of a stream, until it began.",
    ["route", "method"],
    buckets=SECONDS,
)


class RequestMiddleware:
    """The outermost: what the others answer by themselves passes here, too."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        began = time.perf_counter()
        known_as = request_id.choose(request.headers.get(request_id.HEADER))
        token = request_id.current.set(known_as)
        try:
            response = self.get_response(request)
            response[request_id.HEADER] = known_as
            count(request, response, time.perf_counter() - began)
            if settings.ACCESS_LOG:
                log(request, response, time.perf_counter() - began)
        finally:
            request_id.current.reset(token)
        return response


def count(request, response, seconds):
    """As few series as there are routes, whatever clients send."""
    labels = route_of(request), request.method if request.method in METHODS else "other"
    answered.labels(*labels, response.status_code).inc()
    took.labels(*labels).observe(seconds)


def route_of(request):
    """Such as /taskapi/tasks/<pk>/; what waits for the end of a task by will is a route of its own."""
    if (match := request.resolver_match) is None:
        return "none"  # the page, a probe, a preflight
    waits = "wait=" in request.META.get("QUERY_STRING", "")
    return f"/{match.route}{'?wait' if waits else ''}" if match.route else "unknown"


def log(request, response, seconds):
    """A line without the query string, in which a client may have put anything. Of a stream it tells the beginning."""
    fields = {
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "ms": round(seconds * 1_000, 1),
        "user_id": getattr(getattr(request, "user", None), "pk", None),
    }
    access.info("%s %s %s %s ms, user %s", *fields.values(), extra=fields)
