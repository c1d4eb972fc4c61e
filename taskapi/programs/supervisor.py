"""Runs operating-system commands of which no process survives, however the command, its task or the server ended.

A script that knows nothing of the project. The server starts it once, as the launcher (launcher.py): a small process
that forks a supervisor for each command, which is quicker than to fork the server or to start a Python. A supervisor
adopts whatever its command leaves behind (PR_SET_CHILD_SUBREAPER, prctl(2)), and ends when nothing is left of it.

The launcher gets one byte and three descriptors for each command, the supervisor's end of a socket, where the output
goes and what the command reads, and answers with one byte. Through the socket then go lines of JSON. First, once:

    {"argv": ["make", "all"], "env": {"LANG": "C"}, "cwd": "", "scratch_root": null,
     "limits": {"cpu": 60, "memory": 1e9, "file_size": 1e9, "open_files": 100, "processes": 50}}

`cwd` is made in the scratch directory; a limit may be null. Then as often as is wanted; the end of file kills:

    {"signal": "TERM" | "INT" | "KILL" | "STOP" | "CONT", "grace": 5.0}

The supervisor answers with one of the first two, and after "started" with the third when all is over:

    {"failed": "mkae: No such file or directory", "exit_code": 127}
    {"started": 4711, "scratch": "/tmp/task-0123456789abcdef"}
    {"ended": 2, "over": null | "processes", "cpu": 1.5, "memory": 9000000, "left": 0}

`ended` is the exit status, or minus the signal; `cpu` and `memory` (of the largest process) are those of the whole
tree; `left` counts processes that even SIGKILL did not end within PATIENCE.
"""

import contextlib
import ctypes
import gc
import itertools
import json
import math
import mmap
import os
import resource
import select
import signal
import socket
import sys
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 36, 38
CROWDED, ALONE = signal.SIGUSR1, signal.SIGUSR2
# These must not end a supervisor: systemd, for one, sends SIGTERM to all processes of a unit. They are handled and not
# ignored, because what is ignored stays so in the command.
HEEDED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD, CROWDED, ALONE)
LOOK = 0.25
PATIENCE = 10.0
PAUSE = 0.02
# STOP looks for processes that it has missed so many times: a fork bomb could keep it busy for ever.
ROUNDS = 20
# One more than the largest pid of Linux (proc(5), pid_max).
PIDS = 2**22 + 1


def load_prctl():
    """prctl(2), which does nothing where there is none."""
    try:
        function = ctypes.CDLL(None).prctl
    except (AttributeError, OSError):
        return lambda *arguments: 0
    function.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    return lambda option, value: function(option, value, 0, 0, 0)


prctl = load_prctl()


class Refused(Exception):
    """The command cannot be run: a text for people, and what a shell would exit with."""

    def __init__(self, text, exit_code):
        super().__init__(text)
        self.answer = {"failed": text, "exit_code": exit_code}


