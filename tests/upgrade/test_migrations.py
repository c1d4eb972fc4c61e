"""Migrations run while the version before goes on serving; docs/operations.md has the rule that is held here."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED

from taskmanager.migrations import AddIndexInUse

# Up to these, no version was released.
BASELINE = {"taskapi": "0006_notify", "userapi": "0003_webhooks"}
# Later ones that break the rule and are harmless all the same: {(app, name): why}.
REVIEWED = {}
STATE_ONLY = (migrations.AlterModelOptions, migrations.AlterModelManagers)
RULE = "It would lock out or break processes that are still running; see docs/operations.md, Migrations."


def problems(migration):
    """What in a migration the version before could not live with, or a large table would be locked for."""
    new, found = set(), []
    for operation in migration.operations:
        if isinstance(operation, migrations.CreateModel):
            new.add(operation.name_lower)
        elif getattr(operation, "model_name_lower", None) not in new and not is_harmless(operation):
            found.append(f"{migration}: {operation.describe()}. {RULE}")
    if (
        any(isinstance(operation, AddIndexInUse) for operation in migration.operations)
        and len(migration.operations) > 1
    ):
        found.append(f"{migration}: an index that is built concurrently needs a migration of its own.")
    return found


def is_harmless(operation):
    if isinstance(operation, migrations.AddField):
        return operation.field.many_to_many or is_additive(operation.field)
    return isinstance(operation, (AddIndexInUse, *STATE_ONLY))


def is_additive(field):
    """Whether the version before can write rows without this column, and the column comes without reading them all."""
    has_value = field.null or field.db_default is not NOT_PROVIDED
    return has_value and not (field.unique or field.db_index or field.remote_field)


def later_migrations():
    nodes = MigrationLoader(None).disk_migrations
    return [migration for (app, name), migration in nodes.items() if app in BASELINE and name > BASELINE[app]]


def migration(*operations):
    made = migrations.Migration("0009_x", "taskapi")
    made.operations = operations
    return made


def test_those_since_the_baseline_keep_to_the_rule():
    later = [migration for migration in later_migrations() if (migration.app_label, migration.name) not in REVIEWED]
    assert [problem for migration in later for problem in problems(migration)] == []


def test_the_baseline_is_there():
    assert set(BASELINE.items()) <= set(MigrationLoader(None).disk_migrations)


INDEX = models.Index(fields=["name"], name="task_x")
TEXT = models.TextField()


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("task", "x", models.TextField(default="")),
        migrations.AddField("task", "x", models.IntegerField(null=True, db_index=True)),
        migrations.AddField("task", "x", models.ForeignKey("userapi.User", models.CASCADE, null=True, db_index=False)),
        migrations.AddIndex("task", INDEX),
        migrations.AlterField("task", "name", TEXT),
        migrations.RemoveField("task", "name"),
        migrations.RenameField("task", "name", "title"),
        migrations.RenameModel("Task", "Process"),
        migrations.DeleteModel("Task"),
        migrations.AddConstraint("task", models.CheckConstraint(condition=models.Q(nice=0), name="x")),
        migrations.RunPython(migrations.RunPython.noop),
        migrations.RunSQL("UPDATE taskapi_task SET nice = 0"),
    ],
    ids=lambda operation: operation.describe(),
)
def test_what_locks_a_table_or_breaks_a_running_process_is_found(operation):
    [problem] = problems(migration(operation))
    assert RULE in problem


@pytest.mark.parametrize(
    "operations",
    [
        [migrations.AddField("task", "x", models.TextField(db_default=""))],
        [migrations.AddField("task", "x", models.IntegerField(null=True))],
        [migrations.CreateModel("New", [("x", TEXT)]), migrations.AddIndex("new", INDEX)],
        [AddIndexInUse("task", INDEX)],
        [migrations.AlterModelOptions("task", {"verbose_name": "x"})],
    ],
    ids=str,
)
def test_what_only_adds_is_not(operations):
    assert problems(migration(*operations)) == []


def test_an_index_built_concurrently_is_alone():
    [problem] = problems(migration(AddIndexInUse("task", INDEX), migrations.AlterModelOptions("task", {})))
    assert "of its own" in problem


@pytest.mark.django_db(transaction=True)  # no transaction around it
def test_postgresql_builds_such_an_index_while_others_write():
    output = StringIO()
    call_command("sqlmigrate", "taskapi", "0004", stdout=output)
    assert ("CONCURRENTLY" in output.getvalue()) == (connection.vendor == "postgresql")
    assert "task_ended" in output.getvalue()
