"""What a program says while it runs, progress and output, until the recorder has written it."""

import time
from collections import deque

from django.conf import settings

from taskapi.models import Report

CUT = "[The output is cut here: it is longer than the limit of {:,} bytes.]\n"
NUL, REPLACEMENT = b"\0", "\ufffd".encode()
# At most so many bytes are one row: no database takes statements of any size.
PIECE = 2**20
# Progress that only time brings about is worth writing when it has grown by so much.
STEP = 0.01


class Reporter:
    """Collects what one attempt says. Its program calls `say...` in any thread; the recorder calls `take`.

    A subclass has the `claim`, and a `tell()` that is called when there is something to take.
    """

    __slots__ = ("_output", "_progress", "_seconds", "_since", "_written", "closed", "told")

    def __init__(self):
        self.told = self.closed = False
        self._progress = self._written = self._since = self._seconds = self._output = None

    @property
    def pending(self):
        """Bytes of output that are not in the database yet."""
        return self._output.pending if self._output else 0

    @property
    def full(self):
        """Whether further output is dropped."""
        return self._output is not None and self._output.full

    @property
    def progress_known(self):
        return self._progress is not None or self._since is not None

    @property
    def paced(self):
        """Whether it has to be asked for its progress from time to time."""
        return self._since is not None and not self.closed

    def say_progress(self, fraction, text):
        self._progress, self._since = (fraction, text), None
        self._tell()

    def say_expected(self, seconds):
        self._since, self._seconds = time.monotonic(), seconds
        self.tell()

    def say(self, data):
        """More output, UTF-8."""
        if self.closed:
            return
        if self._output is None:
            self._output = Output()
        if self._output.add(data):
            self._tell()

    def take(self, find_end):
        """A Report of what was not yet taken, up to PIECE of it, or None when there is nothing.

        find_end(task id) is where its output ended before.
        """
        self.told = False
        offset, data = self._output.take(self.claim, find_end) if self._output else (0, b"")
        report = Report(self.claim.pk, self.claim.attempt, self._take_progress(), offset, data)
        return report if report.progress or report.data else None

    def stored(self):
        """What was taken is in the database."""
        if self._output:
            self._output.stored = self._output.taken

    def _tell(self):
        if not self.told and not self.closed:
            self.told = True
            self.tell()

    def take_all(self, find_end):
        """All that was not yet taken, as Reports."""
        return list(iter(lambda: self.take(find_end), None))

    def _take_progress(self):
        if (since := self._since) is not None:
            grown = min(1.0, (time.monotonic() - since) / self._seconds) if self._seconds else 1.0
            known = self._progress and self._progress[0]
            if known is None or grown - known >= STEP:
                self._progress = (round(grown, 3), "")
        if self._progress == self._written:
            return None
        self._written = self._progress
        return self._written


class Output:
    """What was printed and is on its way: at most TASK_OUTPUT_LIMIT bytes, then a line that says so."""

    __slots__ = ("_line_open", "_offset", "_parts", "full", "said", "stored", "taken")

    def __init__(self):
        self._parts, self._offset, self._line_open = deque(), None, False
        self.said = self.taken = self.stored = 0
        self.full = False

    @property
    def pending(self):
        return 0 if self.full else self.said - self.stored

    def add(self, data):
        """False when it is full: then the data is dropped."""
        if self.full or not data:
            return False
        # What goes beyond the limit is cut when it is taken.
        self.full = self.said + len(data) > settings.TASK_OUTPUT_LIMIT
        data = data.replace(NUL, REPLACEMENT)
        self._parts.extend(data[start : start + PIECE] for start in range(0, len(data), PIECE))
        self.said += len(data)
        return True

    def take(self, claim, find_end):
        """(offset, data) of what was not yet taken."""
        if not self._parts:
            return 0, b""
        if self._offset is None:
            self._offset = find_end(claim.pk) if claim.attempt > 1 else 0
        parts, room = [], PIECE
        while self._parts and room >= len(self._parts[0]):
            parts.append(self._parts.popleft())
            room -= len(parts[-1])
        said = b"".join(parts)
        self.taken += len(said)
        offset, data = self._offset, self._cut(said)
        self._offset += len(data)
        return offset, data

    def _cut(self, data):
        limit = settings.TASK_OUTPUT_LIMIT
        room = limit - self._offset
        if room < 0:
            return b""
        if len(data) <= room:
            self._line_open = not data.endswith(b"\n")
            return data
        self.full = True
        kept = data[:room].decode(errors="ignore").encode()
        line_open = not kept.endswith(b"\n") if kept else self._line_open
        return kept + ("\n" * line_open + CUT.format(limit)).encode()
