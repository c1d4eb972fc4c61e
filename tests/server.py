"""A server process for tests: starts `manage.py up`, talks to it, stops or kills it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


class Server:
    ready = r"http://\S+:(\d+)  \(Ctrl-C stops it\)"

    def __init__(self, database_url, port=0, **environment):
        self.environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "SECRET_KEY": "test",
            "PYTHONUNBUFFERED": "1",
            **{name: str(value) for name, value in environment.items()},
        }
        self.port = port
        # For appending: the process shares the position with whoever else has this file description.
        self.log = tempfile.NamedTemporaryFile("ab")
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.kill() if self.process.poll() is None and error[0] else self.stop()
        if error[0]:
            sys.stderr.write(self.output())
        self.log.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def command(self):
        return [sys.executable, "manage.py", "up", "--port", str(self.port)]

    def start(self, seconds=30):
        earlier = len(self.output())
        self.process = subprocess.Popen(
            self.command(), cwd=PROJECT, env=self.environment, stdout=self.log, stderr=subprocess.STDOUT
        )
        deadline = time.monotonic() + seconds
        while not (port := self.announced(earlier)):
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.02)
        self.port = port

    def announced(self, earlier):
        """The port that it says it listens on; it says so when it is ready."""
        line = re.search(self.ready, self.output()[earlier:])
        return line and int(line[1])

    def output(self):
        return Path(self.log.name).read_text()

    def stop(self, sign=signal.SIGTERM):
        """Stops it in good order; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(sign)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()  # or it would go on with the database of the tests that follow
            raise

    def kill(self):
        self.process.kill()
        self.process.wait()

    def call(self, method, path, body=None, token=None):
        """(status, body as JSON) of one request."""
        status, _, data = self.raw(method, path, body, token)
        return status, json.loads(data) if data else None

    def raw(self, method, path, body=None, token=None, **headers):
        request = urllib.request.Request(self.url + path, method=method, headers=headers)
        if body is not None:
            request.data = body if isinstance(body, bytes) else json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Token {token}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def log_in(self, username="ada", password="correct-horse-9"):
        """Registers a user and returns a token."""
        body = {"username": username, "email": f"{username}@example.com", "password": password}
        assert self.call("POST", "/userapi/register/", body)[0] == 201
        status, answer = self.call("POST", "/userapi/login/", {"username": username, "password": password})
        assert status == 200, answer
        return answer["token"]


class Gunicorn(Server):
    """Several serving processes, each with an engine of its own."""

    ready = r"Listening at: http://\S+:(\d+)"

    def __init__(self, *arguments, processes=4, **environment):
        super().__init__(*arguments, **environment)
        self.processes = processes

    def command(self):
        options = ["--workers", str(self.processes), "--threads", "8", "--bind", f"127.0.0.1:{self.port}"]
        return [sys.executable, "-m", "gunicorn", *options, "taskmanager.wsgi"]


class RunServer(Server):
    """The classic way, with its autoreloader."""

    ready = r"Starting development server at http://\S+:(\d+)/"

    def __init__(self, *arguments, **environment):
        super().__init__(*arguments, **environment)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def command(self):
        return [sys.executable, "manage.py", "runserver", f"127.0.0.1:{self.port}"]


class ASGI(Server):
    """The ASGI application, on Uvicorn."""

    ready = r"Uvicorn running on http://\S+:(\d+)"

    def command(self):
        return [sys.executable, "-m", "uvicorn", "taskmanager.asgi:application", "--port", str(self.port)]


class WorkerProcess(Server):
    """`manage.py worker`. What it announces instead of a port is its pid."""

    ready = r"Worker (\d+) runs"

    def __init__(self, database_url, *options, **environment):
        super().__init__(database_url, TASK_ENGINE="procrastinate", **environment)
        self.options = options

    def command(self):
        return [sys.executable, "manage.py", "worker", *self.options]


@contextmanager
def served(database_url, **environment):
    """A server that runs tasks: where the tests are for the fleet, with a worker beside it."""
    with Server(database_url, **environment) as server:
        if os.environ.get("TASK_ENGINE") != "procrastinate":
            yield server
            return
        with WorkerProcess(database_url, **environment):
            yield server
