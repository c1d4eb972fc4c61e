"""The processes of the topic `command`: commands of the operating system, as tasks and without."""

import resource
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bench.measure import memory
from taskapi.engines.threads import ThreadEngine
from taskapi.models import Claim, Status, Task
from taskapi.programs import get_program, launcher
from taskapi.runner import Run, drive, new_loop
from userapi.models import User

READ = 64 * 2**10
LOOK = 0.01
GRACE = 5


class Telling(ThreadEngine):
    """An engine that tells when an end is written."""

    def __init__(self):
        super().__init__()
        self.written = threading.Semaphore(0)

    def _release(self, claim):
        super()._release(claim)
        self.written.release()


@contextmanager
def started():
    engine = Telling()
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


def tasks(argv, count, slots):
    way, before = one_by_one if slots == 1 else together, cpu()
    way(argv, slots)  # starts the launcher
    seconds = way(argv, count)
    launcher.close()  # only then its CPU is known
    if Task.objects.filter(status=Status.COMPLETED).count() != count + slots:
        raise RuntimeError("Not all of them completed.")
    return {"seconds": seconds / count, "cpu": (cpu() - before) / (count + slots)}


def programs(argv, count, threads):
    """So many runs of the program in as many threads at once, whose ends nobody writes."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run_program, [argv] * threads))  # starts the launcher
        begin = time.monotonic()
        list(pool.map(run_program, [argv] * count))
        seconds = time.monotonic() - begin
    launcher.close()
    return {"seconds": seconds / count}


def run_program(argv):
    moves = []
    claim = Claim(0, "bench", "command", get_program("command").check({"argv": argv}), None, 1, 1)
    drive(Run(claim, GRACE, lambda run, move: moves.append(move), hear), new_loop())
    if moves[0].to != Status.COMPLETED:
        raise RuntimeError(moves[0])


def hear(reporter):
    reporter.take_all(lambda task_id: 0)
    reporter.stored()


def one_by_one(argv, count):
    """Seconds that so many tasks take, each forked when the one before has ended."""
    with started() as engine:
        time.sleep(1)
        begin = time.monotonic()
        for _ in range(count):
            engine.fork(user(), [spec(argv)])
            engine.written.acquire()
        return time.monotonic() - begin


def together(argv, count):
    """Seconds that an engine takes for so many tasks, from its start."""
    Task.objects.fork(user(), [spec(argv)] * count)
    begin = time.monotonic()
    with started() as engine:
        for _ in range(count):
            engine.written.acquire()
        return time.monotonic() - begin


def user():
    return User.objects.get()


def spec(argv):
    return {"name": "bench", "program": "command", "arguments": {"argv": argv}}


def cpu():
    """CPU seconds of this process and of those of its descendants that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in used)


def subprocesses(argv, count, threads):
    before = cpu()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(call, [argv] * threads))
        begin = time.monotonic()
        list(pool.map(call, [argv] * count))
        seconds = time.monotonic() - begin
    return {"seconds": seconds / count, "cpu": (cpu() - before) / (count + threads)}


def call(argv):
    subprocess.run(argv, check=True, stdout=subprocess.PIPE)  # noqa: S603  ours


def output_to_file(size):
    with text_file(size) as name, tempfile.TemporaryFile() as file:
        begin = time.monotonic()
        with subprocess.Popen(["cat", name], stdout=subprocess.PIPE, bufsize=0) as process:  # noqa: S603,S607  ours
            while data := process.stdout.read(READ):
                file.write(data)
        return {"rate": size / (time.monotonic() - begin)}


def output_of_task(size):
    one_by_one(["true"], 1)
    with text_file(size) as name:
        return {"rate": size / one_by_one(["cat", name], 1)}


@contextmanager
def text_file(size):
    line = b"All work and no play makes Jack a dull boy. \xe2\x82\xac 0123456789\n"
    with tempfile.NamedTemporaryFile() as file:
        file.write((line * (size // len(line) + 1))[:size])
        file.flush()
        yield file.name


def endless(seconds):
    """How far the memory of the server grows while a command writes without end, and its share of a CPU."""
    one_by_one(["true"], 1)
    with started() as engine:
        time.sleep(1)
        before, used, most = memory(), time.process_time(), 0
        [task] = engine.fork(user(), [spec(["yes", "All work and no play makes Jack a dull boy."])])
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            most = max(most, memory())
            time.sleep(LOOK)
        used = time.process_time() - used
        engine.kill(task)
        engine.written.acquire()
    return {"memory": most - before, "cpu": used / seconds}
