"""Every route there is, and what a stranger is to be answered there."""

from django.urls import get_resolver
from django.urls.resolvers import URLResolver

ADMIN = "admin/"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]

# For who has no token: anybody may call these.
OPEN = {"userapi/register/", "userapi/login/", "schema/", ""}

# What a logged-in stranger gets who names what is somebody else's, by method; any other method is a 405. Where the URL
# names nothing, the call is about the stranger's own things, and goes well.
STRANGER = {
    "userapi/register/": {"POST": 400},  # the name is taken
    "userapi/login/": {"POST": 401},
    "userapi/logout/": {"POST": 204},
    "userapi/logoutall/": {"POST": 204},
    "userapi/me/": {"GET": 200, "PATCH": 400},  # the name is taken
    "userapi/tokens/": {"GET": 200},
    "userapi/tokens/<pk>/": {"DELETE": 404},
    "userapi/password/": {"POST": 400},
    "userapi/webhook-secret/": {"GET": 200, "POST": 200},
    "taskapi/programs/": {"GET": 200},
    "taskapi/events/": {"GET": 200},
    "taskapi/stats/": {"GET": 200},
    "taskapi/tasks/": {"GET": 200, "POST": 201, "DELETE": 200},
    "taskapi/tasks/<pk>/": {"GET": 404, "PATCH": 404, "DELETE": 404},
    "taskapi/tasks/<pk>/signal/": {"POST": 404},
    "taskapi/tasks/<pk>/output/": {"GET": 404},
    "taskapi/tasks/<pk>/events/": {"GET": 404},
    "taskapi/tasks/<pk>/restart/": {"POST": 404},
    "schema/": {"GET": 200},
    "": {},  # whatever has no route of its own
}
BODIES = {
    ("userapi/register/", "POST"): {"username": "ada", "email": "x@example.com", "password": "correct-horse-9"},
    ("userapi/login/", "POST"): {"username": "ada", "password": "a guess"},
    ("userapi/me/", "PATCH"): {"username": "Ada"},
    ("userapi/password/", "POST"): {"old_password": "a guess", "new_password": "battery-staple-9"},
    ("taskapi/tasks/", "POST"): {"name": "of the stranger"},
    ("taskapi/tasks/<pk>/", "PATCH"): {"name": "stolen"},
    ("taskapi/tasks/<pk>/signal/", "POST"): {"signal": "KILL"},
}
QUERIES = {
    ("taskapi/tasks/", "GET"): "?fields=all",
    ("taskapi/tasks/", "DELETE"): "?status=pending,running",
    ("taskapi/tasks/<pk>/output/", "GET"): "?follow=1",
}
# A stream of events ends at once.
NO_TIME = {"server.closing": lambda: True}


def api_routes():
    return [route for route in routes() if not route.startswith(ADMIN)]


def admin_routes():
    """The routes of the admin, which has no tokens but sessions and is for staff."""
    return [route for route in routes() if route.startswith(ADMIN)]


def routes(resolver=None, prefix=""):
    """The routes of the URL conf, as they are written there."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        else:
            yield route


def expected(route, method):
    """The status that a stranger gets."""
    known = STRANGER[route]
    if method == "OPTIONS":
        return 200 if route else 404
    return known.get("GET" if method == "HEAD" else method, 405 if route else 404)


def call(client, route, method, pk=0):
    """What this client is answered; `pk` is what the route names."""
    path = "/" + (route.replace("<pk>", str(pk)) or "nowhere/") + QUERIES.get((route, method), "")
    body = BODIES.get((route, method))
    if body is None:
        return client.generic(method, path, **NO_TIME)
    return getattr(client, method.lower())(path, body)
