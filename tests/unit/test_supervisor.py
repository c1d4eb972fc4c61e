"""The supervisor of commands: what they get, where they end, and that nothing of them is ever left."""

import json
import os
import signal
import socket
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest

from taskapi.programs import launcher
from tests.conftest import needs, wait_for

# With these, or none, commands are started quickly; with lower ones by a fork.
LOWER = {"open_files": 100}
NO_LIMITS = dict.fromkeys(("cpu", "memory", "file_size", "open_files", "processes"))
# Signals 32 and 33, which a C library keeps to itself.
OF_THE_LIBRARY = 0b11 << 31
# A process that has left the group and the session of its command, and whose parent has ended.
DAEMON = "(setsid sleep 100 & echo $! > daemon) & wait $!"

# Not `sleep 100 & wait`: a shell can lose a signal between its fork and its exec.
LINGER = "echo up; while :; do sleep 0.05; done"


class Run:
    """A command under its supervisor, as the server sees it."""

    def __init__(self, argv, *, stdin=b"", env=None, cwd="", root=None, orders=(), **limits):
        self.mark = uuid.uuid4().hex
        self.control, theirs = socket.socketpair()
        self.control.settimeout(30)
        self.output, output = os.pipe()
        self.answers = self.control.makefile("rb")
        request = {"argv": argv, "env": {"MARK": self.mark} if env is None else env, "cwd": cwd, "scratch_root": root}
        request["announce"] = True
        with theirs, os.fdopen(output, "wb") as output, readable(stdin) as stdin:
            launcher.launch(theirs.fileno(), output.fileno(), stdin.fileno())
        self.send({"limits": NO_LIMITS | limits, **request}, *orders)

    def send(self, *messages):
        self.control.sendall(b"".join(json.dumps(message).encode() + b"\n" for message in messages))

    def signal(self, name, grace=10.0):
        self.send({"signal": name, "grace": grace})

    def answer(self):
        """The next line of the supervisor, or None when it has ended."""
        line = self.answers.readline()
        return (line and json.loads(line)) or None

    def start(self):
        self.started = self.answer()
        assert "started" in self.started, self.started
        self.pid, self.scratch = self.started["started"], Path(self.started["scratch"])
        return self

    def read(self):
        """What it writes next."""
        return os.read(self.output, 65_536).decode()

    def rest(self):
        """The output up to the end of file."""
        return "".join(iter(self.read, ""))

    def end(self):
        """The last answer; nothing may be left of the command by then."""
        if not hasattr(self, "pid"):
            self.start()
        self.text = self.rest()
        end = self.answer()
        assert not processes(self.mark)
        assert not self.scratch.exists()
        return end

    def close(self):
        self.answers.close()
        self.control.close()
        os.close(self.output)


def readable(data):
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    return os.fdopen(reading, "rb")


def processes(mark):
    """The pids of the processes that were started with this mark in their environment."""
    return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if mark in read(path)]


def read(path):
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def stat_of(pid):
    """(state, parent, user time in ticks) of a process, or None (proc(5))."""
    fields = read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return (fields and (fields[0], int(fields[1]), int(fields[11]))) or None


def below(pid):
    """The states of all processes that descend from this one, by pid."""
    table = {int(name): found for name in os.listdir("/proc") if name.isdigit() and (found := stat_of(name))}
    tree = [pid]
    for ancestor in tree:
        tree += [child for child, (_, parent, _) in table.items() if parent == ancestor]
    return {child: table[child][0] for child in tree[1:]}


def descriptors():
    return os.listdir("/proc/self/fd")


@pytest.fixture(autouse=True, scope="module")
def _launcher():
    needs(Path("/proc/self/stat").exists(), "/proc, for the processes of commands")
    yield
    launcher.close()
    assert not below(os.getpid())


@pytest.fixture(autouse=True)
def _nothing_is_left():
    """No descriptor, no process and no zombie, but supervisors that wait for a command."""
    Run(["true"]).close()
    before = len(descriptors())
    yield
    assert len(descriptors()) <= before
    wait_for(lambda: "Z" not in below(os.getpid()).values())


@pytest.fixture
def run(_nothing_is_left):
    """run(...) starts a command; a text is one for sh."""
    runs = []

    def run(command, **options):
        argv = ["/bin/sh", "-c", command] if isinstance(command, str) else command
        runs.append(Run(argv, **options))
        return runs[-1]

    yield run
    for one in runs:
        one.close()
        wait_for(lambda mark=one.mark: not processes(mark))


