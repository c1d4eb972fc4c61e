"""Users who do everything that can be done, for as long as one likes; and what the server takes meanwhile."""

import contextlib
import http.client
import random
import socket
import threading
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

from django.db import connection
from django.db.models import Q

from taskapi.models import FINAL, Reason, Task
from tests.conftest import wait_for

TASKS = "/taskapi/tasks/"
# How often each thing is done, relative to the others.
WEIGHTS = {
    "fork": 10, "fork_array": 2, "fork_later": 2, "command": 4, "ls": 8, "ls_whole": 2, "ls_pages": 2, "grep": 4,
    "ps": 10, "wait": 3, "cat": 3, "follow": 2, "watch": 2, "history": 3, "stats": 3, "programs": 1, "kill": 6,
    "killall": 1, "stop": 2, "go_on": 2, "term": 1, "renice": 2, "restart": 3, "twice": 2, "log_in_again": 1,
    "wrong": 4, "broken": 2,
}  # fmt: skip
SHELL = ["true", "exit 3", "echo here; echo there >&2", "seq 2000", "sleep 0.2", "sleep 30 & sleep 0.1", "kill -9 $$"]
MISTAKES = [
    ("GET", f"{TASKS}0/", None, 404),
    ("GET", f"{TASKS}?limit=0", None, 400),
    ("GET", f"{TASKS}?cursor=x", None, 400),
    ("POST", TASKS, b"{", 400),
    ("POST", TASKS, {"name": ""}, 400),
    ("POST", TASKS, {"name": "a", "program": "fetch", "arguments": {"url": "http://127.0.0.1/"}}, 403),
    ("POST", TASKS, {"name": "a", "nice": -1}, 403),
    ("PUT", TASKS, {}, 405),
    ("DELETE", TASKS, None, 400),
    ("GET", "/nowhere", None, 404),
    ("POST", "/userapi/register/", {"username": "x"}, 400),
]
HALVES = [
    b"",
    b"POST /taskapi/tasks/ HT",
    b"POST /taskapi/tasks/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
]


class User:
    """One of the users, with a client that does one thing after another.

    `timings` are (what was done, seconds it took); `trouble` is what should not have happened.
    """

    def __init__(self, server, name, seed):
        self.server, self.random = server, random.Random(seed)
        self.login = {"username": name, "password": "correct-horse-9"}
        self.token, self.tasks = server.log_in(name), []
        self.timings, self.trouble = [], []

    def work(self, over):
        """Until the event `over` is set, or there is trouble."""
        while not over.is_set() and not self.trouble:
            [name] = self.random.choices(list(WEIGHTS), WEIGHTS.values())
            try:
                getattr(self, name)()
            except Exception as error:
                self.trouble.append((name, repr(error)))

    def call(self, name, method, path, body=None, good=(200,), **headers):
        """The headers and the body of an answer, which has to have one of these statuses."""
        began = time.monotonic()
        status, headers, data = self.server.raw(method, path, body, self.token, **headers)
        self.timings.append((name, time.monotonic() - began))
        assert status in good, (method, path, body, status, data[:300])
        return headers, data

    def one(self):
        """The URL of one of the tasks, most likely of a late one; it may have been pruned."""
        return f"{TASKS}{self.random.choice(self.tasks[-30:] or [0])}/"

    def noted(self, name, body, **headers):
        location = self.call(name, "POST", TASKS, body, (200, 201), **headers)[0]["Location"]
        self.tasks = [*self.tasks[-300:], int(location.split("/")[-2])]

    def sleep(self):
        return {"name": "a nap", "arguments": {"seconds": self.random.choice([0, 0.05, 0.5, 5, 600])}}

    def fork(self):
        self.noted("fork", self.sleep())

    def fork_array(self):
        self.call("fork 20", "POST", TASKS, [self.sleep() for _ in range(20)], (201,))

    def fork_later(self):
        soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        self.noted("fork", self.sleep() | {"timeout": 1, "max_attempts": 2, "run_at": soon})

    def command(self):
        arguments = {"argv": self.random.choice(SHELL), "shell": True}
        self.noted("fork command", {"name": "a command", "program": "command", "arguments": arguments})

    def twice(self):
        key = str(self.random.getrandbits(64))
        for _ in range(2):
            self.noted("fork with a key", {"name": "once"}, **{"Idempotency-Key": key})

    def ls(self):
        self.call("ls", "GET", TASKS)

    def ls_whole(self):
        self.call("ls -l", "GET", f"{TASKS}?fields=all&limit=100")

    def ls_pages(self):
        path, pages = f"{TASKS}?limit=20", 0
        while path and pages < 5:
            link = self.call("ls, page", "GET", path)[0]["Link"]
            path, pages = link and "/" + link.partition(">")[0].split("/", 3)[3], pages + 1

    def grep(self):
        query = self.random.choice(["status=running", "status=killed,failed", "program=command", "q=nap"])
        self.call("ls | grep", "GET", f"{TASKS}?{query}")

    def ps(self):
        self.call("ps", "GET", self.one(), good=(200, 404))

    def wait(self):
        self.call("wait 1", "GET", f"{self.one()}?wait=1", good=(200, 404))

    def cat(self):
        self.call("cat", "GET", f"{self.one()}output/", good=(200, 404))

    def history(self):
        self.call("history", "GET", f"{self.one()}events/", good=(200, 404))

    def stats(self):
        self.call("stats", "GET", "/taskapi/stats/")

    def programs(self):
        self.call("programs", "GET", "/taskapi/programs/")

    def kill(self):
        self.call("kill", "DELETE", self.one(), good=(200, 404, 409))

    def killall(self):
        self.call("killall", "DELETE", f"{TASKS}?status=running,pending")

    def stop(self):
        self.call("kill -STOP", "POST", f"{self.one()}signal/", {"signal": "STOP"}, (200, 404, 409))

    def go_on(self):
        self.call("kill -CONT", "POST", f"{self.one()}signal/", {"signal": "CONT"}, (200, 404, 409))

    def term(self):
        self.call("kill -TERM", "POST", f"{self.one()}signal/", {"signal": "TERM"}, (200, 404, 409))

    def renice(self):
        self.call("renice", "PATCH", self.one(), {"nice": self.random.randrange(20)}, (200, 404))

    def restart(self):
        self.call("restart", "POST", f"{self.one()}restart/", good=(201, 404))

    def log_in_again(self):
        self.call("logout", "POST", "/userapi/logout/", good=(204,))
        self.call("refused", "GET", TASKS, good=(401,))
        self.token = self.server.call("POST", "/userapi/login/", self.login)[1]["token"]

    def wrong(self):
        method, path, body, status = self.random.choice(MISTAKES)
        self.call("a mistake", method, path, body, (status,))

    def broken(self):
        """Half of a request, and gone."""
        with socket.create_connection(("127.0.0.1", self.server.port)) as client:
            client.sendall(self.random.choice(HALVES))

    def follow(self):
        self.look(f"{self.one()}output/?follow=1")

    def watch(self):
        self.look("/taskapi/events/")

    def look(self, path):
        """Reads a stream for a while, and leaves without a word."""
        client = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=self.random.uniform(0.2, 2))
        began = time.monotonic()
        with contextlib.closing(client), contextlib.suppress(TimeoutError):
            client.request("GET", path, headers={"Authorization": f"Token {self.token}"})
            answer = client.getresponse()
            self.timings.append(("stream, until its headers", time.monotonic() - began))
            assert answer.status in (200, 404), answer.status
            for _ in range(self.random.randrange(50)):
                answer.read1(4096)


