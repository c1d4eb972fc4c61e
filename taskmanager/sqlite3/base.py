"""Django's SQLite, with the writers of one process waiting in line for each other, and LOWER() for all letters.

SQLite makes a writer that finds the database locked sleep, up to 100 ms at a time, and try again: whoever comes by
first has it. With a few hundred writes a second some wait for a second. A lock wakes the next one at once. Writers in
other processes are waited for as before.
"""

import threading

from django.db.backends.sqlite3 import base

turn = threading.Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    _has_turn = False

    def get_new_connection(self, parameters):
        connection = super().get_new_connection(parameters)
        # SQLite's own knows A to Z only.
        connection.create_function("lower", 1, lower, deterministic=True)
        return connection

    def _start_transaction_under_autocommit(self):
        # After the timeout it goes on without: then SQLite decides, and says that the database is locked.
        self._has_turn = turn.acquire(timeout=self.settings_dict["OPTIONS"]["timeout"])
        try:
            super()._start_transaction_under_autocommit()
        except BaseException:
            self._pass_turn()
            raise

    def _commit(self):
        try:
            super()._commit()
        finally:
            self._pass_turn()

    def _rollback(self):
        try:
            super()._rollback()
        finally:
            self._pass_turn()

    def _close(self):
        try:
            super()._close()
        finally:
            self._pass_turn()

    def _pass_turn(self):
        if self._has_turn:
            self._has_turn = False
            turn.release()


def lower(value):
    return value.lower() if isinstance(value, str) else value
