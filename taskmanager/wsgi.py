"""The WSGI application. Serving requests and running tasks start together here."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taskmanager.settings")
application = get_wsgi_application()

from taskapi.engines import start_engine  # noqa: E402  needs the apps loaded

start_engine()
