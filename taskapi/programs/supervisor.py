"""Runs operating-system commands of which no process survives, however the command, its task or the server ended.

A script that knows nothing of the project. The server starts it once, as the launcher (launcher.py), a small process
that forks supervisors. A supervisor adopts whatever its command leaves behind (PR_SET_CHILD_SUBREAPER, prctl(2)), and
is done with it when nothing is left. Then it waits for another command, because a fork of a Python takes milliseconds.

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

`ended` is the exit status, or minus the signal; `cpu` is the time of the whole tree; `memory` is that of its largest
process, and at least that of the fork before its exec, some ten megabytes; `left` counts the processes that even
SIGKILL did not end within PATIENCE. An end of file instead of an answer: the supervisor was killed, and the launcher
kills what it had.
"""

import contextlib
import ctypes
import errno
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
import struct
import sys
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 36, 38
CROWDED, ALONE = signal.SIGUSR1, signal.SIGUSR2
# These must not end a supervisor: systemd, for one, sends SIGTERM to all processes of a unit. They are handled and not
# ignored, because what is ignored stays so in the command.
HEEDED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD, CROWDED, ALONE)
# How often processes are counted, unless it takes more than this share of a processor, and how often it is looked
# whether there are suddenly many more.
LOOK, SHARE, GLANCE = 0.25, 0.05, 0.05
# How long what is killed may take to end, and how often it is killed again meanwhile.
PATIENCE, PAUSE = 10.0, 0.05
# How nice commands are (nice(2)): a fork bomb would leave no time to those that are to end it.
NICE = min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
# How many supervisors wait for the next command.
SPARE = 8
# STOP looks so many times for processes that it has missed: a fork bomb could keep it busy for ever.
ROUNDS = 20
# One more than the largest pid of Linux (proc(5), pid_max).
PIDS = 2**22 + 1
UNIT = 1 if sys.platform == "darwin" else 1024


def load_prctl():
    """prctl(2), which does nothing where there is none."""
    try:
        function = ctypes.CDLL(None).prctl
    except (AttributeError, OSError):
        return lambda option, value: None
    function.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    return lambda option, value: function(option, value, 0, 0, 0)


prctl = load_prctl()


class Refused(Exception):
    """The command cannot be run: a text for people, and what a shell would exit with."""

    def __init__(self, failed, exit_code):
        super().__init__(failed)
        self.answer = {"failed": failed, "exit_code": exit_code}


def describe(error):
    return os.strerror(error.errno) if isinstance(error, OSError) else str(error) or type(error).__name__


class Channel:
    """Lines of JSON through a stream socket."""

    def __init__(self, descriptor):
        self.socket = socket.socket(fileno=descriptor)
        self.ended, self.rest = False, b""

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
        """Waits for the first message, and returns it with what came along; nothing when the other end is gone."""
        messages = []
        while not messages and not self.ended:
            messages = self.receive()
        return messages

    def send(self, **message):
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(json.dumps(message).encode() + b"\n")


def receive_descriptors(source, size, count):
    """(data, descriptors) that were sent together; neither when the other end is gone."""
    try:
        data, descriptors, _, _ = socket.recv_fds(source, size, count)
    except ConnectionError:
        return b"", []
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    return data, descriptors


def close_all(descriptors):
    for descriptor in descriptors:
        os.close(descriptor)


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


def count_tasks():
    """How many processes and threads the system has, from /proc/loadavg (proc(5))."""
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/loadavg", "rb") as file:
        return int(file.read().split()[3].partition(b"/")[2])
    return 0


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
    """A descriptor from which the numbers of signals can be read, in place of the one that there was."""
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
        os.chmod(top, 0o700)
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


class Plan:
    """All that a fork needs to become the command; made before it, because a fork copies every page that it touches."""

    def __init__(self, request, directory):
        places = dict.fromkeys(("HOME", "PWD", "TMPDIR"), directory)
        self.argv, self.directory = request["argv"], directory
        self.env = {"PATH": os.environ.get("PATH", os.defpath)} | places | request["env"]
        self.paths = find(self.argv, self.env["PATH"], directory)
        self.limits = [*limits(**request["limits"])]


def find(argv, path, directory):
    """The files that may be the command, in the order of the PATH, like execvp(3). Raises Refused."""
    name = "".join(argv[:1])
    if "/" in name:
        return [name]
    paths = [f"{place or '.'}/{name}" for place in path.split(":")]
    found = [path for path in paths if name and os.path.lexists(os.path.join(directory, path))]
    if not found:
        raise Refused(f"{name}: {os.strerror(errno.ENOENT)}", 127)
    return found


