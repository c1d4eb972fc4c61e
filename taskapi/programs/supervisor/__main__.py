"""The launcher: forks supervisors, and gives each command to one of them."""

import contextlib
import gc
import json
import mmap
import os
import signal
import socket
import struct
import sys
import time
from functools import partial

from channel import Channel, catch_signals, close_all, describe, poll_for, read_signals, receive_descriptors
from kernel import PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG, prctl
from nice import hurry
from processes import census, count_tasks, descendants, families, send_signal
from scratch import Note, remove_left
from supervisor import ALONE, CROWDED, Supervisor

# These must not end a supervisor: systemd, for one, sends SIGTERM to all processes of a unit. They are handled and not
# ignored, because what is ignored stays so in the command.
HEEDED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD, CROWDED, ALONE)
# How often processes are counted, unless it takes more than this share of a processor, and how often it is looked
# whether there are suddenly many more.
LOOK, SHARE, GLANCE = 0.25, 0.05, 0.05
# How many supervisors wait for the next command.
SPARE = 8
# One more than the largest pid of Linux (proc(5), pid_max).
PIDS = 2**22 + 1


class Launcher:
    """Gives each command to a supervisor, and does for all of them what each would have to look at all of /proc for.

    That is to count their processes, and to kill those whose supervisor was killed and to remove what they left.
    """

    def __init__(self, server, most):
        self.socket, self.server, self.most = server, watch_parent(), most
        # Where supervisors say that they are free.
        self.desk, self.their_desk = socket.socketpair()
        # Their notes by the pids of supervisors; whether processes, and which directories those that were killed left.
        self.supervisors, self.strays, self.litter = {}, False, []
        # Where supervisors get commands, and who of them waits for one.
        self.lines, self.idle = {}, []
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
        self.close_lines()
        for pid in self.idle:
            os.waitpid(pid, 0)

    def close_lines(self):
        for line in self.lines.values():
            line.close()

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
        [pid] = struct.unpack("i", data)
        if descriptors:
            self.lines[pid] = socket.socket(fileno=descriptors[0])
        if pid in self.supervisors and len(self.idle) < SPARE:
            self.idle.append(pid)
        else:  # it ends when its line is closed
            self.hang_up(pid)

    def hang_up(self, pid):
        if line := self.lines.pop(pid, None):
            line.close()

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
            with contextlib.suppress(ConnectionError):
                socket.send_fds(self.lines[self.idle.pop()], [b"."], descriptors)
                return
        try:
            note = Note()
            self.fork(note, partial(self.supervise, note, descriptors))
        except OSError as error:
            Channel(os.dup(descriptors[0])).send(failed=f"fork: {describe(error)}", exit_code=126)

    def supervise(self, note, descriptors):
        return Supervisor(self.their_desk, self.server, self.crowds, note, self.most).serve(descriptors)

    def fork(self, note, work):
        """Forks a process that does this work, and exits with what it returns."""
        pid = os.fork()
        if pid == 0:
            self.live(work)
        self.supervisors[pid] = note

    def live(self, work):
        """The life of a fork of this process."""
        code = 1
        try:
            # While anybody has these, their other ends do not see the end of the launcher.
            self.socket.close()
            self.desk.close()
            self.close_lines()
            os.close(self.signals)
            prctl(PR_SET_CHILD_SUBREAPER, 1)
            prctl(PR_SET_PDEATHSIG, ALONE)
            code = work()
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
                self.forget(pid, status != 0)

    def forget(self, pid, killed):
        note = self.supervisors.pop(pid, None)
        if killed:
            # At once: what it had goes on without a limit.
            self.strays, self.next_look, self.next_glance = True, 0, 0
            self.litter += [path for path in [note and note.read()] if path]
        self.crowds[pid] = 0
        self.hang_up(pid)
        if pid in self.idle:
            self.idle.remove(pid)

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
        if self.litter and not strays:
            self.sweep()

    def sweep(self):
        """Removes the scratch directories of supervisors that were killed, in a fork, as it can take long."""
        with contextlib.suppress(OSError):
            self.fork(Note(), partial(remove_left, self.litter))
            self.litter = []


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


def main(most):
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
    launcher = Launcher(server, most)
    # What is there now is never looked through again, which would copy its pages into every fork.
    gc.freeze()
    launcher.serve()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
