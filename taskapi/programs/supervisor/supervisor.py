"""The supervisor: what it does for one command, and then for the next."""

import contextlib
import math
import os
import signal
import socket
import struct
import sys
import time

from channel import Channel, Refused, catch_signals, close_all, describe, poll_for, read_signals, receive_descriptors
from nice import nicely
from processes import census, descendants, families, send_signal
from scratch import make_directory, make_scratch, name_scratch, remove
from spawn import Plan, spawn, take_on

CROWDED, ALONE = signal.SIGUSR1, signal.SIGUSR2
# How often a supervisor without its launcher counts processes.
LOOK = 0.25
# How long what is killed may take to end, and how often it is killed again meanwhile.
PATIENCE, PAUSE = 10.0, 0.05
# STOP looks so many times for processes that it has missed: a fork bomb could keep it busy for ever.
ROUNDS = 20
# After so many seconds of CPU a supervisor takes no other command: the limit that commands inherit is its own, too.
RETIREMENT = 60
UNIT = 1 if sys.platform == "darwin" else 1024


class Supervisor:
    """A process that runs one command after another.

    The limit of their processes is at its pid in `crowds`, and where they are, in `note`; `most` are the limits that no
    command exceeds.
    """

    def __init__(self, desk, server, crowds, note, most):
        self.desk, self.server, self.crowds, self.note = desk, server, crowds, note
        self.limits, self.nicely, self.line = take_on(most), nicely(), None
        self.pid, self.launcher = os.getpid(), os.getppid()
        self.signals = catch_signals()

    def serve(self, descriptors):
        """Runs the command with these descriptors, and then what the launcher has; returns what to exit with."""
        while descriptors:
            left = Command(self, *descriptors).run()
            self.crowds[self.pid] = 0
            if left or time.process_time() > RETIREMENT:
                return min(left, 1)
            descriptors = self.next()
        return 0

    def next(self):
        """Waits for the descriptors of the next command, at a socket of which the launcher gets the other end."""
        me = struct.pack("i", self.pid)
        with contextlib.suppress(OSError):
            if self.line:
                self.desk.sendall(me)
            else:
                self.line, theirs = socket.socketpair()
                with theirs:
                    socket.send_fds(self.desk, [me], [theirs.fileno()])
        return receive_descriptors(self.line, 1, 3)[1]


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
                    self.supervisor.note.write("")
            self.channel.send(**(refusal or self.account(left)))
        return left

    def start(self, request):
        try:
            if request is None:
                raise Refused("no request", 126)
            self.main = spawn(self.prepare(request), self.output, self.stdin, self.supervisor.nicely)
        finally:
            close_all([self.output, self.stdin])
        self.limit = self.supervisor.crowds[self.supervisor.pid] = request["limits"].get("processes") or 0
        if request.get("announce"):
            self.channel.send(started=self.main, scratch=self.scratch)

    def prepare(self, request):
        """Makes the directories, and returns the plan. Raises Refused."""
        try:
            scratch = name_scratch(request["scratch_root"])
            self.supervisor.note.write(scratch)
            make_scratch(scratch)
            self.scratch = scratch
            directory = make_directory(self.scratch, request["cwd"])
        except (OSError, ValueError) as error:
            raise Refused(f"{request['cwd'] or 'scratch directory'}: {describe(error)}", 126) from None
        return Plan(request, directory, self.supervisor.limits)

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
        if alone:  # ever more rarely, as its own time of CPU has a limit
            seconds = min(seconds, LOOK * (1 + time.process_time() / 10))
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