def limits(cpu=None, memory=None, file_size=None, open_files=None, processes=None):
    """The limits of each process of the command (setrlimit(2)); that of `processes` is the launcher's to see to."""
    yield limit(resource.RLIMIT_CORE, 0)
    if cpu is not None:
        yield limit(resource.RLIMIT_CPU, cpu, extra=1)
    if file_size is not None:
        yield limit(resource.RLIMIT_FSIZE, file_size)
    if open_files is not None:
        yield limit(resource.RLIMIT_NOFILE, open_files)
    if memory is not None:
        yield limit(resource.RLIMIT_AS, memory)


def limit(kind, value, extra=0):
    soft, hard = math.ceil(value), math.ceil(value) + extra
    most = resource.getrlimit(kind)[1]
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    return kind, (soft, hard)


def spawn(plan, output, stdin):
    """Runs a command in a session of its own; returns its pid once it is executed. Raises Refused."""
    supervisor = os.getpid()
    reading, writing = os.pipe()
    try:
        pid = os.fork()
        if pid == 0:
            become(plan, output, stdin, writing, supervisor)
    except OSError as error:
        os.close(reading)
        raise Refused(f"fork: {describe(error)}", 126) from None
    finally:
        os.close(writing)
    # The exec closes the other end; only trouble is written to it.
    trouble = read_all(reading)
    if trouble:
        os.waitpid(pid, 0)
        raise Refused(**json.loads(trouble))
    return pid


def read_all(descriptor):
    data = b""
    while more := os.read(descriptor, 65_536):
        data += more
    os.close(descriptor)
    return data


def become(plan, output, stdin, report, supervisor):
    """Turns this process, a fork of the supervisor, into the command; writes what went wrong if it cannot."""
    try:
        os.setsid()
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == supervisor:
            execute(plan, output, stdin)
    except Exception as error:
        code = 127 if isinstance(error, FileNotFoundError) else 126
        trouble = {"failed": f"{plan.argv[0]}: {describe(error)}", "exit_code": code}
        os.write(report, json.dumps(trouble).encode())
    finally:
        os._exit(126)


