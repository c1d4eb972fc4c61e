"""Starts operating-system commands: the server's side of the supervisor, whose package says what is spoken with it."""

import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

from django.conf import settings

SCRIPT = Path(__file__).with_name("supervisor")
TIMEOUT = 10.0


def most():
    """The limits that no command exceeds."""
    return {
        "cpu": settings.COMMAND_CPU,
        "memory": settings.COMMAND_MEMORY,
        "file_size": settings.COMMAND_FILE_SIZE,
        "open_files": settings.COMMAND_OPEN_FILES,
    }


class Launcher:
    """The process that forks supervisors; it is started when it is needed. Any thread may call."""

    def __init__(self):
        # Reentrant, because a fork takes it too, wherever it happens.
        self._lock = threading.RLock()
        self._socket = self._pid = None

    def launch(self, control, output, stdin):
        """Gives these descriptors to a new supervisor; the caller's stay open. Raises OSError when there can be none.

        The request may be written to the other end of `control` before or after. When that comes to its end without
        an answer, the supervisor has died.
        """
        with self._lock:
            if self._socket is None:
                self._start()
            try:
                self._hand_over(control, output, stdin)
            except ConnectionError:  # it has died, and has not forked for this one
                self._start()
                self._hand_over(control, output, stdin)

    def close(self, patience=TIMEOUT):
        """Ends the launcher; commands that run go on without it, and the next launch starts another one."""
        with self._lock:
            if self._socket is None:
                return
            self._socket.close()
            deadline = time.monotonic() + patience
            while self._is_alive():
                if time.monotonic() >= deadline:
                    os.kill(self._pid, signal.SIGKILL)
                time.sleep(0.002)
            self._socket = self._pid = None

    def _is_alive(self):
        with contextlib.suppress(ChildProcessError):
            return os.waitpid(self._pid, os.WNOHANG)[0] == 0
        return False

    def _start(self):
        ours, theirs = socket.socketpair()
        # Nothing else of the server's environment, which holds secrets.
        env = {"PATH": os.environ.get("PATH", os.defpath), "TMPDIR": tempfile.gettempdir()}
        # -I does not heed PYTHONDONTWRITEBYTECODE.
        options = ["-I", "-S", "-X", "utf8"] + ["-B"] * sys.dont_write_bytecode
        command = [sys.executable, *options, str(SCRIPT), json.dumps(most())]
        with theirs:
            try:
                stdin = [(os.POSIX_SPAWN_DUP2, theirs.fileno(), 0)]
                self._pid = os.posix_spawn(sys.executable, command, env, file_actions=stdin)
            except BaseException:
                ours.close()
                raise
        ours.settimeout(TIMEOUT)
        self._socket = ours

    def _hand_over(self, *descriptors):
        """Sends them, and waits until they have come: then a supervisor is forked at once."""
        try:
            socket.send_fds(self._socket, [b"."], descriptors)
            if not self._socket.recv(1):
                raise ConnectionResetError("The launcher has ended.")
        except BaseException:  # an answer that comes later must not be taken for that to the next one
            self.close(patience=0)
            raise

    def _lock_for_fork(self):
        self._lock.acquire()

    def _unlock_in_parent(self):
        self._lock.release()

    def _forget_in_child(self):
        """A fork of the server starts a launcher of its own; the end of this one is the parent's to see."""
        if self._socket:
            self._socket.close()
        self._socket = self._pid = None
        self._lock.release()


_launcher = Launcher()
launch, close = _launcher.launch, _launcher.close
os.register_at_fork(
    before=_launcher._lock_for_fork,
    after_in_parent=_launcher._unlock_in_parent,
    after_in_child=_launcher._forget_in_child,
)
