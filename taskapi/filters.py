"""What `GET tasks/` understands in its query string, and its pages."""

from rest_framework.exceptions import ValidationError
from rest_framework.utils.urls import replace_query_param

PAGE = 1_000
ID_LIMIT = 2**63
LS = ("id", "name", "status")


def page(tasks, parameters, url):
    """One page of these tasks, newest first, and the URL of the next one or None.

    By keyset: the cursor is the id of the last task seen, so that the thousandth page costs what the first does.
    """
    check_known(parameters, ("limit", "cursor"))
    limit = whole_number(parameters, "limit", PAGE, PAGE)
    cursor = whole_number(parameters, "cursor", None, ID_LIMIT)
    if cursor is not None:
        tasks = tasks.filter(id__lt=cursor)
    rows = list(tasks.order_by("-id").values(*LS)[: limit + 1])
    if len(rows) <= limit:
        return rows, None
    rows.pop()
    return rows, replace_query_param(url, "cursor", rows[-1]["id"])


def check_known(parameters, known):
    """Raises a ValidationError that names each parameter that is not known."""
    if unknown := [name for name in parameters if name not in known]:
        raise ValidationError({name: [f"Unknown parameter. Known are: {', '.join(known)}."] for name in unknown})


def output_offset(parameters):
    """Where to read the output of a task from. Raises a ValidationError."""
    check_known(parameters, ("offset",))
    return whole_number(parameters, "offset", 0, ID_LIMIT - 1, least=0)


def whole_number(parameters, name, default, most, least=1):
    """The parameter as a number in this range, or the default where it is missing. Raises a ValidationError."""
    if name not in parameters:
        return default
    text = parameters[name]
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        raise ValidationError({name: [f"Expected a whole number from {least} to {most}."]})
    return int(text)
