"""What `GET tasks/` and `DELETE tasks/` understand in their query string."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from operator import itemgetter

from django.db import connection
from django.db.models import Q, TextField, Value
from django.db.models.functions import Cast, Lower
from rest_framework.exceptions import ValidationError
from rest_framework.fields import DateTimeField
from rest_framework.utils.urls import replace_query_param

from taskapi import answers
from taskapi.models import Limits, Status, Task
from taskapi.programs import programs
from taskmanager.prepared import Prepared
from taskmanager.wire import ID_LIMIT, UNKNOWN_SHOWN, dumps

PAGE = 1_000
# Fields that can be large: with one of them, rows are read BATCH by BATCH until they are PAGE_BYTES together.
LARGE = frozenset(["arguments", "result"])
BATCH, PAGE_BYTES = 32, 8 * 2**20
LONGEST_WAIT = 60  # seconds
ORDERINGS = ("-created_at", "created_at")
CHOOSING = ("status", "program", "q", "notifies", "created_after", "created_before")
SHOWING = ("fields", "ordering", "limit", "cursor")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LATEST = timedelta(days=365_000)


def page(tasks, parameters, url):
    """(rows, URL of the next page or None) of a user's tasks, as the parameters ask for them; newest first by default.

    By keyset: the cursor is the place of the last task seen, so that the thousandth page costs what the first does.
    Raises ValidationError.
    """
    check_known(parameters, (*CHOOSING, *SHOWING))
    names = wanted_fields(parameters)
    limit = whole_number(parameters, "limit", PAGE, PAGE)
    newest_first = one_of(parameters, "ordering", ORDERINGS) == ORDERINGS[0]
    place = read_cursor(parameters["cursor"]) if "cursor" in parameters else None
    chosen = in_parts(tasks, parameters) if parameters.keys() & set(CHOOSING) else None

    def first(place, count):
        if chosen is None:
            return plain_page(tasks.instance.pk, place, tuple(names), count, newest_first)
        parts = [part for tasks in chosen for part in after(tasks, place, newest_first)]
        return first_of(parts, names, count, newest_first)

    found, more = read(first, place, limit, limit if LARGE.isdisjoint(names) else BATCH)
    rows = [answers.row(names, values) for _, _, *values in found]
    return rows, replace_query_param(url, "cursor", cursor_of(*found[-1][:2])) if more else None


def killable(tasks, parameters):
    """Those of these tasks that the parameters choose. Raises ValidationError, also when they choose nothing."""
    check_known(parameters, CHOOSING)
    if not parameters:
        raise ValidationError({"detail": f"Say which tasks to kill, by some of: {', '.join(CHOOSING)}."})
    tasks = choose(tasks, parameters)
    return tasks.filter(status__in=statuses(parameters["status"])) if "status" in parameters else tasks


def in_parts(tasks, parameters):
    """The tasks that the parameters choose, as one query for each status, each of which is one range of an index."""
    tasks = choose(tasks, parameters)
    if "status" not in parameters:
        return [tasks]
    # In the order in which a task goes through them, so that one which moves on meanwhile is not missed.
    wanted = statuses(parameters["status"])
    return [tasks.filter(status=status) for status in Status if status in wanted]


def choose(tasks, parameters):
    """The tasks that the parameters choose, whatever their status."""
    checks = {
        "program": by_program,
        "q": by_text,
        "notifies": by_notified,
        "created_after": by_time,
        "created_before": by_time,
    }
    for name in checks.keys() & parameters.keys():
        tasks = checks[name](tasks, parameters, name)
    return tasks


def statuses(text):
    words = {word.strip().lower() for word in text.split(",")}
    if unknown := words.difference(Status.values):
        raise ValidationError({"status": [f"There is no status {min(unknown)!r}. Known are: {', '.join(Status)}."]})
    return words


def by_program(tasks, parameters, name):
    program = parameters[name]
    if "\0" in program or not (program in programs or tasks.filter(program=program).exists()):
        known = ", ".join(sorted(programs))
        raise ValidationError({name: [f"There is no program of this name. Known are: {known}."]})
    return tasks.filter(program=program)


def by_text(tasks, parameters, name):
    text = parameters[name]
    if "\0" in text or not 0 < len(text) <= Limits.NAME:
        raise ValidationError({name: [f"Expected 1 to {Limits.NAME} characters to look for."]})
    # Lowered on both sides, because the collation of MariaDB that ids and keys need tells cases apart; and both by the
    # database, which may know fewer letters than Python.
    lowered, text = tasks.alias(name_lower=Lower("name"), description_lower=Lower("description")), Lower(Value(text))
    return lowered.filter(Q(name_lower__contains=text) | Q(description_lower__contains=text))


def by_notified(tasks, parameters, name):
    return tasks.filter(notifies=whole_number(parameters, name, None, ID_LIMIT - 1))


def by_time(tasks, parameters, name):
    try:
        # A plus that was not encoded arrives as a space.
        moment = DateTimeField().to_internal_value(parameters[name].replace(" ", "+"))
    except ValidationError as error:
        raise ValidationError({name: error.detail}) from None
    return tasks.filter(created_at__gte=moment) if name == "created_after" else tasks.filter(created_at__lt=moment)


def read(first, place, limit, batch):
    """(rows, whether more follow): so many rows, or fewer when they are large, from first(place, count) in batches."""
    rows, size = [], 0
    while True:
        batch = min(batch, limit - len(rows))
        found = first(place, batch + 1)
        rows += found[:batch]
        if len(found) <= batch:
            return rows, False
        if len(rows) >= limit:
            return rows, True
        size += len(dumps(found))
        if size > PAGE_BYTES:
            return rows, True
        place = moment_of(rows[-1][0]), rows[-1][1]


def after(tasks, place, newest_first):
    """Those of the tasks that come after this place, or all when it is None; each query is one range of an index."""
    if place is None:
        return [tasks]
    created_at, pk = place
    way = "lt" if newest_first else "gt"
    return [
        tasks.filter(created_at=created_at, **{f"id__{way}": pk}),
        tasks.filter(**{f"created_at__{way}": created_at}),
    ]


def cursor_of(created, pk):
    return f"{(moment_of(created) - EPOCH) // MICROSECOND}-{pk}"


def moment_of(created):
    """The time that `first_rows` has as text."""
    moment = datetime.fromisoformat(created)
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def read_cursor(text):
    """(created_at, id) from a cursor. Raises ValidationError."""
    microseconds, _, pk = text.partition("-")
    numbers = [number for number in (microseconds, pk) if number.isascii() and number.isdigit() and len(number) < 20]
    if len(numbers) < 2 or int(microseconds) * MICROSECOND > LATEST or int(pk) >= ID_LIMIT:
        raise ValidationError({"cursor": ["Take it from the Link header of a page, as it is."]})
    return EPOCH + int(microseconds) * MICROSECOND, int(pk)


def first_of(parts, names, limit, newest_first):
    """The first rows of these queries together, as `first_rows` has them."""
    rows = [row for part in parts for row in first_rows(part, names, limit, newest_first)]
    once = {row[1]: row for row in rows}  # the later one of a task that has moved on
    return sorted(once.values(), key=itemgetter(0, 1), reverse=newest_first)[:limit]


def first_rows(tasks, names, limit, newest_first):
    """The query for the first rows, each [created_at as text, id, *what is selected for the names].

    As text, which sorts alike: making a datetime of each takes as long as all the rest, and only the last one is used.
    """
    order = ("-created_at", "-id") if newest_first else ("created_at", "id")
    columns = [Cast("created_at", TextField()), "id", *answers.columns(names)]
    return tasks.order_by(*order).values_list(*columns)[:limit]


def plain_page(owner, place, names, limit, newest_first):
    """What most lists ask for: the first rows of all tasks of a user after this place, if there is one."""
    found = []
    for query, parameters in zip(
        plain_queries(place is not None, names, limit, newest_first), bounds(place), strict=True
    ):
        if len(found) < limit:
            found += query.rows(owner, *parameters)
    return found[:limit]


@lru_cache(maxsize=100)
def plain_queries(further, names, limit, newest_first):
    """Those of a plain page; their parameters are the owner and what `bounds` says."""
    parts = after(Task.objects.filter(owner=0), (EPOCH, 0) if further else None, newest_first)
    return [Prepared(first_rows(part, names, limit, newest_first)) for part in parts]


def bounds(place):
    """The parameters of the conditions of `after`, for each of its queries."""
    if place is None:
        return [()]
    created_at, pk = connection.ops.adapt_datetimefield_value(place[0]), place[1]
    return [(created_at, pk), (created_at,)]


def wanted_fields(parameters):
    """The names of the fields to answer. Raises ValidationError."""
    if "fields" not in parameters:
        return answers.LS
    names = [name.strip() for name in parameters["fields"].split(",")]
    if unknown := [name for name in names if name not in (*answers.WHOLE, "all")]:
        text = f"There is no field {unknown[0]!r}. Known are: all, {', '.join(answers.WHOLE)}."
        raise ValidationError({"fields": [text]})
    return answers.WHOLE if "all" in names else list(dict.fromkeys(names))


def check_known(parameters, known):
    """Raises a ValidationError that names parameters that are not known, or each that is there more than once."""
    if unknown := list(islice((name for name in parameters if name not in known), UNKNOWN_SHOWN)):
        raise ValidationError({name: [f"Unknown parameter. Known are: {', '.join(known)}."] for name in unknown})
    if repeated := [name for name in parameters if len(parameters.getlist(name)) > 1]:
        raise ValidationError({name: ["Given more than once."] for name in repeated})


def one_of(parameters, name, known):
    """The parameter, which is one of these, the first by default. Raises ValidationError."""
    value = parameters.get(name, known[0])
    if value not in known:
        raise ValidationError({name: [f"Expected one of: {', '.join(known)}."]})
    return value


def output_place(parameters):
    """(offset to read the output of a task from, whether to follow it). Raises a ValidationError."""
    check_known(parameters, ("offset", "follow"))
    offset = whole_number(parameters, "offset", 0, ID_LIMIT - 1, least=0)
    return offset, one_of(parameters, "follow", ("0", "1")) == "1"


def seconds_to_wait(parameters):
    """For how long to wait for the end of a task. Raises a ValidationError."""
    check_known(parameters, ("wait",))
    return whole_number(parameters, "wait", 0, LONGEST_WAIT, least=0)


def last_event(headers):
    """The id after which a stream of events goes on, or None. Raises a ValidationError."""
    return whole_number(headers, "Last-Event-ID", None, ID_LIMIT - 1, least=0)


def whole_number(parameters, name, default, most, least=1):
    """The parameter as a number in this range, or the default where it is missing. Raises a ValidationError."""
    if name not in parameters:
        return default
    text = parameters[name]
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        raise ValidationError({name: [f"Expected a whole number from {least} to {most}."]})
    return int(text)
