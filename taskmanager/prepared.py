"""Queries of the ORM that are compiled once. Where each request makes one, building it takes most of the time."""

from functools import partial

from django.db import DEFAULT_DB_ALIAS, connection, connections


class Prepared:
    """A queryset that is run with other parameters than it was made with."""

    def __init__(self, queryset):
        own = connections.create_connection(DEFAULT_DB_ALIAS)  # a compiler keeps its connection for good
        compiler = queryset.query.get_compiler(connection=own)
        self._sql, _ = compiler.as_sql()
        converters = compiler.get_converters([column for column, _, _ in compiler.select])
        self._convert = partial(compiler.apply_converters, converters=converters)
        own.close()

    def rows(self, *parameters):
        """The rows with these parameters, which are in the order of the SQL, as lists of what was selected."""
        with connection.cursor() as cursor:
            cursor.execute(self._sql, parameters)
            return list(self._convert(cursor.fetchall()))
