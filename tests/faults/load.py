"""Clients that fork and kill while servers come and go; and what must be true afterwards, whatever happened."""

import http.client
import os
import random
import threading
import time

from tests.conftest import wait_for

TASKS = "/taskapi/tasks/"
ROUNDS = int(os.environ.get("FAULT_ROUNDS", "10"))
# What a client sees of a server that is being killed, stopped, or without its database.
GONE = (OSError, http.client.HTTPException)


class Load:
    """Several clients at work, until the end of the with block. `accepted` and `killed` are what they were promised."""

    def __init__(self, server, token, clients=4, seconds=(0, 0.01, 0.1, 0.5), pause=0.01):
        self.server, self.token, self.seconds, self.pause = server, token, seconds, pause
        self.accepted, self.killed, self.trouble = [], [], []
        self.random = random.Random(int(os.environ.get("FAULT_SEED", "0")) or None)
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.client) for _ in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.over.set()
        for thread in self.threads:
            thread.join()
        assert not self.trouble

    def client(self):
        while not self.over.is_set():
            try:
                self.fork()
                if self.random.random() < 0.3:
                    self.kill()
            except GONE:
                time.sleep(0.05)
            except Exception as error:
                self.trouble.append(error)
                raise
            time.sleep(self.pause)

    def fork(self):
        status, task = self.server.call("POST", TASKS, self.body(), self.token)
        assert status in (201, 503), task
        if status == 201:
            self.accepted.append(task["id"])

    def body(self):
        """What to fork next."""
        body = {
            "name": "under fire",
            "arguments": {"seconds": self.random.choice(self.seconds)},
            "max_attempts": self.random.choice([1, 1, 2, 5]),
        }
        if self.random.random() < 0.1:
            body["timeout"] = 0.05
        return body

    def kill(self):
        number = self.random.choice(self.accepted[-50:] or [0])
        status, answer = self.server.call("DELETE", f"{TASKS}{number}/", token=self.token)
        assert status in (200, 409, 503) or number == 0, (number, answer)
        if status == 200:
            self.killed.append(number)


def check(cursor, load, seconds=60):
    """Every task has ended exactly once, as it was promised, and nothing is left over."""

    def rows(sql):
        cursor.execute(sql)
        return cursor.fetchall()

    wait_for(lambda: not rows("SELECT id FROM taskapi_task WHERE status IN ('pending', 'running')"), seconds)
    wait_for(lambda: not rows("SELECT id FROM taskapi_task WHERE reason = 'terminating'"), seconds)
    statuses = dict(rows("SELECT id, status FROM taskapi_task"))
    history = {task: [] for task in statuses}
    for task, status in rows("SELECT task_id, status FROM taskapi_taskevent ORDER BY task_id, id"):
        history[task].append(status)
    assert load.accepted, "the clients got nothing done"
    assert set(load.accepted) <= set(statuses), "an accepted task is gone"
    assert {statuses[task] for task in load.killed} <= {"killed"}, "a killed task ended otherwise"
    for task, moves in history.items():
        assert is_one_life(moves), (task, moves)
        assert moves[-1] == statuses[task], (task, moves, statuses[task])


def is_one_life(moves):
    """Whether this is the history of a task that ended once: started any number of times, then one end."""
    *lives, end = moves
    alternating = all(status == ("pending", "running")[index % 2] for index, status in enumerate(lives))
    return alternating and end in ("completed", "failed", "killed") and (lives[-1] == "running" or end != "completed")
