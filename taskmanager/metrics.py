"""GET /metrics: figures for Prometheus, for who has METRICS_TOKEN.

What this process does is counted in it; with PROMETHEUS_MULTIPROC_DIR in files, for all processes at one address, and
then there are no figures of memory and the like. What is true of all processes everywhere comes from the database.
"""

import contextlib
import hmac
import os
import threading
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.http import HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from taskapi.census import Collector
from taskmanager import errors, server

PATH = "/metrics"


def metrics(request):
    """The figures as text (Prometheus, text-based format); 404 without METRICS_TOKEN, 401 for who does not send it."""
    if not settings.METRICS_TOKEN:
        return errors.answer(404, f"There is nothing at {PATH}.")
    return figures(request)


@errors.for_reading
def figures(request):
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    known = hmac.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())
    if scheme.lower() != "bearer" or not known:
        response = errors.answer(
            401, 'Send the header "Authorization: Bearer ..." with the METRICS_TOKEN of this server.'
        )
        response["WWW-Authenticate"] = "Bearer"
        return response
    if settings.METRICS_DIRECTORY:
        forget_the_dead(Path(settings.METRICS_DIRECTORY))
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(generate_latest(registry()), content_type=CONTENT_TYPE_LATEST, headers=headers)


@cache
def registry():
    """All that there is to tell."""
    found = CollectorRegistry()
    found.register(Collector())
    found.register(MultiProcessCollector(None) if settings.METRICS_DIRECTORY else REGISTRY)
    return found


def forget_the_dead(directory):
    """Removes what processes that were killed had in hand; whoever can say goodbye is not asked to, either."""
    for pid in {int(file.stem.rpartition("_")[2]) for file in directory.glob("gauge_live*.db")}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            with contextlib.suppress(FileNotFoundError):  # who else is asked at the same time removes them, too
                mark_process_dead(pid, directory)
        except PermissionError:
            pass  # somebody else's


def serve(listener):
    """Answers /metrics, and nothing else, at this socket, in a thread of its own; returns the server, to close."""
    # With the bounds of the other one: with Waitress's own, anybody could have it keep files of gigabytes.
    only = server.create_server(server.without_body_for_head(application), listener, threads=1)
    threading.Thread(target=only.run, name="metrics", daemon=True).start()
    return only


def application(environ, start_response):
    """The WSGI application of a process that serves nothing else."""
    request = WSGIRequest(environ)
    try:
        response = metrics(request) if request.path_info == PATH else errors.not_found(request)
    finally:
        connection.close()
    start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    return [response.content]
