#!/usr/bin/env python
"""Django's command line; `python manage.py up` is the one to start with."""

import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taskmanager.settings")
    try:
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError as error:
        sys.exit(f"{error}. Install what is needed: pip install -r requirements.txt (or: make run)")
    try:
        settings.INSTALLED_APPS  # noqa: B018  Django would put off this error; here it is one line
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Wrong setting. {error}")


if __name__ == "__main__":
    main()