def limits_of(command):
    """What `ulimit` says in it: (CPU, address space, file size, open files), soft and hard."""
    command.end()
    assert len(command.text.split()) == 8, command.text
    return command.text.split()


SHOW_LIMITS = "for kind in t v f n; do echo $(ulimit -S$kind) $(ulimit -H$kind); done"


def shown(cpu, memory, file_size, open_files):
    """The same of these limits."""
    values = (cpu, cpu + 1), (memory // 1024,) * 2, (file_size // 512,) * 2, (open_files,) * 2
    return [str(value) for pair in values for value in pair]


@pytest.mark.parametrize("limits", [{}, launcher.most()])
def test_the_limits_of_the_operator_hold(run, limits):
    assert limits_of(run(SHOW_LIMITS, **limits)) == shown(**launcher.most())


def test_lower_limits_are_those_of_one_command_only(run):
    most = launcher.most()
    lower = {"cpu": 9, "memory": 2**29, "file_size": 2**20, "open_files": 50}
    supervisors = set()
    for limits in [most, lower, most, most | {"cpu": 7}, most, lower, {}]:
        command = run(SHOW_LIMITS, **limits)
        supervisors.add((stat_of(command.start().pid) or (None, None))[1])
        assert limits_of(command) == shown(**most | limits)
    assert len(supervisors - {None}) <= 4  # of seven commands; those before may not be free yet


def test_no_command_has_more_than_the_operator_allows(run):
    more = {name: 2 * value for name, value in launcher.most().items()}
    assert limits_of(run(SHOW_LIMITS, **more))[1::2] == shown(**launcher.most())[1::2]


def test_limits_of_the_operator_that_are_too_low_for_a_supervisor(run, monkeypatch):
    low = {"cpu": 5, "memory": 2**28, "file_size": 0, "open_files": 20}
    monkeypatch.setattr(launcher, "most", lambda: low)
    launcher.close()
    for limits in [low, low, low | {"open_files": 15}]:
        assert limits_of(run(SHOW_LIMITS, **limits)) == shown(**limits)
    launcher.close()


@pytest.mark.parametrize("limits", [{}, LOWER])
def test_niceness(run, limits):
    for _ in range(20):
        command = run("nice; (setsid nice)", **limits)
        command.end()
        assert command.text.split() == [str(min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10))] * 2


def test_many_commands_through_one_supervisor(run):
    supervisors = set()
    for i in range(200):
        command = Run(["/bin/sh", "-c", f"echo $PPID; exit {i}"], **[{}, LOWER][i % 2])
        assert command.end()["ended"] == i
        supervisors.add(command.text)
        command.close()
    assert len(supervisors) <= 3
    [pid] = [int(pid) for pid in supervisors][:1]
    assert len(os.listdir(f"/proc/{pid}/fd")) < 15


@pytest.mark.parametrize("code", [0, 1, 77, 255])
def test_exit_codes(run, code):
    assert run(f"exit {code}").end()["ended"] == code


def test_a_death_by_signal(run):
    assert run("kill -SEGV $$").end()["ended"] == -signal.SIGSEGV


def test_both_outputs_in_order(run):
    command = run("for i in 1 2 3; do echo out $i; echo err $i >&2; done")
    command.end()
    assert command.text.split("\n") == ["out 1", "err 1", "out 2", "err 2", "out 3", "err 3", ""]


def test_stdin(run):
    command = run(["cat"], stdin="søme text\n".encode())
    command.end()
    assert command.text == "søme text\n"


def test_arguments_reach_the_command_unchanged(run):
    strange = ["", " ", "$HOME", "a\nb", "ünï", "*", '"']
    command = run([sys.executable, "-c", "import sys; print(ascii(sys.argv[1:]))", *strange])
    command.end()
    assert command.text == ascii(strange) + "\n"


def test_a_request_of_some_hundred_kilobytes(run):
    words = ["x" * 100_000] * 4
    command = run(["sh", "-c", 'echo "$*" | wc -c', "sh", *words], env={"BIG": "y" * 100_000})
    command.end()
    assert command.text.split() == ["400004"]


def test_the_environment_is_as_given(run, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "of the server")
    command = run(["env"], env={"LANG": "C", "TMPDIR": "/nowhere"})
    command.end()
    env = dict(line.split("=", 1) for line in command.text.splitlines())
    home = str(command.scratch)
    assert env == {"LANG": "C", "TMPDIR": "/nowhere", "HOME": home, "PWD": home, "PATH": os.environ["PATH"]}


