"""Runs a command of the operating system."""

import json
import signal
from typing import Annotated

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from taskapi.exceptions import ProgramFailed, WrongArgument
from taskapi.programs.process import Process
from taskapi.programs.registry import program

# The operator's limits: the most, and what holds where a task says nothing.
MOST = {
    "cpu_seconds": settings.COMMAND_CPU,
    "memory_bytes": settings.COMMAND_MEMORY,
    "file_size_bytes": settings.COMMAND_FILE_SIZE,
    "open_files": settings.COMMAND_OPEN_FILES,
    "processes": settings.COMMAND_PROCESSES,
}


def limit(name, what, least=1):
    most = {"maximum": MOST[name]}
    return Field(default=None, ge=least, description=f"{what} At most {MOST[name]:,}.", json_schema_extra=most)


# As the supervisor calls them.
SHORT = {"cpu_seconds": "cpu", "memory_bytes": "memory", "file_size_bytes": "file_size"}


class Limits(BaseModel):
    """What the command may take (setrlimit(2)); null: as much as the operator allows."""

    model_config = ConfigDict(extra="forbid")

    cpu_seconds: int | None = limit("cpu_seconds", "Seconds of CPU, for each process.")
    memory_bytes: int | None = limit("memory_bytes", "Address space of each process.", 2**20)
    file_size_bytes: int | None = limit("file_size_bytes", "Size of each file that it writes.", 0)
    open_files: int | None = limit("open_files", "Open files of each process.", 8)
    processes: int | None = limit("processes", "Processes of the whole command at once.")

    def in_force(self):
        """The limits that hold; those of the operator may have been lowered since the fork."""
        return {name: MOST[name] if value is None else min(value, MOST[name]) for name, value in self}


Argv = Annotated[
    list[str] | str, Field(min_length=1, description="The command and its arguments; with `shell`, one line for sh.")
]
Shell = Annotated[bool, Field(description="Whether `argv` is one line for /bin/sh.")]
Stdin = Annotated[str, Field(description="What it reads from its standard input.")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Environment = Annotated[dict[Name, str], Field(description="Environment variables, added to PATH, HOME and LANG.")]
Directory = Annotated[str, Field(description="Where it runs: a directory made in the scratch directory of the task.")]


def check(argv, shell, cwd, limits, **others):
    """Raises WrongArgument for what can be seen to be wrong before the command is run."""
    for name, value in limits:
        if value is not None and value > MOST[name]:
            raise WrongArgument(f"limits.{name}", f"The operator allows {MOST[name]:,} at most.")
    if shell != isinstance(argv, str):
        raise WrongArgument("argv", "With `shell` true it is one string, otherwise a list of strings.")
    if not shell and not argv[0]:
        raise WrongArgument("argv", "The first string is the command; it is empty.")
    if cwd.startswith("/") or ".." in cwd.split("/"):
        raise WrongArgument("cwd", "It is a path inside the scratch directory, such as `build/out`.")


@program(permission="taskapi.run_command", check=check)
async def command(
    task,
    argv: Argv,
    shell: Shell = False,
    stdin: Stdin = "",
    env: Environment = {},  # noqa: B006  pydantic copies it
    cwd: Directory = "",
    limits: Limits = Limits(),  # noqa: B008
):
    """Run a command of the operating system (execvp(3)); its output is that of the task."""
    limits = limits.in_force()
    request = {
        "argv": ["/bin/sh", "-c", argv] if shell else argv,
        "env": {"LANG": "C.UTF-8", "TASK_ID": str(task.id)} | env,
        "cwd": cwd,
        "scratch_root": settings.COMMAND_SCRATCH or None,
        "limits": {SHORT.get(name, name): value for name, value in limits.items()},
    }
    end = await Process(task, json.dumps(request).encode() + b"\n", stdin).run()
    task.exit_code = exit_code(end["ended"])
    if trouble := explain(end, limits):
        raise ProgramFailed(trouble, task.exit_code)
    return {"cpu_seconds": end["cpu"], "memory_bytes": end["memory"]}


def exit_code(code):
    """The exit status as the shell has it: 128 and the number of the signal that was the end."""
    return 128 - code if code < 0 else code


def explain(end, limits):
    """A sentence for people when the command did not end well, otherwise an empty text."""
    if end["over"]:
        return f"It was killed for having more than {limits['processes']} processes."
    if end["ended"] >= 0:
        return f"It exited with status {end['ended']}." if end["ended"] else ""
    name = signal_name(-end["ended"])
    causes = {
        "SIGXCPU": f", for taking more than {limits['cpu_seconds']} s of CPU",
        "SIGXFSZ": f", for writing more than {limits['file_size_bytes']:,} bytes to a file",
    }
    return f"It was ended by {name}{causes.get(name, '')}."


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal, of which only the first and the last have a name
        return f"signal {number}"
