"""Rows written by the hundred. The ORM's bulk_create spends most of its time on each value of each row; forking ten
thousand tasks, and the events of every group of moves, are the hot path of this project."""

from django.db import connection
from django.utils import timezone

from taskapi.models.event import TaskEvent
from taskapi.models.output import TaskOutput

CHUNK = 500


def insert(objects):
    """INSERTs these new objects of one model, and sets their primary keys, in the transaction of the caller."""
    if not connection.features.can_return_rows_from_bulk_insert:
        for obj in objects:
            obj.save(force_insert=True)
        return
    key, *fields = objects[0]._meta.concrete_fields
    columns = ", ".join(quoted(field.column) for field in fields)
    row = f"({', '.join(['%s'] * len(fields))})"
    head = f"INSERT INTO {quoted(key.model._meta.db_table)} ({columns}) VALUES"
    with connection.cursor() as cursor:
        for start in range(0, len(objects), CHUNK):
            chunk = objects[start : start + CHUNK]
            values = interleave([prepared(field, chunk) for field in fields])
            cursor.execute(f"{head} {', '.join([row] * len(chunk))} RETURNING {quoted(key.column)}", values)
            for obj, (pk,) in zip(chunk, cursor.fetchall(), strict=True):
                obj.pk, obj._state.adding, obj._state.db = pk, False, connection.alias


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


def note(ids, by):
    """Writes the event of each of these tasks' latest move, as their rows have it; `by` is a user or None."""
    tasks = quoted(TaskEvent._meta.get_field("task").related_model._meta.db_table)
    head = f"INSERT INTO {quoted(TaskEvent._meta.db_table)} (task_id, status, reason, by_id, {quoted('at')})"
    with connection.cursor() as cursor:
        for start in range(0, len(ids), 10 * CHUNK):
            chunk = ids[start : start + 10 * CHUNK]
            those = f"WHERE id IN ({', '.join(['%s'] * len(chunk))}) ORDER BY id"
            # Put together from names of ours only; every value is a parameter.
            latest = f"SELECT id, status, reason, %s, updated_at FROM {tasks} {those}"  # noqa: S608
            cursor.execute(f"{head} {latest}", [by and by.pk, *chunk])


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


def quoted(name):
    return connection.ops.quote_name(name)