def test_nothing_of_the_server_is_in_the_launcher(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "of the server")
    launcher.close()
    Run(["true"]).close()
    [pid] = [pid for pid, state in below(os.getpid()).items() if stat_of(pid)[1] == os.getpid()]
    names = {line.partition("=")[0] for line in read(Path(f"/proc/{pid}/environ")).split("\0")}
    assert names == {"PATH", "TMPDIR", ""}


@pytest.mark.parametrize("limits", [{}, LOWER])
def test_the_command_has_no_descriptor_but_the_three(run, limits):
    with open(os.devnull) as leak:
        os.set_inheritable(leak.fileno(), True)
        launcher.close()
        command = run([sys.executable, "-c", "import os; print(*os.listdir('/proc/self/fd'))"], **limits)
        command.end()
    assert command.text.split() == ["0", "1", "2", "3"]  # 3 is that of the listdir


@pytest.mark.parametrize("limits", [{}, LOWER])
def test_signals_are_as_in_a_shell(run, limits):
    command = run("grep -E 'Sig(Blk|Ign)' /proc/self/status; umask; ulimit -c", **limits)
    command.end()
    _, blocked, _, ignored, umask, core = command.text.split()
    assert (int(blocked, 16), int(ignored, 16) & ~OF_THE_LIBRARY, umask, core) == (0, 0, "0077", "0")


def test_the_working_directory(run):
    command = run("pwd; echo $PWD; ls -ld .", cwd="a/b")
    command.end()
    here = f"{command.scratch}/a/b"
    assert command.text.startswith(f"{here}\n{here}\ndrwx------ ")


@pytest.mark.parametrize("cwd", ["/", "/tmp", "..", "a/../../b", "a/..", "x" * 300, "a\0b", "a/" * 3_000])
def test_a_working_directory_elsewhere(run, tmp_path, cwd):
    answer = run(["pwd"], cwd=cwd, root=str(tmp_path)).answer()
    assert answer["exit_code"] == 126
    assert answer["failed"].startswith(cwd)
    assert not list(tmp_path.iterdir())


def test_the_scratch_directory_is_elsewhere(run, tmp_path):
    command = run("pwd", root=str(tmp_path)).start()
    assert command.scratch.parent == tmp_path
    command.end()
    assert run("pwd", root="/nowhere").answer() == {
        "failed": "scratch directory: No such file or directory",
        "exit_code": 126,
    }


def test_the_scratch_directory_is_removed_whatever_is_in_it(run, tmp_path):
    keep = tmp_path / "keep"
    keep.mkdir()
    (keep / "file").touch()
    deep = "import os; [(os.mkdir('d'), os.chdir('d')) for _ in range(3_000)]"
    command = run(
        f"""ln -s {keep} link; mkdir -p shut/in/there; touch shut/in/there/file; mkfifo fifo; touch -- -f 0 1
        '{sys.executable}' -c "{deep}"; chmod 0 shut/in/there shut/in shut .""",
        root=str(tmp_path),
    )
    command.end()
    assert list(tmp_path.iterdir()) == [keep]
    assert (keep / "file").exists()


@pytest.mark.parametrize("limits", [{}, LOWER])
def test_not_found(run, limits):
    for name in ("mkae", "/no/such", "./such"):
        answer = run([name, "all"], **limits).answer()
        assert answer == {"failed": f"{name}: No such file or directory", "exit_code": 127}


@pytest.mark.parametrize("limits", [{}, LOWER])
def test_not_executable(run, tmp_path, limits):
    script = tmp_path / "script"
    script.write_text("echo")
    assert run([str(script)], **limits).answer() == {"failed": f"{script}: Permission denied", "exit_code": 126}
    script.chmod(0o755)
    assert run([str(script)], **limits).answer() == {"failed": f"{script}: Exec format error", "exit_code": 126}
    assert run(["script"], env={"PATH": str(tmp_path)}, **limits).answer()["exit_code"] == 126


@pytest.mark.parametrize(("argv", "env"), [(["a\0b"], {}), ([""], {}), ([], {}), (["true"], {"A=B": ""})])
@pytest.mark.parametrize("limits", [{}, LOWER])
def test_what_no_command_can_be(run, argv, env, limits):
    assert run(argv, env=env, **limits).answer()["exit_code"] in (126, 127)


def test_the_limit_of_cpu(run):
    end = run("while :; do :; done", cpu=1).end()
    assert end["ended"] == -signal.SIGXCPU
    assert 0.5 < end["cpu"] < 3


def test_the_limit_of_memory(run):
    command = run([sys.executable, "-c", "x = bytearray(300_000_000)"], memory=200_000_000)
    assert command.end()["ended"] == 1
    assert "MemoryError" in command.text