class Soak:
    """Several users at work on a server, and samples of what these processes take between the rounds."""

    def __init__(self, server, pids, users=8, seed=1):
        self.pids, self.samples = pids, []
        self.users = [User(server, f"user{number}", seed + number) for number in range(users)]

    def run(self, seconds, rounds):
        """Has the users work for so long in each of so many rounds, and looks at the server when all is calm again."""
        for _ in range(rounds):
            self.work(seconds)
            self.samples.append(self.calm())

    def work(self, seconds):
        over = threading.Event()
        threads = [threading.Thread(target=user.work, args=[over]) for user in self.users]
        for thread in threads:
            thread.start()
        over.wait(seconds)
        over.set()
        for thread in threads:
            thread.join()

    @property
    def trouble(self):
        return [trouble for user in self.users for trouble in user.trouble]

    def calm(self):
        """What the server takes when all tasks have ended and all streams are closed."""
        for user in self.users:
            user.killall()
        wait_for(lambda: not Task.objects.filter(~Q(status__in=FINAL) | Q(reason=Reason.TERMINATING)).exists(), 60)
        while (sample := Sample.take(self.pids)).threads > self.threads_after(2):
            pass
        return sample

    def threads_after(self, seconds):
        time.sleep(seconds)
        return Sample.take(self.pids).threads

    def halves(self, leave_out):
        """The median samples of the earlier and the later half of the rounds, without so many first ones."""
        samples = self.samples[leave_out:]
        middle = len(samples) // 2
        return median_of(samples[:middle]), median_of(samples[middle:])

    def report(self):
        """What was done how often and how quickly, and what the server took, as lines."""
        times = defaultdict(list)
        for name, seconds in (timing for user in self.users for timing in user.timings):
            times[name].append(seconds * 1_000)
        yield f"{'call':28}{'times':>8}{'p50 ms':>10}{'p99 ms':>10}"
        for name, spent in sorted(times.items()):
            cuts = quantiles([*spent, *spent], n=100)
            yield f"{name:28}{len(spent):8,}{cuts[49]:10.1f}{cuts[98]:10.1f}"
        yield from map(str, self.samples)


@dataclass
class Sample:
    """What a server process takes at one moment."""

    memory: int  # KiB
    descriptors: int
    threads: int
    connections: int  # to the database

    def above(self, other, tolerance):
        """In what it is higher than another one by more than the tolerance, {name: (part of the other's, number)}."""
        mine, theirs = asdict(self), asdict(other)
        return [name for name, (part, more) in tolerance.items() if mine[name] > theirs[name] * (1 + part) + more]

    @classmethod
    def take(cls, pids):
        """Of these processes together."""
        places = [Path("/proc") / str(pid) for pid in pids]
        memory = sum(int((place / "smaps_rollup").read_text().split("Rss:")[1].split()[0]) for place in places)
        links = [link for place in places for link in (place / "fd").iterdir()]
        return cls(
            memory, len(links), sum(len(list((place / "task").iterdir())) for place in places), connections(links)
        )


def median_of(samples):
    return Sample(**{name: median(getattr(sample, name) for sample in samples) for name in asdict(samples[0])})


def connections(links):
    """How many connections to the database there are; these are the descriptors of the server."""
    if connection.vendor == "sqlite":
        file = str(Path(connection.settings_dict["NAME"]).resolve())
        return sum(target(link) == file for link in links)
    table = {
        "postgresql": "pg_stat_activity WHERE datname = %s",
        "mysql": "information_schema.processlist WHERE db = %s",
    }
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {table[connection.vendor]}", [connection.settings_dict["NAME"]])
        return cursor.fetchone()[0]


def target(link):
    with contextlib.suppress(FileNotFoundError):  # closed meanwhile
        return str(link.readlink())
