"""What migrations of tables in use need and Django has for PostgreSQL only."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations import AddIndex


class AddIndexInUse(AddIndexConcurrently):
    """Adds an index to a table that is in use: on PostgreSQL concurrently, so that nobody waits who writes to it.

    MariaDB does that by itself, and SQLite has nobody to wait but this machine.

    Its migration says `atomic = False` and does nothing else.
    """

    def database_forwards(self, app_label, schema_editor, *states):
        way = AddIndexConcurrently if schema_editor.connection.vendor == "postgresql" else AddIndex
        way.database_forwards(self, app_label, schema_editor, *states)

    def database_backwards(self, app_label, schema_editor, *states):
        way = AddIndexConcurrently if schema_editor.connection.vendor == "postgresql" else AddIndex
        way.database_backwards(self, app_label, schema_editor, *states)
