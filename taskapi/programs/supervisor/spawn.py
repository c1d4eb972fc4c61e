"""Starts a command; quickly if it may take as much as any command.

A fork of a Python copies hundreds of pages, which takes longer than most of what a short command does. posix_spawn(3)
does without, but can set no limits (setrlimit(2)). So a supervisor takes on itself the limits that no command exceeds,
and its commands inherit them; only for lower ones it forks.
"""

import errno
import json
import math
import os
import resource
import signal
from functools import partial

from channel import Refused, describe
from kernel import PR_SET_PDEATHSIG, prctl
from nice import NICE

# A supervisor cannot live within lower limits than these.
LEAST = {resource.RLIMIT_CPU: 600, resource.RLIMIT_AS: 2**30, resource.RLIMIT_NOFILE: 64}


class Plan:
    """All that a fork needs to become the command; made before it, because a fork copies every page that it touches.

    `inherited` are the limits that need not be set.
    """

    def __init__(self, request, directory, inherited):
        places = dict.fromkeys(("HOME", "PWD", "TMPDIR"), directory)
        self.argv, self.directory = request["argv"], directory
        self.name = "".join(self.argv[:1])
        self.env = {"PATH": os.environ.get("PATH", os.defpath)} | places | request["env"]
        self.paths = find(self.name, self.env["PATH"])
        self.limits = [one for one in limits(**request["limits"]) if one not in inherited]


def find(name, path):
    """The files that may be the command, in the order of the PATH, like execvp(3); from its working directory."""
    if "/" in name:
        return [name]
    places = path.split(":") if name else ()
    return (file for place in places if os.path.lexists(file := f"{place or '.'}/{name}"))


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


def take_on(most):
    """Sets these limits for this process, but for those that are too low for it; returns those that are set."""
    taken = [one for one in limits(**most) if one[1][0] >= LEAST.get(one[0], 0)]
    for kind, values in taken:
        resource.setrlimit(kind, values)
    return taken


def spawn(plan, output, stdin, nicely):
    """Runs a command in a session of its own; returns its pid once it is executed. Raises Refused.

    `nicely` does something at the niceness of commands.
    """
    return spawn_by_fork(plan, output, stdin) if plan.limits else spawn_quickly(plan, output, stdin, nicely)


def spawn_quickly(plan, output, stdin, nicely):
    """Does it by posix_spawn(3), which has no place for a working directory: the supervisor goes there meanwhile."""
    places = [(os.POSIX_SPAWN_DUP2, source, target) for source, target in ((stdin, 0), (output, 1), (output, 2))]
    try:
        os.chdir(plan.directory)
        return nicely(lambda: try_each(plan, partial(os.posix_spawn, file_actions=places, setsid=True)))
    except Exception as error:
        what = "fork" if isinstance(error, BlockingIOError) else plan.name
        raise Refused(f"{what}: {describe(error)}", exit_code(error)) from None
    finally:
        os.chdir("/")


def spawn_by_fork(plan, output, stdin):
    """Does it with the limits of the plan."""
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
        trouble = {"failed": f"{plan.name}: {describe(error)}", "exit_code": exit_code(error)}
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
    try_each(plan, os.execve)


def try_each(plan, call):
    """call(path, argv, env) with the paths one after another, until one is permitted."""
    trouble = OSError(errno.ENOENT, "")
    for path in plan.paths:
        try:
            return call(path, plan.argv, plan.env)
        except PermissionError as error:
            trouble = error
    raise trouble


def exit_code(error):
    """What a shell exits with."""
    return 127 if isinstance(error, FileNotFoundError) else 126
