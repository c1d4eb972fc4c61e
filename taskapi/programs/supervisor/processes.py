"""The processes that there are, and which descend from which (proc(5))."""

import contextlib
import os


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
