"""The ASGI application. Serving requests and running tasks start together here."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taskmanager.settings")
django_application = get_asgi_application()

from taskapi.engines import start_engine  # noqa: E402  needs the apps loaded
from taskmanager.bodies import bounded  # noqa: E402

application = bounded(django_application)
start_engine()
