"""The scratch directory of a command."""

import contextlib
import itertools
import mmap
import os

from channel import Refused


class Note:
    """The path of a scratch directory in memory that a supervisor shares with the launcher, which outlives it."""

    def __init__(self):
        self.memory = mmap.mmap(-1, mmap.PAGESIZE)

    def write(self, path):
        data = os.fsencode(path) + b"\0"
        if len(data) <= len(self.memory):  # no longer path is one
            self.memory[: len(data)] = data

    def read(self):
        return os.fsdecode(self.memory[: self.memory.find(b"\0")])


def name_scratch(root):
    """The path of a new directory."""
    root = root or os.environ.get("TMPDIR", "/tmp")  # noqa: S108  what the system says, or its default
    return os.path.join(os.path.realpath(root), f"task-{os.urandom(8).hex()}")


def make_scratch(path):
    """Makes the directory, which only its owner can enter."""
    os.mkdir(path, 0o700)


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
    # The command can have put something else in its place. Here, nobody can any more.
    if os.path.islink(full[0]) or not os.path.isdir(full[0]):
        with contextlib.suppress(OSError):
            os.unlink(full.pop())
    for directory in full:
        with contextlib.suppress(OSError):
            full += empty(directory, heap, names)
            os.rmdir(directory)
    with contextlib.suppress(OSError):
        os.rmdir(heap)


def remove_left(paths):
    """Removes directories whose removal may have been interrupted; returns 0, which is to exit with."""
    for path in paths:
        remove(f"{path}-removed")
        remove(path)
    return 0


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