def execute(plan, output, stdin):
    os.dup2(stdin, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(plan.directory)
    os.setpriority(os.PRIO_PROCESS, 0, NICE)
    for kind, values in plan.limits:
        resource.setrlimit(kind, values)
    trouble = None
    for path in plan.paths:
        try:
            os.execve(path, plan.argv, plan.env)  # noqa: S606
        except PermissionError as error:
            trouble = error
    raise trouble


def poll_for(*sources):
    """A poll object for those of these descriptors that there are."""
    poll = select.poll()
    for source in sources:
        if source is not None:
            poll.register(source, select.POLLIN)
    return poll


class Supervisor:
    """A process that runs one command after another; the limit of their processes is at its pid in `crowds`."""

    def __init__(self, desk, server, crowds):
        self.desk, self.server, self.crowds = desk, server, crowds
        self.pid, self.launcher = os.getpid(), os.getppid()
        self.signals = catch_signals()

    def serve(self, descriptors):
        """Runs the command with these descriptors, and then what the launcher has; returns what to exit with."""
        while descriptors:
            left = Command(self, *descriptors).run()
            self.crowds[self.pid] = 0
            if left:
                return 1
            descriptors = self.next()
        return 0

    def next(self):
        """Waits for the descriptors of the next command, at a socket of which the launcher gets the other end."""
        line, theirs = socket.socketpair()
        with line:
            with theirs, contextlib.suppress(OSError):
                socket.send_fds(self.desk, [struct.pack("i", self.pid)], [theirs.fileno()])
            return receive_descriptors(line, 1, 3)[1]


class Command:
    """Watches one command from its start until nothing of it is left."""

    def __init__(self, supervisor, control, output, stdin):
        self.supervisor, self.channel, self.output, self.stdin = supervisor, Channel(control), output, stdin
        self.main = self.code = self.over = self.scratch = None
        self.limit, self.stopped = 0, False
        self.cpu = self.memory = 0
        # When whatever is left is killed.
        self.deadline = math.inf
        self.poll = poll_for(control, supervisor.server, supervisor.signals)
        # What has come was for the command before.
        read_signals(supervisor.signals)

    def run(self):
        """Does what the server asks for; returns how many processes are left of it."""
        with self.channel.socket:
            request, *orders = self.channel.first() or [None]
            refusal = None
            try:
                self.start(request)
                self.watch(orders)
            except Refused as error:
                refusal = error.answer
            finally:
                left = self.kill()
                if self.scratch:
                    remove(self.scratch)
            self.channel.send(**(refusal or self.account(left)))
        return left

    def start(self, request):
        try:
            if request is None:
                raise Refused("no request", 126)
            self.main = spawn(self.prepare(request), self.output, self.stdin)
        finally:
            close_all([self.output, self.stdin])
        self.limit = self.supervisor.crowds[self.supervisor.pid] = request["limits"].get("processes") or 0
        self.channel.send(started=self.main, scratch=self.scratch)

    def prepare(self, request):
        """Makes the directories, and returns the plan. Raises Refused."""
        try:
            self.scratch = make_scratch(request["scratch_root"])
            directory = make_directory(self.scratch, request["cwd"])
        except (OSError, ValueError) as error:
            raise Refused(f"{request['cwd'] or 'scratch directory'}: {describe(error)}", 126) from None
        return Plan(request, directory)

    def watch(self, orders):
        """Waits for the end of the command, or until it has to be killed; obeys the server meanwhile."""
        for order in orders:
            self.obey(order)
        self.outlast()

    def outlast(self):
        """Waits until no process is left, or until the deadline."""
        while self.reap() and time.monotonic() < self.deadline:
            self.wait(self.deadline - time.monotonic())

    def wait(self, seconds):
        """Waits for a signal, an order, or this time."""
        alone, crowded = self.limit and os.getppid() != self.supervisor.launcher, False
        if alone:
            seconds = min(seconds, LOOK)
        for source, _ in self.poll.poll(None if seconds == math.inf else max(0, math.ceil(seconds * 1000))):
            if source == self.supervisor.signals:
                crowded = CROWDED in read_signals(source)
            elif source == self.supervisor.server:
                self.deadline = 0
            else:
                self.listen()
        if crowded or (alone and len(self.tree(census())) > self.limit):
            self.over, self.deadline = "processes", 0

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
        if self.code is None:
            os.killpg(self.main, number)
        else:  # the main process is reaped, and the number of its group may be that of another one
            self.signal_tree(number)

    def signal_tree(self, number, seen=frozenset()):
        """Sends it to every process of the command that is not in `seen`, wherever it went; returns to which."""
        table = census()
        tree = self.tree(table)
        new = {(pid, table[pid].born) for pid in tree} - seen
        # All of a group in one call, from which no fork escapes.
        if new and any(table[pid].group == self.main for pid in tree):
            with contextlib.suppress(OSError):
                os.killpg(self.main, number)
        for pid, born in new:
            send_signal(pid, born, number)
        return new

    def tree(self, table):
        """The pids of all processes of the command that are in a census."""
        return descendants(self.supervisor.pid, families(table))

    def reap(self):
        """Whether any process is left; takes leave of those that have ended."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status, used = os.wait4(-1, os.WNOHANG)
                if pid == 0:
                    return True
                self.cpu += used.ru_utime + used.ru_stime
                self.memory = max(self.memory, used.ru_maxrss * UNIT)
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
        if self.main is None:
            return 0
        self.poll = poll_for(self.supervisor.signals)
        self.limit, give_up = 0, time.monotonic() + PATIENCE
        if self.code is None:
            self.signal_group(signal.SIGKILL)
        if not self.over:  # mostly nothing else is left, and a census takes longer
            self.deadline = time.monotonic() + PAUSE
            self.outlast()
        while self.reap():
            if time.monotonic() > give_up:
                return len(self.tree(census()))
            self.signal_tree(signal.SIGKILL)
            self.wait(PAUSE)
        return 0

    def account(self, left):
        code = -signal.SIGKILL if self.code is None else self.code
        return {"ended": code, "over": self.over, "cpu": round(self.cpu, 6), "memory": self.memory, "left": left}


class Launcher:
    """Gives each command to a supervisor, and does for all of them what each would have to look at all of /proc for.

    That is to count their processes, and to kill those whose supervisor was killed.
    """

    def __init__(self, server):
        self.socket, self.server = server, watch_parent()
        # Where supervisors say that they are free.
        self.desk, self.their_desk = socket.socketpair()
        self.idle, self.supervisors, self.strays = {}, set(), False
        self.next_look = self.next_glance = self.total = 0
        # In memory that all share.
        self.crowds = memoryview(mmap.mmap(-1, PIDS * 4)).cast("i")
        self.signals = catch_signals()
        self.poll = poll_for(self.socket.fileno(), self.server, self.desk.fileno(), self.signals)

    def serve(self):
        """Serves until the server is gone; then supervisors go on without."""
        while all(map(self.answer, self.ready())):
            self.reap()
            self.look()
        for pid, line in self.idle.items():
            line.close()
            os.waitpid(pid, 0)

    def ready(self):
        busy = self.strays or len(self.supervisors) > len(self.idle)
        return [source for source, _ in self.poll.poll(GLANCE * 1000 if busy else None)]

    def answer(self, source):
        """Whether the server is there after what has come from this source was seen to."""
        if source == self.signals:
            read_signals(source)
        elif source == self.desk.fileno():
            self.note_idle()
        else:
            return source != self.server and self.receive()
        return True

    def note_idle(self):
        data, descriptors = receive_descriptors(self.desk, 4, 1)
        if len(self.idle) < SPARE:
            [pid] = struct.unpack("i", data)
            self.idle[pid] = socket.socket(fileno=descriptors[0])
        else:  # it ends when its line is closed
            close_all(descriptors)

    def receive(self):
        """Takes the descriptors of one command; False when the server is gone."""
        data, descriptors = receive_descriptors(self.socket, 1, 3)
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)
        if len(descriptors) == 3:
            self.dispatch(descriptors)
        close_all(descriptors)
        return bool(data)

    def dispatch(self, descriptors):
        """Gives the command to a supervisor that is free, or forks one."""
        while self.idle:
            line = self.idle.popitem()[1]
            with line, contextlib.suppress(ConnectionError):
                socket.send_fds(line, [b"."], descriptors)
                return
        try:
            pid = os.fork()
        except OSError as error:
            Channel(os.dup(descriptors[0])).send(failed=f"fork: {describe(error)}", exit_code=126)
            return
        if pid == 0:
            self.supervise(descriptors)
        self.supervisors.add(pid)

    def supervise(self, descriptors):
        """The life of a supervisor, a fork of this process."""
        code = 1
        try:
            # While anybody has these, their other ends do not see the end of the launcher.
            self.socket.close()
            self.desk.close()
            os.close(self.signals)
            prctl(PR_SET_CHILD_SUBREAPER, 1)
            prctl(PR_SET_PDEATHSIG, ALONE)
            code = Supervisor(self.their_desk, self.server, self.crowds).serve(descriptors)
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
                self.forget(pid)
                self.strays = self.strays or status != 0

    def forget(self, pid):
        self.supervisors.discard(pid)
        self.crowds[pid] = 0
        if line := self.idle.pop(pid, None):
            line.close()

    def look(self):
        """Tells the supervisors whose processes are too many, and kills those that have none."""
        limits = {pid: self.crowds[pid] for pid in self.supervisors if self.crowds[pid]}
        if not (limits or self.strays) or not self.is_due(min(limits.values(), default=0)):
            return
        begin = time.process_time()
        table = census()
        children = families(table)
        self.kill_strays(table, children)
        for pid, most in limits.items():
            if len(descendants(pid, children)) > most:
                os.kill(pid, CROWDED)
        self.next_look = time.monotonic() + max(LOOK, (time.process_time() - begin) / SHARE)

    def is_due(self, growth):
        """Whether it is time for a census; it is early when the system has more processes than before by `growth`."""
        now = time.monotonic()
        if now < self.next_glance:
            return False
        self.next_glance, total = now + GLANCE, count_tasks()
        if now < self.next_look and total - self.total <= growth:
            return False
        self.total = total
        return True

    def kill_strays(self, table, children):
        strays = [pid for pid in children.get(os.getpid(), ()) if pid not in self.supervisors]
        for stray in strays:
            for pid in [stray, *descendants(stray, children)]:
                send_signal(pid, table[pid].born, signal.SIGKILL)
        self.strays = bool(strays)


def watch_parent():
    """A descriptor that can be read when the server has ended (pidfd_open(2)); None where there is none.

    The end of file alone does not tell: processes that the server forked have its sockets too.
    """
    with contextlib.suppress(AttributeError, OSError):
        return os.pidfd_open(os.getppid())
    return None


def detach():
    """Leaves what was the server's; returns the socket to it, which was the standard input."""
    os.closerange(3, 65_536)
    server = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    os.setsid()
    os.chdir("/")
    os.umask(0o077)
    return server


def hurry():
    """Takes precedence over everything, where that is allowed (nice(2), and sched(7) for the autogroup)."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w") as file:
        file.write("-20")


def main():
    server = detach()
    hurry()
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    for number in HEEDED:
        signal.signal(number, lambda number, frame: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    # What is setuid to another user could not be killed; so it is run without that.
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    launcher = Launcher(server)
    # What is there now is never looked through again, which would copy its pages into every fork.
    gc.freeze()
    launcher.serve()


if __name__ == "__main__":
    main()
