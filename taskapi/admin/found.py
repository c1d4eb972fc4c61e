"""Which tasks the admin's list shows. No query looks at many more than WINDOW rows, however many tasks there are."""

from django.contrib.auth import get_user_model
from django.db.models import Value
from django.db.models.functions import Lower

from taskapi.models import Status
from taskmanager.admin.lists import newest
from taskmanager.wire import id_of


def found(tasks, status=None, program=None, text=""):
    """Those of these tasks that are in this status, run this program and are meant by the text: the id of a task, the
    name of a user, or part of the task's name. In the order in which they are listed.
    """
    of_program = {"program": program} if program else {}
    if id_of(text):
        return with_status(tasks.filter(pk=id_of(text), **of_program), status)
    if owner := user_named(text):
        theirs = with_status(newest(tasks.filter(owner=owner), "created_at"), status)
        return theirs.filter(**of_program).order_by("-created_at", "-id")
    if status == Status.PENDING and not program and not text:
        # The order of the queue: that of their index, which a million of them need not be sorted for.
        return tasks.filter(status=status).order_by("turn", "run_at")
    # No more run than there are slots. Of the others there can be any number.
    recent = tasks.filter(status=status) if status == Status.RUNNING else without_others(newest(tasks), status)
    return named(recent.filter(**of_program), text).order_by("-id")


def with_status(tasks, status):
    return tasks.filter(status=status) if status else tasks


def without_others(tasks, status):
    """As `with_status`, in words that lead to no index: SQLite would prefer the index, which knows nothing of ids."""
    return tasks.exclude(status__in=[other for other in Status if other != status]) if status else tasks


def named(tasks, text):
    # Lowered, because the collation of MariaDB tells cases apart.
    lowered = tasks.alias(lower=Lower("name"))
    return lowered.filter(lower__contains=Lower(Value(text))) if text else tasks


def user_named(text):
    """The user of this name, or None."""
    users = get_user_model().objects
    try:
        return users.get_by_natural_key(text) if text else None
    except users.model.DoesNotExist:
        return None
