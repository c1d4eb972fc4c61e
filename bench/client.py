"""An HTTP client that keeps its connection, as browsers and libraries do."""

import http.client
import json
import os
import re
import time

from tests.server import Server


def serve(database, engine="threads", server=Server, **environment):
    """`manage.py up`, or another server, in a process of its own, on this database."""
    return server(database.url, BENCH_STAMPS=database.stamps, TASK_ENGINE=engine, **environment)


class Client:
    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        self.headers = {"Authorization": f"Token {os.environ['BENCH_TOKEN']}", "Content-Type": "application/json"}

    def call(self, method, path, body=None):
        """What was answered, as JSON, and the answer itself. Raises RuntimeError unless it is a success."""
        self.connection.request(method, path, json.dumps(body) if body else None, self.headers)
        answer = self.connection.getresponse()
        data = answer.read()
        if not 200 <= answer.status < 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:500]}")
        return json.loads(data), answer

    def timed(self, *request):
        """Seconds that this request took, until its answer was read."""
        started = time.perf_counter()
        self.call(*request)
        return time.perf_counter() - started

    def following(self, answer):
        """The path of the next page."""
        return re.search(r"<https?://[^/]+(/[^>]*)>", answer.getheader("Link"))[1]
