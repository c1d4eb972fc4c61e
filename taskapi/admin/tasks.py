import json

from django.contrib import admin, messages
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from rest_framework.exceptions import APIException

from taskapi.admin.found import found
from taskapi.engines import get_engine
from taskapi.models import Limits, Status, Task
from taskapi.permissions import check_again
from taskapi.programs import programs
from taskapi.serializers import again
from taskmanager.admin.lists import WINDOW, BoundedList, ReadOnly

# How many tasks an action takes: one that kills them all at once, and one that forks each by itself.
KILL_LIMIT, RESTART_LIMIT = 1_000, 100
# How much of a task its page shows; the API has all of it.
SHOWN = 10_000  # characters
OUTPUT_SHOWN = 16 * 2**10  # bytes
EVENTS_SHOWN = 100
ERRORS_SHOWN = 5


class Chosen(admin.SimpleListFilter):
    """A filter that leaves it to `found` what to do about it. What is not among its choices is not chosen."""

    def value(self):
        value = super().value()
        return value if value in dict(self.lookup_choices) else None

    def queryset(self, request, tasks):
        return tasks


class StatusFilter(Chosen):
    title = parameter_name = "status"

    def lookups(self, request, model_admin):
        return Status.choices


class ProgramFilter(Chosen):
    title = parameter_name = "program"

    def lookups(self, request, model_admin):
        return [(name, name) for name in sorted(programs)]


class TaskList(BoundedList):
    def get_queryset(self, request, **options):
        # Without what can be large: a page of results could have a hundred megabytes.
        tasks = super().get_queryset(request, **options).defer("description", "arguments", "result", "error")
        chosen = {spec.parameter_name: spec.value() for spec in self.filter_specs}
        return found(tasks, text=self.query.strip()[: Limits.NAME], **chosen)


@admin.register(Task)
class TaskAdmin(ReadOnly):
    """Any user's tasks: to read, to kill and to restart."""

    list_display = ("id", "name", "owner", "state", "program", "created_at", "started_at", "ended_at")
    list_display_links = ("id", "name")
    list_filter = (StatusFilter, ProgramFilter)
    list_select_related = ("owner",)
    search_fields = ("id",)
    search_help_text = (
        "The id of a task, the name of a user, or part of a task's name. "
        f"Of many tasks the newest {WINDOW:,} are looked at."
    )
    actions = ("kill", "restart")
    fieldsets = (
        (None, {"fields": ("id", "name", "description", "owner", "state", "error", "exit_code")}),
        ("Program", {"fields": ("program", "given", "nice", "run_at", "timeout", "max_attempts", "notify_url")}),
        ("Run", {"fields": ("worker", "attempt", "progress", "progress_text", "returned", "printed")}),
        ("History", {"fields": ("created_at", "started_at", "ended_at", "restarted_from", "notifies", "moves")}),
    )

    def get_changelist(self, request, **options):
        return TaskList

    def get_search_results(self, request, tasks, text):
        return tasks, False  # TaskList has done it

    @admin.display(description="status")
    def state(self, task):
        return f"{task.get_status_display()} {task.reason}".rstrip()

    @admin.display(description="arguments")
    def given(self, task):
        return preformatted(json.dumps(task.arguments, indent=2, ensure_ascii=False))

    @admin.display(description="result")
    def returned(self, task):
        return preformatted("" if task.result is None else json.dumps(task.result, indent=2, ensure_ascii=False))

    @admin.display(description="end of its output")
    def printed(self, task):
        end = task.output.end_of(task.pk)
        return preformatted(task.output.read(max(0, end - OUTPUT_SHOWN), OUTPUT_SHOWN).decode(errors="replace"))

    @admin.display(description="events")
    def moves(self, task):
        events = task.events.select_related("by").order_by("-id")[:EVENTS_SHOWN]
        rows = ((localize(event.at), event.status, event.reason, event.by or "the system") for event in events)
        return format_html_join("", "<div>{}: {} {} by {}</div>", rows)

    def has_kill_permission(self, request):
        return request.user.has_perm("taskapi.change_task")

    def has_restart_permission(self, request):
        return request.user.has_perm("taskapi.add_task")

    @admin.action(description="Kill the selected tasks", permissions=["kill"])
    def kill(self, request, tasks):
        if ids := self.at_most(KILL_LIMIT, request, tasks):
            killed = get_engine().killall(Task.objects.filter(pk__in=ids), by=request.user)
            self.message_user(
                request, f"Killed: {killed:,}. Had ended before: {len(ids) - killed:,}.", messages.SUCCESS
            )

    @admin.action(description="Restart the selected tasks, for their owners", permissions=["restart"])
    def restart(self, request, tasks):
        ids = self.at_most(RESTART_LIMIT, request, tasks)
        chosen = Task.objects.filter(pk__in=ids).select_related("owner")
        refused = [error for task in chosen if (error := restart(task, request.user))]
        if ids:
            self.message_user(request, f"Restarted: {len(ids) - len(refused):,}.", messages.SUCCESS)
        for text in refused[:ERRORS_SHOWN]:
            self.message_user(request, text, messages.ERROR)

    def at_most(self, limit, request, tasks):
        """The ids of these tasks, or none and a message when there are more than that."""
        ids = list(tasks.order_by().values_list("pk", flat=True)[: limit + 1])
        if len(ids) <= limit:
            return ids
        self.message_user(request, f"Nothing was done: at most {limit:,} tasks at once.", messages.ERROR)
        return []


def restart(task, by):
    """Forks a task like this one for its owner, which both may do. Returns why not, if it was refused."""
    if not task.owner.is_active:
        return f"Task {task.pk}: its owner is not active."
    try:
        spec = again(task)
        check_again(task.owner, spec)
        check_again(by, spec)
        get_engine().fork(task.owner, [spec], by=by)
    except APIException as error:
        return f"Task {task.pk}: {first_text(error.detail)}"
    except Task.DoesNotExist:
        return f"Task {task.pk}: it has just been pruned."
    return None


def first_text(detail):
    """The first sentence in what an APIException says, which may be nested."""
    while isinstance(detail, (dict, list)):
        detail = next(iter(detail.values() if isinstance(detail, dict) else detail))
    return str(detail)


def preformatted(text):
    rest = f"\n... {len(text):,} characters in all" if len(text) > SHOWN else ""
    return format_html("<pre>{}{}</pre>", text[:SHOWN], rest)
