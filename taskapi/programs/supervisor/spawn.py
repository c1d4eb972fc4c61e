"""Starts a command."""

import errno
import json
import math
import os
import resource
import signal

from channel import Refused, describe
from kernel import PR_SET_PDEATHSIG, prctl

# How nice commands are (nice(2)): a fork bomb would leave no time to those that are to end it.
NICE = min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)


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
