"""What migrations of tables in use need and Django has for PostgreSQL only."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations import AddIndex


class AddIndexInUse(AddIndexConcurrently):
    """Adds an index to a table that is in use: on PostgreSQL concurrently, so that who writes to it need not wait.

    MariaDB does so by itself; SQLite is one machine's.

    Its migration says `atomic = False` and does nothing else.
    """

    def database_forwards(self, app_label, schema_editor, *states):
        way = AddIndexConcurrently if schema_editor.connection.vendor == "postgresql" else AddIndex
        way.database_forwards(self, app_label, schema_editor, *states)

    def database_backwards(self, app_label, schema_editor, *states):
        way = AddIndexConcurrently if schema_editor.connection.vendor == "postgresql" else AddIndex
        way.database_backwards(self, app_label, schema_editor, *states)
