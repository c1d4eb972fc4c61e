"""Databases of the bench's own: with the tables and one user, gone at the end."""

import os
import secrets
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from taskapi.models import Status, Task, TaskEvent
from userapi.models import Token, User


@dataclass
class Database:
    url: str
    stamps: str = os.devnull

    @property
    def environment(self):
        return {"DATABASE_URL": self.url, "BENCH_STAMPS": self.stamps}

    def stamped(self, what):
        """When each task did that, by its id."""
        words = [line.split() for line in Path(self.stamps).read_text().splitlines()]
        return {int(task_id): float(at) for name, task_id, at in words if name == what}


def prepare():
    """Makes the tables and the user, and logs it in; returns the token."""
    call_command("migrate", verbosity=0)
    token = Token.objects.create(User.objects.create_user("bench", password="bench"))[1]  # noqa: S106  its own
    connection.close()
    return token


@contextmanager
def sqlite():
    """A copy of this process' own database, which is prepared."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        shutil.copy(settings.DATABASES["default"]["NAME"], f"{folder}/bench.sqlite3")
        yield Database(f"sqlite:///{folder}/bench.sqlite3", f"{folder}/stamps")


@contextmanager
def postgres(url):
    """A new database on the server of this URL, to which the user of the URL must be allowed to add one."""
    import psycopg

    name = f"bench_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield Database(urlsplit(url)._replace(path=f"/{name}").geturl())
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def fill(count, columns=None, **spec):
    """So many tasks of the user: one that is forked as usual, with these columns changed, and copies of its row."""
    [first] = Task.objects.fork(User.objects.get(), [{"name": "bench"} | spec])
    if columns:
        Task.objects.filter(pk=first.pk).update(**columns)
    copy(Task, first.pk, count - 1, turn="turn + k.n", name="name || ' ' || k.n")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TaskEvent._meta.db_table} (task_id, status, reason, by_id, at)"  # noqa: S608  names of ours
            f" SELECT id, status, reason, owner_id, created_at FROM {Task._meta.db_table} WHERE id > %s",
            [first.pk],
        )


def copy(model, pk, count, **values):
    """So many copies of a row, by one statement; k.n counts them."""
    columns = [field.column for field in model._meta.local_concrete_fields if not field.primary_key]
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < %s)"  # noqa: S608  names of ours
            f" INSERT INTO {table} ({', '.join(columns)})"
            f" SELECT {', '.join(values.get(column, column) for column in columns)} FROM {table}, k WHERE id = %s",
            [count, pk],
        )


def fill_ended(count):
    """So many tasks that ended a day ago."""
    then = timezone.now() - timedelta(days=1)
    fill(count, {"status": Status.COMPLETED, "turn": None, "started_at": then, "ended_at": then, "completed_at": then})
