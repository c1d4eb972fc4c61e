"""Runs operating-system commands of which no process survives, however the command, its task or the server ended.

This directory is a script that knows nothing of the project; its modules import each other by their bare names, and
are not for the server to import. The server starts it once, as the launcher (launcher.py), a small process that forks
supervisors. Its argument is JSON, like the `limits` below: those that no command exceeds.

A supervisor adopts whatever its command leaves behind (PR_SET_CHILD_SUBREAPER, prctl(2)), and is done with it when
nothing is left. Then it waits for another command, because a fork of a Python takes milliseconds.

The launcher gets one byte and three descriptors for each command, the supervisor's end of a socket, where the output
goes and what the command reads, and answers with one byte. Through the socket then go lines of JSON. First, once:

    {"argv": ["make", "all"], "env": {"LANG": "C"}, "cwd": "", "scratch_root": null, "announce": true,
     "limits": {"cpu": 60, "memory": 1e9, "file_size": 1e9, "open_files": 100, "processes": 50}}

`cwd` is made in the scratch directory; a limit that is null is that of the launcher's argument. Then as often as
is wanted; the end of file kills:

    {"signal": "TERM" | "INT" | "KILL" | "STOP" | "CONT", "grace": 5.0}

The supervisor answers with the first, or with the third when all is over, and before that, if `announce` is there and
true, with the second:

    {"failed": "mkae: No such file or directory", "exit_code": 127}
    {"started": 4711, "scratch": "/tmp/task-0123456789abcdef"}
    {"ended": 2, "over": null | "processes", "cpu": 1.5, "memory": 9000000, "left": 0}

`ended` is the exit status, or minus the signal; `cpu` is the time of the whole tree; `memory` is that of its largest
process, and at least that of the supervisor, some ten megabytes; `left` counts the processes that even
SIGKILL did not end within PATIENCE. An end of file instead of an answer: the supervisor was killed, and the launcher
kills what it had, and removes the scratch directory.
"""
