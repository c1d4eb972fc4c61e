"""What a program is given as `task`."""

import math

from taskapi.reports import Reporter

TEXT_LIMIT = 255


class RunningTask(Reporter):
    """A program's own task: what it is, and ways to say how it goes."""

    __slots__ = ("_exit_code", "_run", "on_signal")

    def __init__(self, run):
        super().__init__()
        self._run = run
        self._exit_code = None
        # A function that takes the name of each signal and the seconds of grace; the program then sees to them itself.
        self.on_signal = None

    @property
    def claim(self):
        return self._run.claim

    def tell(self):
        self._run.report(self)

    @property
    def id(self):
        return self.claim.pk

    @property
    def name(self):
        return self.claim.name

    @property
    def attempt(self):
        """1 for the first run of the task, 2 when it is tried again..."""
        return self.claim.attempt

    @property
    def exit_code(self):
        """What the program wants to be known as its exit status, 0 to 255, or None. Setting it raises ValueError."""
        return self._exit_code

    @exit_code.setter
    def exit_code(self, code):
        if code is not None and not (isinstance(code, int) and 0 <= code <= 255):
            raise ValueError(f"an exit status is a number from 0 to 255, not {code!r}")
        self._exit_code = code

    def progress(self, fraction, text=""):
        """Says how far the program is: from 0 to 1, or None for unknown, with a few words (255 characters at most).

        Cheap enough for every step of a loop: it is written a few times a second. Raises ValueError.
        """
        if fraction is not None and not 0 <= (fraction := float(fraction)) <= 1:
            raise ValueError(f"progress goes from 0 to 1, not {fraction}")
        self.say_progress(fraction, storable(text)[:TEXT_LIMIT])

    def expect(self, seconds):
        """Says that the program will end after so many seconds: its progress grows by itself."""
        if not 0 <= (seconds := float(seconds)) < math.inf:
            raise ValueError(f"expected a number of seconds, not {seconds}")
        self.say_expected(seconds)

    def track(self, items, total=None, text=""):
        """Iterates over the items, saying the progress after each; a checkpoint before each.

        How many there are is `total`, or len(items) where they have a length; without, only their number is said.
        """
        if total is None and hasattr(items, "__len__"):
            total = len(items)
        for number, item in enumerate(items, 1):
            self.checkpoint()
            yield item
            self.progress(min(1, number / total) if total else None, text or ("" if total else str(number)))

    def print(self, *values, sep=" ", end="\n", flush=False):
        """Adds a line to the output of the task, as the built-in print does; it is written soon in any case."""
        self.write((" " if sep is None else sep).join(map(str, values)) + ("\n" if end is None else end))

    def write(self, text):
        """Adds this text (str, or bytes of UTF-8) to the output of the task, as it is."""
        if isinstance(text, str):
            text = text.encode(errors="replace")
        self.say(text)

    def checkpoint(self):
        """Raises asyncio.CancelledError when the task was killed, and waits here while it is stopped.

        For plain functions and long computations: an await is a checkpoint by itself.
        """
        self._run.checkpoint()


def storable(text):
    """Text without what no database takes: NUL and lone surrogates."""
    return str(text).replace("\0", "\ufffd").encode(errors="replace").decode()
