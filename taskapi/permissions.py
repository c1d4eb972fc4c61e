"""What a user needs a permission for."""

from django.conf import settings
from rest_framework.exceptions import PermissionDenied

from taskapi.programs import get_program
from taskapi.serializers import DEFAULT_PROGRAM


def check_allowed(user, specs):
    """Raises PermissionDenied when one of these forks needs a permission that the user does not have."""
    check_nice(user, specs)
    if not settings.WEBHOOKS and any(spec.get("notify_url") for spec in specs):
        raise PermissionDenied("This server does not notify (WEBHOOKS=0). Leave `notify_url` out.")
    for name in {spec.get("program", DEFAULT_PROGRAM) for spec in specs}:
        program = get_program(name)
        if program.internal:
            raise PermissionDenied(f"The program {name} is started by the system only.")
        if not program.open_to(user):
            raise PermissionDenied(f"The program {name} needs the permission {program.permission}.")


def check_again(user, spec):
    """Raises as `check_allowed` for a task that was before; what the system has made can be sent again."""
    if not get_program(spec["program"]).internal:
        check_allowed(user, [spec])


def check_nice(user, specs):
    if any(spec.get("nice", 0) < 0 for spec in specs) and not user.has_perm("taskapi.negative_nice"):
        raise PermissionDenied("A nice value below 0 needs the permission taskapi.negative_nice.")
