"""Around every request, whoever answers it: its id, and its line in the access log."""

import logging
import time

from django.conf import settings

from taskmanager import request_id

access = logging.getLogger("taskmanager.access")


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
            if settings.ACCESS_LOG:
                log(request, response, time.perf_counter() - began)
        finally:
            request_id.current.reset(token)
        return response


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