class Channel:
    """Lines of JSON through a stream socket."""

    def __init__(self, descriptor):
        self.socket = socket.socket(fileno=descriptor)
        self.ended, self.rest = False, b""

    def fileno(self):
        return self.socket.fileno()

    def receive(self):
        """The messages that are complete with what has come; waits for something. Sets `ended` at the end of file."""
        try:
            data = self.socket.recv(65_536)
        except ConnectionError:
            data = b""
        self.ended = not data
        *lines, self.rest = (self.rest + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def first(self):
        """Waits for the first message, and returns it with what came along; nothing when the server is gone."""
        messages = []
        while not messages and not self.ended:
            messages = self.receive()
        return messages

    def send(self, **message):
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(json.dumps(message).encode() + b"\n")


class Process:
    """What /proc/<pid>/stat says of a process (proc(5)); `born` tells it from another one that got its pid."""

    __slots__ = ("born", "group", "parent")

    def __init__(self, text):
        fields = text.rpartition(b")")[2].split(None, 20)
        self.parent, self.group, self.born = int(fields[1]), int(fields[2]), int(fields[19])


def look_up(pid):
    """The process with this pid, or None."""
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return None
    try:
        return Process(os.read(descriptor, 1024))
    except (OSError, IndexError):
        return None
    finally:
        os.close(descriptor)


def census():
    """All processes by their pids. (/proc/<pid>/task/<tid>/children is missing from some kernels, and inexact.)"""
    try:
        names = os.listdir("/proc")
    except OSError:
        return {}
    return {int(name): process for name in names if name.isdigit() and (process := look_up(name))}


def families(table):
    """The children of each process in a census."""
    children = {}
    for pid, process in table.items():
        children.setdefault(process.parent, []).append(pid)
    return children


def descendants(pid, children):
    """The pids of the children of a process, their children and so on; takes them out of `children`."""
    found = [pid]
    for ancestor in found:
        found += children.pop(ancestor, ())
    return found[1:]


def send_signal(pid, born, number):
    """Sends it to a process of a census, unless that has ended and its pid is somebody else's by now."""
    process = look_up(pid)
    if process and process.born == born:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def catch_signals():
    """The end of a pipe from which the numbers of signals can be read, in place of the one that there was."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    if before >= 0:
        os.close(before)
    return reading


def read_signals(descriptor):
    try:
        return os.read(descriptor, 65_536)
    except BlockingIOError:
        return b""


def make_scratch(root):
    """A new directory that only its owner can enter."""
    root = root or os.environ.get("TMPDIR", "/tmp")  # noqa: S108
    path = os.path.join(os.path.realpath(root), f"task-{os.urandom(8).hex()}")
    os.mkdir(path, 0o700)
    return path


def make_directory(scratch, name):
    """The directory of that name in the scratch directory, which is new and therefore free of symbolic links."""
    parts = name.split("/")
    if name.startswith("/") or ".." in parts:
        raise Refused(f"{name}: not in the scratch directory", 126)
    path = scratch
    for part in parts:
        if part not in ("", "."):
            path = f"{path}/{part}"
            os.mkdir(path)
    return path


def remove(top):
    """Removes a directory with all that is in it; follows no symbolic link, and leaves what cannot be removed.

    Directories within are moved to the top and emptied there, so that no depth and no length of a path is too much.
    """
    with contextlib.suppress(OSError):
        os.rmdir(top)
        return
    heap, names = f"{top}-removed", itertools.count()
    with contextlib.suppress(OSError):
        os.mkdir(heap, 0o700)
        os.rename(top, f"{heap}/{next(names)}")
    full = [f"{heap}/0"]
    for directory in full:
        with contextlib.suppress(OSError):
            full += empty(directory, heap, names)
            os.rmdir(directory)
    with contextlib.suppress(OSError):
        os.rmdir(heap)


def empty(directory, heap, names):
    """Removes the files in a directory, and moves its directories to the heap; returns where they are now."""
    moved = []
    os.chmod(directory, 0o700)
    for entry in list(os.scandir(directory)):
        with contextlib.suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                os.chmod(entry.path, 0o700)
                moved.append(f"{heap}/{next(names)}")
                os.rename(entry.path, moved[-1])
            else:
                os.unlink(entry.path)
    return moved


def spawn(argv, env, directory, limits, output, stdin):
    """Runs a command in a session of its own, and returns its pid once it is executed. Raises Refused."""
    reading, writing = os.pipe()
    supervisor = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)
    try:
        pid = os.fork()
        if pid == 0:
            become(argv, env, directory, limits, output, stdin, supervisor, writing)
    finally:
        os.close(writing)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
    with open(reading, "rb") as report:
        trouble = report.read()
    if trouble:
        os.waitpid(pid, 0)
        code, _, text = trouble.decode().partition(" ")
        raise Refused(text, int(code))
    return pid


def become(argv, env, directory, limits, output, stdin, supervisor, report):
    """Turns this process, a fork, into the command; on failure it writes why and ends."""
    try:
        os.setsid()
        for target, source in enumerate((stdin, output, output)):
            os.dup2(source, target)
        os.chdir(directory)
        for number in HEEDED:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # Without this, what is setuid to another user could not be killed.
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        if os.getppid() == supervisor:
            set_limits(**limits)
            os.execvpe(argv[0], argv, env)  # noqa: S606
    except OSError as error:
        write_trouble(report, argv, 127 if isinstance(error, FileNotFoundError) else 126, os.strerror(error.errno))
    except BaseException as error:
        write_trouble(report, argv, 126, str(error) or type(error).__name__)
    finally:
        os._exit(126)


def write_trouble(report, argv, code, text):
    os.write(report, f"{code} {''.join(argv[:1])}: {text}".encode(errors="replace"))


def set_limits(cpu=None, memory=None, file_size=None, open_files=None, processes=None):
    """Limits this process and its children, each for itself (setrlimit(2)). The supervisor limits the `processes`."""
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_CPU, cpu, extra=1)
    limit(resource.RLIMIT_FSIZE, file_size)
    limit(resource.RLIMIT_NOFILE, open_files)
    limit(resource.RLIMIT_AS, memory)


def limit(kind, value, extra=0):
    if value is None:
        return
    soft, hard = math.ceil(value), math.ceil(value) + extra
    most = resource.getrlimit(kind)[1]
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(kind, (soft, hard))


class Supervisor:
    """Watches one command from its start until nothing of it is left."""

    def __init__(self, channel, launcher, server, crowds):
        self.channel, self.launcher, self.server, self.crowds = channel, launcher, server, crowds
        self.main = self.code = self.over = self.scratch = None
        self.limit, self.stopped = None, False
        # When whatever is left is killed.
        self.deadline = math.inf
        self.signals = catch_signals()
        self.poll = select.poll()
        for source in filter(None, (channel.fileno(), server, self.signals)):
            self.poll.register(source, select.POLLIN)

    def run(self, output, stdin):
        request, *orders = self.channel.first() or [None]
        if request is None:
            return
        refusal = None
        try:
            self.start(request, output, stdin)
            self.watch(orders)
        except Refused as error:
            refusal = error.answer
        finally:
            left = self.kill()
            if self.scratch:
                remove(self.scratch)
        self.channel.send(**(refusal or self.account(left)))
        sys.exit(min(left, 1))

    def start(self, request, output, stdin):
        try:
            self.scratch = make_scratch(request["scratch_root"])
            directory = make_directory(self.scratch, request["cwd"])
        except (OSError, ValueError) as error:
            raise Refused(f"{request['cwd'] or 'scratch directory'}: {describe(error)}", 126) from None
        places = dict.fromkeys(("HOME", "PWD", "TMPDIR"), directory)
        env = {"PATH": os.environ.get("PATH", os.defpath)} | places | request["env"]
        try:
            self.main = spawn(request["argv"], env, directory, request["limits"], output, stdin)
        finally:
            os.close(output)
            os.close(stdin)
        self.limit = self.crowds[os.getpid()] = request["limits"]["processes"] or 0
        self.channel.send(started=self.main, scratch=self.scratch)

    def watch(self, orders):
        """Waits for the end of the command, or until it has to be killed; obeys the server meanwhile."""
        for order in orders:
            self.obey(order)
        while self.reap() and time.monotonic() < self.deadline:
            self.wait(self.deadline - time.monotonic())

    def wait(self, seconds):
        """Waits for a signal, an order, or this time."""
        alone = self.limit and os.getppid() != self.launcher
        if alone:
            seconds = min(seconds, LOOK)
        for source, _ in self.poll.poll(None if seconds == math.inf else max(0, math.ceil(seconds * 1000))):
            if source == self.signals:
                if CROWDED in read_signals(self.signals):
                    self.end_crowd()
            elif source == self.server:
                self.deadline = 0
            else:
                self.listen()
        if alone and len(descendants(os.getpid(), families(census()))) > self.limit:
            self.end_crowd()

    def listen(self):
        for order in self.channel.receive():
            self.obey(order)
        if self.channel.ended:
            self.deadline = 0

    def obey(self, order):
        name = order["signal"]
        if name == "KILL":
            self.deadline = 0
        elif name == "STOP":
            self.stop()
        elif name == "CONT":
            self.resume()
        else:
            self.signal_group(getattr(signal, f"SIG{name}"))
            self.resume()
            self.deadline = min(self.deadline, time.monotonic() + order["grace"])

    def stop(self):
        """Stops all processes, and again those that were forked meanwhile: what is stopped does not fork."""
        self.stopped, seen = True, set()
        for _ in range(ROUNDS):
            new = self.signal_tree(signal.SIGSTOP, seen)
            if not new:
                break
            seen |= new

    def resume(self):
        if self.stopped:
            self.signal_tree(signal.SIGCONT)
        else:
            self.signal_group(signal.SIGCONT)
        self.stopped = False

    def signal_group(self, number):
        # Once the main process is reaped, the number of its group can become that of another one.
        if self.code is not None:
            self.signal_tree(number)
        elif self.main:
            os.killpg(self.main, number)

    def signal_tree(self, number, seen=frozenset()):
        """Sends it to every process of the command that is not in `seen`, wherever it went; returns to which."""
        table = census()
        tree = descendants(os.getpid(), families(table))
        new = {(pid, table[pid].born) for pid in tree} - seen
        # All of a group in one call, from which no fork escapes.
        if new and any(table[pid].group == self.main for pid in tree):
            with contextlib.suppress(OSError):
                os.killpg(self.main, number)
        for pid, born in new:
            send_signal(pid, born, number)
        return new

    def end_crowd(self):
        self.over, self.deadline = "processes", 0

    def reap(self):
        """Whether any process is left; those that have ended are taken leave of."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
                if pid == self.main:
                    self.note_end(os.waitstatus_to_exitcode(status))
        return False

    def note_end(self, code):
        self.code = code
        if self.deadline == math.inf:
            self.deadline = 0
            # A group without its leader keeps its number, and no other one can have got it in this moment.
            with contextlib.suppress(OSError):
                os.killpg(self.main, signal.SIGKILL)

    def kill(self):
        """Kills what is left until nothing is, or for PATIENCE; returns how many processes are left then."""
        for source in filter(None, (self.channel.fileno(), self.server)):
            self.poll.unregister(source)
        self.limit, give_up = 0, time.monotonic() + PATIENCE
        if self.code is None:
            self.signal_group(signal.SIGKILL)
        while self.reap():
            if time.monotonic() > give_up:
                return len(descendants(os.getpid(), families(census())))
            self.signal_tree(signal.SIGKILL)
            self.wait(PAUSE)
        return 0

    def account(self, left):
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {
            "ended": -signal.SIGKILL if self.code is None else self.code,
            "over": self.over,
            "cpu": round(used.ru_utime + used.ru_stime, 6),
            "memory": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            "left": left,
        }


def describe(error):
    return os.strerror(error.errno) if isinstance(error, OSError) else str(error)


class Launcher:
    """Forks a supervisor for each command, and does for all of them what each would have to look at /proc for.

    That is to count their processes, and to kill those whose supervisor was killed.
    """

    def __init__(self, server):
        self.socket = server
        self.server = watch_parent()
        self.supervisors, self.strays, self.next_look = set(), False, 0.0
        # The limit of each supervisor by its pid, in memory that all share.
        self.crowds = memoryview(mmap.mmap(-1, PIDS * 4)).cast("i")
        self.signals = catch_signals()
        self.poll = select.poll()
        for source in filter(None, (self.socket.fileno(), self.server, self.signals)):
            self.poll.register(source, select.POLLIN)

    def serve(self):
        """Serves until the server is gone."""
        while True:
            busy = self.supervisors or self.strays
            for source, _ in self.poll.poll(LOOK * 1000 if busy else None):
                if source == self.signals:
                    read_signals(self.signals)
                elif source == self.server or not self.receive():
                    return
            self.reap()
            self.look()

    def receive(self):
        """Takes the descriptors of one command, and forks; False when the server is gone."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self.socket, 1, 3)
            if data:
                self.socket.sendall(data)
        except ConnectionError:
            return False
        if len(descriptors) == 3:
            self.fork(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        return bool(data)

    def fork(self, *descriptors):
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        launcher = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            answer = {"failed": f"fork: {describe(error)}", "exit_code": 126}
            Channel(os.dup(descriptors[0])).send(**answer)
            return
        if pid == 0:
            self.supervise(launcher, *descriptors)
        self.supervisors.add(pid)

    def supervise(self, launcher, control, output, stdin):
        """The life of a supervisor, a fork of this process."""
        code = 1
        try:
            # While anybody has it, the server does not see the end of the launcher.
            self.socket.close()
            os.close(self.signals)
            os.setsid()
            prctl(PR_SET_CHILD_SUBREAPER, 1)
            prctl(PR_SET_PDEATHSIG, ALONE)
            Supervisor(Channel(control), launcher, self.server, self.crowds).run(output, stdin)
            code = 0
        except SystemExit as error:
            code = error.code
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)

    def reap(self):
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                self.supervisors.discard(pid)
                self.crowds[pid] = 0
                self.strays = self.strays or status != 0

    def look(self):
        """Every LOOK, tells the supervisors whose processes are too many, and kills those that have none."""
        limits = {pid: self.crowds[pid] for pid in self.supervisors if self.crowds[pid]}
        if time.monotonic() < self.next_look or not (limits or self.strays):
            return
        table = census()
        children = families(table)
        strays = [pid for pid in children.get(os.getpid(), ()) if pid not in self.supervisors]
        for stray in strays:
            for pid in [stray, *descendants(stray, children)]:
                send_signal(pid, table[pid].born, signal.SIGKILL)
        self.strays = bool(strays)
        for pid, most in limits.items():
            if len(descendants(pid, children)) > most:
                os.kill(pid, CROWDED)
        self.next_look = time.monotonic() + LOOK


def watch_parent():
    """A descriptor that can be read when the server has ended (pidfd_open(2)); None where there is none.

    The end of file alone does not tell: processes that the server forked have its sockets too.
    """
    with contextlib.suppress(AttributeError, OSError):
        return os.pidfd_open(os.getppid())
    return None


def detach():
    """Leaves what was the server's; returns the socket to it, which was the standard input."""
    for name in os.listdir("/dev/fd"):
        if int(name) > 2:
            with contextlib.suppress(OSError):
                os.close(int(name))
    server = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    os.setsid()
    os.chdir("/")
    os.umask(0o077)
    return server


def main():
    server = detach()
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    for number in HEEDED:
        signal.signal(number, lambda number, frame: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    launcher = Launcher(server)
    # What is there now is never looked through again, which would copy its pages into every fork.
    gc.freeze()
    launcher.serve()


if __name__ == "__main__":
    main()
