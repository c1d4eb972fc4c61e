"""The product's URLs, and the baseline of the topic `http` beside them."""

from django.urls import path

from bench.hand import tasks
from taskmanager.urls import *  # noqa: F403
from taskmanager.urls import urlpatterns

urlpatterns = [path("bench/tasks/", tasks), *urlpatterns]
