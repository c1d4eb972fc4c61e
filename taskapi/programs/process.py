"""An operating-system command, seen from the event loop of its task; supervisor.py sees to the processes themselves."""

import asyncio
import codecs
import contextlib
import json
import os
import socket
import tempfile

from taskapi.exceptions import CannotStart, ProgramFailed
from taskapi.programs.launcher import launch

READ = 64 * 2**10
# So much output may wait for the database; then the command has to wait, too.
HIGH_WATER = 256 * 2**10
PAUSE = 0.005


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
            launch(theirs.fileno(), output.fileno(), stdin.fileno())

    def _stop_reading(self):
        self._loop.remove_reader(self._control)
        self._loop.remove_reader(self._output)
        if self._again:
            self._again.cancel()

    def _hear(self):
        """Answers of the supervisor, lines of JSON; the end of file after the last of them."""
        try:
            data = self._control.recv(READ)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._answers |= json.loads(line)
        if not data:
            self._loop.remove_reader(self._control)
            settle(self._answered)

    def _read(self):
        try:
            data = os.read(self._output, READ)
        except BlockingIOError:
            return
        self.task.write(self._decoder.decode(data, final=not data).encode())
        if not data:
            self._loop.remove_reader(self._output)
            settle(self._silent)
        elif self.task.full or self.task.pending > HIGH_WATER:
            self._wait()

    def _wait(self):
        """Lets the pipe fill up: what is dropped must not keep the server busy, nor what is kept fill its memory."""
        self._loop.remove_reader(self._output)
        self._again = self._loop.call_later(PAUSE, self._read_on)

    def _read_on(self):
        if self.task.pending > HIGH_WATER:
            self._wait()
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


def readable(text):
    """An open file that has this text, from its start."""
    if not text:
        return open(os.devnull, "rb")
    file = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
    file.write(text.encode())
    file.seek(0)
    return file
