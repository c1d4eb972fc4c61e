"""What a user needs a permission for."""

from rest_framework.exceptions import PermissionDenied

from taskapi.programs import get_program
from taskapi.serializers import DEFAULT_PROGRAM


def check_allowed(user, specs):
    """Raises PermissionDenied when one of these forks needs a permission that the user does not have."""
    check_nice(user, specs)
    for name in {spec.get("program", DEFAULT_PROGRAM) for spec in specs}:
        program = get_program(name)
        if not program.open_to(user):
            raise PermissionDenied(f"The program {name} needs the permission {program.permission}.")


def check_nice(user, specs):
    if any(spec.get("nice", 0) < 0 for spec in specs) and not user.has_perm("taskapi.negative_nice"):
        raise PermissionDenied("A nice value below 0 needs the permission taskapi.negative_nice.")