def test_a_limit_of_memory_too_small_for_anything(run):
    assert run([sys.executable, "-c", "pass"], memory=2**20).end()["ended"] != 0


def test_the_limit_of_file_size(run):
    assert run("exec dd if=/dev/zero of=file bs=10000 count=2", file_size=10_000).end()["ended"] == -signal.SIGXFSZ


def test_the_limit_of_open_files(run):
    command = run([sys.executable, "-c", "f = [open('/dev/null') for _ in range(50)]"], open_files=20)
    assert command.end()["ended"] == 1
    assert "Too many open files" in command.text


def test_what_was_used_is_of_the_whole_tree(run):
    code = "x = bytearray(50_000_000)\nimport time\nwhile time.process_time() < 0.3: pass"
    end = run(f"'{sys.executable}' -c '{code}'; '{sys.executable}' -c '{code}'").end()
    assert end["cpu"] >= 0.6
    assert end["memory"] > 50_000_000


def test_children_in_the_background_end_with_the_command(run):
    command = run("sleep 100 & sleep 100 & nohup sleep 100 & exit 3")
    assert command.end()["ended"] == 3


def test_a_daemon_ends_with_the_command(run):
    command = run(f"{DAEMON}; trap '' HUP TERM; (sleep 100 & sleep 100) & cat daemon; exit 4")
    assert command.end()["ended"] == 4
    assert not stat_of(int(command.text))


def test_a_kill_ends_everything(run):
    command = run(f"{DAEMON}; sleep 100 & trap '' TERM; echo up; wait").start()
    command.read()
    assert len(processes(command.mark)) >= 3
    command.signal("KILL")
    assert command.end()["ended"] == -signal.SIGKILL


@pytest.mark.parametrize("name", ["TERM", "INT"])
def test_a_command_may_clean_up(run, name):
    command = run(f"trap 'sleep 0.2; echo clean; exit 5' {name}; {LINGER}").start()
    command.read()
    command.signal(name)
    assert command.end()["ended"] == 5
    assert "clean\n" in command.text


def test_children_may_clean_up_when_the_command_is_gone(run):
    command = run(f"(trap 'sleep 0.3; echo clean; exit' TERM; {LINGER}) & wait").start()
    command.read()
    command.signal("TERM")
    assert command.end()["ended"] == -signal.SIGTERM
    assert "clean\n" in command.text


def test_grace_has_an_end(run):
    command = run("trap '' TERM; echo up; sleep 100; sleep 100").start()
    command.read()
    started = time.monotonic()
    command.signal("TERM", grace=0.5)
    assert command.end()["ended"] == -signal.SIGKILL
    assert 0.5 <= time.monotonic() - started < 5


def test_grace_is_not_made_longer_by_a_second_signal(run):
    command = run("trap '' TERM INT; echo up; sleep 100").start()
    command.read()
    command.signal("TERM", grace=0.2)
    command.signal("INT", grace=100)
    assert command.end()["ended"] == -signal.SIGKILL


@pytest.mark.parametrize(("name", "ended"), [("TERM", -signal.SIGTERM), ("KILL", -signal.SIGKILL)])
def test_a_signal_that_comes_with_the_request_is_not_lost(run, name, ended):
    command = run(["sleep", "100"], orders=[{"signal": name, "grace": 10}])
    assert command.end()["ended"] == ended


def test_stop_and_continue(run):
    command = run("echo up; while :; do :; done").start()
    command.read()
    command.signal("STOP")
    wait_for(lambda: stat_of(command.pid)[0] == "T")
    ticks = stat_of(command.pid)[2]
    time.sleep(0.3)
    assert stat_of(command.pid)[2] == ticks
    command.signal("CONT")
    wait_for(lambda: stat_of(command.pid)[2] > ticks)
    command.signal("KILL")
    command.end()


def test_stop_reaches_every_process(run):
    command = run(f"{DAEMON}; sleep 100 & (sleep 100 & sleep 100) & echo up; wait").start()
    command.read()
    command.signal("STOP")
    wait_for(lambda: {stat_of(pid)[0] for pid in processes(command.mark)} == {"T"})
    command.signal("CONT")
    wait_for(lambda: "T" not in {stat_of(pid)[0] for pid in processes(command.mark)})
    command.signal("KILL")
    command.end()


@pytest.mark.parametrize(("name", "ended"), [("TERM", 6), ("KILL", -signal.SIGKILL)])
def test_the_end_of_a_stopped_command(run, name, ended):
    command = run("trap 'exit 6' TERM; echo up; while :; do :; done").start()
    command.read()
    command.signal("STOP")
    wait_for(lambda: stat_of(command.pid)[0] == "T")
    command.signal(name)
    assert command.end()["ended"] == ended


