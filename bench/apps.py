"""Counts the queries of this process, by the name of the thread that made them; see bench.urls."""

import threading
from collections import Counter

from django.apps import AppConfig
from django.db.backends.signals import connection_created

queries = Counter()


class BenchConfig(AppConfig):
    name = "bench"

    def ready(self):
        connection_created.connect(watch)


def watch(connection, **kwargs):
    if tally not in connection.execute_wrappers:
        connection.execute_wrappers.append(tally)


def tally(execute, sql, params, many, context):
    queries[threading.current_thread().name] += 1
    return execute(sql, params, many, context)
