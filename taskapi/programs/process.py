"""An operating-system command, seen from the event loop of its task; the supervisor sees to the processes."""

import asyncio
import codecs
import contextlib
import fcntl
import json
import mmap
import os
import socket
import tempfile

from taskapi.exceptions import CannotStart, ProgramFailed
from taskapi.programs.launcher import launch

READ = 64 * 2**10
# So much output may wait for the database; then the command has to wait, too, and longer each time it is looked.
HIGH_WATER = 256 * 2**10
FIRST_PAUSE, LONGEST_PAUSE = 0.001, 0.05
# What is dropped goes from a large pipe into memory that all share, once in so many seconds.
DROP_PAUSE = 0.005
# After an answer with one of these nothing more comes.
LAST = {"ended", "failed"}
BIN = mmap.mmap(-1, 2**20)


class Process:
    """Runs one command for a task: passes its output on to the task, and the task's signals on to the command."""

    def __init__(self, task, request, stdin):
        self.task, self._request, self._stdin = task, request, stdin
        self._loop = asyncio.get_running_loop()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._answers, self._rest = {}, b""
        self._answered, self._silent = self._loop.create_future(), self._loop.create_future()
        self._again = None

    async def run(self):
        """Runs it to its end, when nothing of it is left; returns the last answer of the supervisor.

        Raises ProgramFailed when it cannot be executed, and CannotStart when there is no process to be had.
        """
        with self._open():
            # Until the request is complete, a kill ends this coroutine, and with its socket the command.
            if self._request:
                await self._loop.sock_sendall(self._control, self._request)
            self._loop.add_reader(self._control, self._hear)
            self._loop.add_reader(self._output, self._read)
            self.task.on_signal = self._send_signal
            await self._answered
            if not self._answers.get("left"):
                await self._silent
        return self._outcome()

    @contextlib.contextmanager
    def _open(self):
        """The descriptors, which are closed at the end whatever it is; a closed control socket ends the command."""
        with contextlib.ExitStack() as stack:
            try:
                self._launch(stack)
            except OSError as error:
                raise CannotStart(f"no process: {error}") from None
            yield
            self.task.on_signal = None

    def _launch(self, stack):
        self._control, theirs = (stack.enter_context(end) for end in socket.socketpair())
        self._control.setblocking(False)
        self._output, output = os.pipe()
        stack.callback(os.close, self._output)
        os.set_blocking(self._output, False)
        stack.callback(self._stop_reading)
        with theirs, os.fdopen(output, "wb") as output, readable(self._stdin) as stdin:
            # What there is room for, mostly all, so that nobody has to wait for it.
            self._request = self._request[self._control.send(self._request) :]
            launch(theirs.fileno(), output.fileno(), stdin.fileno())

    def _stop_reading(self):
        self._loop.remove_reader(self._control)
        self._loop.remove_reader(self._output)
        if self._again:
            self._again.cancel()

    def _hear(self):
        """Answers of the supervisor, lines of JSON; an end of file instead of the last of them when it was killed."""
        try:
            data = self._control.recv(READ)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._answers |= json.loads(line)
        if not data or self._answers.keys() & LAST:
            self._loop.remove_reader(self._control)
            settle(self._answered)

    def _read(self):
        try:
            more = self._drop() if self.task.full else self._pass_on()
        except BlockingIOError:
            return
        if not more:
            self._loop.remove_reader(self._output)
            settle(self._silent)
        elif self.task.full:
            self._wait(DROP_PAUSE)
        elif self.task.pending > HIGH_WATER:
            self.task.tell()  # so much is written at once
            self._wait(FIRST_PAUSE)

    def _pass_on(self):
        """Gives the task what has come of its output; False at the end of it."""
        data = os.read(self._output, READ)
        self.task.write(self._decoder.decode(data, final=not data).encode())
        if self.task.full:
            enlarge(self._output)
        return bool(data)

    def _drop(self):
        """Takes out of the pipe what nobody keeps; False at the end of it."""
        return os.readv(self._output, [BIN]) > 0

    def _wait(self, seconds):
        """Lets the pipe fill up: what is dropped must not keep the server busy, nor what is kept fill its memory."""
        self._loop.remove_reader(self._output)
        self._again = self._loop.call_later(seconds, self._read_on, seconds)

    def _read_on(self, waited):
        if self.task.pending > HIGH_WATER:
            self._wait(min(2 * waited, LONGEST_PAUSE))
        else:
            self._loop.add_reader(self._output, self._read)

    def _send_signal(self, signal, grace):
        order = json.dumps({"signal": signal, "grace": grace}).encode() + b"\n"
        with contextlib.suppress(OSError):  # it has ended
            self._control.send(order)

    def _outcome(self):
        if "failed" in self._answers:
            raise ProgramFailed(f"{self._answers['failed']}.", self._answers["exit_code"])
        if "ended" not in self._answers:
            raise ProgramFailed("The process that watched over it was killed, and so was it.")
        return self._answers


def settle(future):
    if not future.done():
        future.set_result(None)


def enlarge(pipe):
    """Makes its buffer as large as the bin, where that can be done (F_SETPIPE_SZ, fcntl(2))."""
    with contextlib.suppress(AttributeError, OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, len(BIN))


def readable(text):
    """An open file that has this text, from its start."""
    if not text:
        return open(os.devnull, "rb")
    file = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
    file.write(text.encode())
    file.seek(0)
    return file
