"""The product's URLs, the baseline of the topic `http` beside them, and the queries that this process has made."""

from django.http import JsonResponse
from django.urls import path

from bench.apps import queries
from bench.hand import tasks
from taskmanager.urls import *  # noqa: F403
from taskmanager.urls import urlpatterns

urlpatterns = [
    path("bench/tasks/", tasks),
    path("bench/queries/", lambda request: JsonResponse(dict(queries))),
    *urlpatterns,
]