def test_the_end_of_the_server_is_the_end_of_the_command(run):
    command = run(f"{DAEMON}; trap '' TERM; echo up; sleep 100").start()
    command.read()
    command.answers.close()
    command.control.close()
    assert command.rest() == ""
    wait_for(lambda: not processes(command.mark))
    wait_for(lambda: not command.scratch.exists())


def test_a_server_that_dies_and_leaves_a_fork_behind():
    """The fork has the sockets too, so that there is no end of file."""
    reading, writing = os.pipe()
    server = os.fork()
    if server == 0:
        command = Run(["sleep", "100"]).start()
        fork = os.fork()
        if fork:
            os.write(writing, f"{command.mark} {fork}".encode())
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(100)
    os.close(writing)
    mark, fork = os.read(reading, 1000).decode().split()
    os.waitpid(server, 0)
    wait_for(lambda: not processes(mark))
    os.kill(int(fork), signal.SIGKILL)
    os.close(reading)


def test_signals_to_all_processes_of_the_unit_do_not_end_supervisors(run):
    command = run(f"trap 'echo clean; exit 7' TERM; {LINGER}").start()
    command.read()
    supervisor = stat_of(command.pid)[1]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(supervisor, number)
        os.kill(stat_of(supervisor)[1], number)
    command.signal("TERM")
    assert command.end()["ended"] == 7


@pytest.mark.parametrize("limits", [{}, LOWER])
def test_a_supervisor_that_is_killed_takes_every_process_with_it(run, tmp_path, limits):
    command = run(f"{DAEMON}; touch file; sleep 100 & echo up; wait", root=str(tmp_path), **limits).start()
    command.read()
    os.kill(stat_of(command.pid)[1], signal.SIGKILL)
    assert command.rest() == ""
    assert command.answer() is None
    wait_for(lambda: not processes(command.mark))
    wait_for(lambda: not list(tmp_path.iterdir()))


def test_commands_go_on_when_the_launcher_is_killed(run):
    before = run("read line; exit 8", stdin=b"").start()
    waiting = run(f"trap 'exit 9' TERM; {LINGER}").start()
    waiting.read()
    before.end()
    os.kill(stat_of(stat_of(waiting.pid)[1])[1], signal.SIGKILL)
    assert run("exit 3").end()["ended"] == 3
    waiting.signal("TERM")
    assert waiting.end()["ended"] == 9


def test_a_fork_of_the_server_has_a_launcher_of_its_own(run):
    pid = os.fork()
    if pid == 0:
        try:
            code = Run(["sh", "-c", "exit 5"]).end()["ended"]
            launcher.close()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
    assert run("exit 3").end()["ended"] == 3


def test_no_launcher_can_be_started(monkeypatch):
    launcher.close()
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with open(os.devnull) as null, pytest.raises(OSError, match="No such file"):
        launcher.launch(null.fileno(), null.fileno(), null.fileno())


def test_fifty_commands_from_eight_threads(run):
    ends = []

    def some():
        for _ in range(7):
            commands = [Run(["sh", "-c", f"echo {i}; sleep 0.0{i}; exit {i}"]) for i in range(3)]
            ends.extend((i, commands[i].end()["ended"], commands[i].text) for i in range(3))
            for command in commands:
                command.close()

    threads = [threading.Thread(target=some) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == [(i, i, f"{i}\n") for i in range(3) for _ in range(56)]


def test_a_crowd_is_killed(run):
    command = run("i=0; while [ $i -lt 2000 ]; do sleep 100 & i=$((i+1)); done; wait", processes=50)
    end = command.end()
    assert (end["ended"], end["over"], end["left"]) == (-signal.SIGKILL, "processes", 0)


def test_a_crowd_is_killed_also_when_the_launcher_was(run):
    command = run("echo up; read line; for i in 1 2 3 4 5 6; do sleep 100 & done; wait", processes=5).start()
    os.kill(stat_of(stat_of(command.pid)[1])[1], signal.SIGKILL)
    assert command.end()["over"] == "processes"
    launcher.close()


def test_as_many_processes_as_are_allowed(run):
    command = run("for i in 1 2 3 4; do sleep 0.6 & done; wait", processes=5)
    assert command.end()["over"] is None


def test_a_fork_bomb(run):
    needs(Path("/bin/bash").exists(), "bash")
    end = run(["/bin/bash", "-c", ":(){ :|:& };:"], processes=50).end()
    assert end["left"] == 0
