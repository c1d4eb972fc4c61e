"""Every error as JSON: those of DRF's views, those that Django finds before a view, and those of nobody."""

import logging
from functools import wraps

from django.core.exceptions import ObjectDoesNotExist
from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpResponse
from rest_framework import exceptions, status, views

from taskmanager.throttling import TooManyCalls, check_stranger
from taskmanager.wire import dumps

logger = logging.getLogger(__name__)

PATH_SHOWN = 200
# What is raised before views count: who is unknown, or may not even ask, as where registration is closed.
STRANGERS = exceptions.AuthenticationFailed, exceptions.NotAuthenticated, exceptions.PermissionDenied


class Away(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The database does not answer. Try again in a moment."
    wait = 2  # becomes Retry-After


def exception_handler(error, context):
    """DRF's own, with a sentence for who sent something else than JSON, and for who came while the database is away."""
    if isinstance(error, (OperationalError, InterfaceError, InternalError)):
        logger.error("The database does not answer: %s", error)
        error = Away()
    elif isinstance(error, ObjectDoesNotExist):
        error = exceptions.NotFound("It was there a moment ago, and has been deleted.")
    elif isinstance(error, STRANGERS):
        error = counted(error, context["request"])
    if isinstance(error, exceptions.UnsupportedMediaType):
        error.detail = 'Send JSON, with the header "Content-Type: application/json".'
    response = views.exception_handler(error, context)
    if response is not None:
        # It was meant: Django would log each 503 as an error, and who is refused a stream could fill the log.
        response._has_been_logged = True
    return response


def counted(error, request):
    """The error, or another when this address has tried too often: views count only whom they know."""
    try:
        if not getattr(request, "is_counted", False):
            check_stranger(request)
        return error
    except TooManyCalls as refusal:
        return refusal


def for_reading(view):
    """A view that answers GET and HEAD only."""

    @wraps(view)
    def checked(request):
        if request.method in ("GET", "HEAD"):
            return view(request)
        response = answer(405, f'Method "{request.method}" not allowed.')
        response["Allow"] = "GET, HEAD"
        return response

    return checked


def answer(status, text):
    return HttpResponse(dumps({"detail": text}), status=status, content_type="application/json")


def forbidden(request, exception=None):
    return answer(403, "You may not do this. Ask a superuser for the permission.")


def forged(request, reason=""):
    hint = "Load its page again, with cookies allowed; behind a proxy that ends TLS, TRUSTED_PROXIES has to name it."
    return answer(403, f"This form was refused, as if it came from elsewhere ({reason}). {hint}")


def not_found(request, exception=None):
    path = request.path if len(request.path) <= PATH_SHOWN else f"{request.path[:PATH_SHOWN]}…"
    hint = "" if request.path.endswith("/") else f" URLs end with a slash: try {path}/."
    return answer(404, f"There is nothing at {path}.{hint}")


def bad_request(request, exception=None):
    return answer(400, "The server cannot understand this request; check the URL and its host (see ALLOWED_HOSTS).")


def server_error(request):
    return answer(500, "Something went wrong on the server. It has been logged.")
