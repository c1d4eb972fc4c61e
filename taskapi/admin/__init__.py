"""The admin of tasks: all of it to read, with kill and restart.

tasks       the list, the page of one task, the two actions
found       which tasks the list shows
others      events and workers
jobs        those of the fleet
"""

from django.conf import settings

from taskapi.admin import others, tasks  # noqa: F401  registers them

if settings.FLEET:
    from taskapi.admin import jobs  # noqa: F401  registers it
