"""Rows written by the hundred, and what each fork reads. The ORM's bulk_create spends most of its time on each value of
each row, and its aggregates take ten times as long to build as to run. Forking, ten thousand at once or one in each
request, and writing the events of every group of moves are the hot path of this project."""

from functools import cache

from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from taskapi.models.event import TaskEvent
from taskapi.models.output import TaskOutput
from taskapi.models.status import OPEN
from taskapi.models.worker import Worker
from taskmanager import request_id

CHUNK = 500


def new(model, specs, **common):
    """New objects of this model, one for each dict of columns, by the names of their attributes; not yet stored."""
    fresh = defaults(model) | common
    # By position is much the fastest way to make a model.
    return [model(*(fresh | {"arguments": {}} | spec).values()) for spec in specs]


@cache
def defaults(model):
    """The columns of a new row; those that must not be shared are set by new()."""
    return {field.attname: field.get_default() for field in model._meta.concrete_fields}


def insert(objects):
    """INSERTs these new objects of one model, and sets their primary keys, in the transaction of the caller."""
    if not connection.features.can_return_rows_from_bulk_insert:
        for obj in objects:
            obj.save(force_insert=True)
        return
    fields, head, row, end = insertion(type(objects[0]))
    with connection.cursor() as cursor:
        for start in range(0, len(objects), CHUNK):
            chunk = objects[start : start + CHUNK]
            values = interleave([prepared(field, chunk) for field in fields])
            cursor.execute(f"{head} {', '.join([row] * len(chunk))} {end}", values)
            for obj, (pk,) in zip(chunk, cursor.fetchall(), strict=True):
                obj.pk, obj._state.adding, obj._state.db = pk, False, connection.alias


@cache
def insertion(model):
    """(fields, SQL before the rows, of each row, after the rows) of an INSERT into the table of this model."""
    key, *fields = model._meta.concrete_fields
    columns = ", ".join(quoted(field.column) for field in fields)
    row = f"({', '.join(['%s'] * len(fields))})"
    head = f"INSERT INTO {quoted(model._meta.db_table)} ({columns}) VALUES"
    return fields, head, row, f"RETURNING {quoted(key.column)}"


def prepared(field, objects):
    """The column of these objects as the database takes it; a value shared by neighbours is prepared once."""
    column, last = [], object()
    for obj in objects:
        value = getattr(obj, field.attname)
        if value is not last:
            last, ready = value, field.get_db_prep_save(value, connection)
        column.append(ready)
    return column


def interleave(columns):
    """Row after row, from columns."""
    return [value for row in zip(*columns, strict=True) for value in row]


def note(moves, by, at):
    """Writes the event of each of these moves, (task id, status, reason); `by` is a user or None.

    What a user did, the current request asked for; whatever else moves meanwhile is the system's. As plain rows: for
    INSERT ... SELECT, MariaDB leaves gaps in the ids, which readers of the events would wait for.
    """
    row, asked = "(%s, %s, %s, %s, %s, %s)", request_id.current.get() if by else ""
    rest = (by and by.pk, connection.ops.adapt_datetimefield_value(at), asked)
    columns = f"(task_id, status, reason, by_id, {quoted('at')}, request_id)"
    head = f"INSERT INTO {quoted(TaskEvent._meta.db_table)} {columns} VALUES"
    with connection.cursor() as cursor:
        for start in range(0, len(moves), CHUNK):
            chunk = moves[start : start + CHUNK]
            values = [value for pk, to, reason in chunk for value in (pk, str(to), str(reason), *rest)]
            cursor.execute(f"{head} {', '.join([row] * len(chunk))}", values)


def ends_of_queue(model, owner, turns, program=None):
    """(lowest turn that waits, highest one of this user's) in this range of turns; None where there is none.

    Given a program, the second is of its tasks only.
    """
    waiting = f"FROM {quoted(model._meta.db_table)} WHERE turn BETWEEN %s AND %s"
    # In a shape that has no index, or SQLite would read all that the user ever had of the program.
    his = "AND owner_id = %s" if program is None else "AND owner_id = %s AND COALESCE(program, '') = %s"
    ends = f"SELECT (SELECT MIN(turn) {waiting}), (SELECT MAX(turn) {waiting} {his})"
    with connection.cursor() as cursor:
        cursor.execute(ends, [*turns, *turns, owner] + [program] * (program is not None))
        return cursor.fetchone()


def count_open(model, owner, most):
    """How many open tasks this user has; counted up to this number."""
    theirs = f"FROM {quoted(model._meta.db_table)} WHERE owner_id = %s AND status IN ({', '.join(['%s'] * len(OPEN))})"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*) FROM (SELECT 1 {theirs} LIMIT %s) AS those",  # noqa: S608  names of ours only
            [owner, *map(str, OPEN), most],
        )
        return cursor.fetchone()[0]


def notifying(model, ids):
    """Those of these ids whose tasks have a notify_url."""
    table, marks = quoted(model._meta.db_table), ", ".join(["%s"] * len(ids))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {table} WHERE id IN ({marks}) AND notify_url <> ''",  # noqa: S608  a name of ours
            list(ids),
        )
        return [pk for (pk,) in cursor.fetchall()]


def set_progress(reports):
    """UPDATEs the progress of the tasks of these Reports, whose rows the caller has locked."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    values = [(*report.progress, now, report.task_id) for report in reports if report.progress]
    if not values:
        return
    table = quoted(TaskEvent._meta.get_field("task").related_model._meta.db_table)
    columns = "progress = %s, progress_text = %s, updated_at = %s"
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {columns} WHERE id = %s", values)  # noqa: S608  names of ours only


def print_all(reports):
    """INSERTs the output in these Reports; what is there already is there."""
    pieces = [TaskOutput(task_id=r.task_id, offset=r.offset, data=r.data) for r in reports if r.data]
    TaskOutput.objects.bulk_create(pieces, batch_size=CHUNK // 10, ignore_conflicts=True)


def lock_users(ids, fork=True):
    """Has others who lock these users wait until the end of the transaction; always before rows that name them.

    With fork=False only those who fork wait, and only where foreign keys lock what they name, on MariaDB: there whoever
    holds a task and wants its user would meet whoever holds the user and wants the task.
    """
    if not fork:
        share(get_user_model(), ids)
    elif connection.features.has_select_for_update:
        no_key = connection.features.has_select_for_no_key_update
        users = get_user_model().objects.select_for_update(no_key=no_key).filter(pk__in=ids)
        list(users.order_by("pk").values_list("pk"))


def lock_named(tasks, by):
    """The same for who will move these tasks and name their owners, where they are notified, and `by`, a user or None.

    First the workers, because whoever claims holds his when he comes to the users.
    """
    if not keys_lock():
        return
    found = list(tasks.values_list("owner", "worker", "notify_url"))
    users = {owner for owner, _, url in found if url} | ({by.pk} if by else set())
    if users:
        share(Worker, {worker for _, worker, _ in found if worker})
        share(get_user_model(), users)


def share(model, ids):
    """Takes the lock on these rows that a foreign key takes on MariaDB; others can take it, too."""
    if not (ids and keys_lock()):
        return
    table, marks = quoted(model._meta.db_table), ", ".join(["%s"] * len(ids))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {table} WHERE id IN ({marks}) ORDER BY id LOCK IN SHARE MODE",  # noqa: S608  a name of ours
            list(ids),
        )


def keys_lock():
    """Whether to write a row locks, against who forks, the rows that it names."""
    features = connection.features
    return features.has_select_for_update and not features.has_select_for_no_key_update


def quoted(name):
    return connection.ops.quote_name(name)
