"""The program `command`, with real processes, in an engine that runs tasks in the background."""

import os
import time
import uuid
from pathlib import Path

import pytest

from taskapi.models import Reason, Signal, Status, Task
from taskapi.programs import launcher
from tests.conftest import needs, wait_for
from tests.engines.contract import BackgroundContract, printed


@pytest.fixture(scope="module", autouse=True)
def _no_launcher_left_over():
    needs(Path("/proc/self/stat").exists(), "/proc")
    yield
    launcher.close()


# Other runs of the tests on this machine have tasks of the same ids.
RUN = {"TEST_RUN": uuid.uuid4().hex}


def processes(task):
    """The pids of all processes of this task, by the variables that each of them inherits."""
    marks, found = {f"TASK_ID={task.pk}".encode(), f"TEST_RUN={RUN['TEST_RUN']}".encode()}, []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if marks.issubset((place / "environ").read_bytes().split(b"\0")):
                found.append(int(place.name))
        except OSError:
            pass
    return found


def state(pid):
    """(letter of its state, ticks of CPU) of a process, see proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return fields[0], int(fields[11])


CPU_LOOP = "while :; do :; done"
SLEEPERS = "for i in $(seq 99); do sleep 60 & done; wait"


class CommandContract(BackgroundContract):
    @pytest.fixture
    def run(self, start):
        def run(argv, **arguments):
            fields = {name: arguments.pop(name) for name in ("timeout", "max_attempts") if name in arguments}
            arguments |= {"argv": argv, "shell": isinstance(argv, str), "env": RUN | arguments.get("env", {})}
            return start("command", arguments=arguments, **fields)

        return run

    def ends(self, task, *end):
        super().ends(task, *end)
        assert processes(task) == []

    def test_a_command_completes_with_its_output(self, run):
        task = run(["printf", "%s-%s", "a b", "$HOME"])
        self.ends(task, Status.COMPLETED)
        assert (printed(task), task.exit_code) == (b"a b-$HOME", 0)
        assert task.result.keys() == {"cpu_seconds", "memory_bytes"}

    def test_both_streams_are_captured_in_order(self, run):
        task = run("for i in 1 2 3; do echo out $i; echo err $i >&2; done")
        self.ends(task, Status.COMPLETED)
        assert printed(task) == b"out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n"

    @pytest.mark.parametrize(
        ("argv", "exit_code", "error"),
        [
            ("exit 3", 3, "It exited with status 3."),
            ("kill -9 $$", 137, "It was ended by SIGKILL."),
            ("kill -40 $$", 168, "It was ended by signal 40."),
            (["no-such-command"], 127, "no-such-command: No such file or directory."),
            (["/etc/passwd"], 126, "/etc/passwd: Permission denied."),
        ],
    )
    def test_another_exit_status_than_0_is_a_failure(self, run, argv, exit_code, error):
        task = run(argv)
        self.ends(task, Status.FAILED, Reason.EXIT)
        assert (task.exit_code, task.error) == (exit_code, error)

    def test_it_reads_its_standard_input(self, run):
        task = run(["sort"], stdin="b\na\n" * 1_000)
        self.ends(task, Status.COMPLETED)
        assert printed(task) == b"a\n" * 1_000 + b"b\n" * 1_000

    def test_invalid_utf8_and_nul_are_replaced(self, run):
        task = run(r"printf 'a\0b\377c\303\n\303\244'")
        self.ends(task, Status.COMPLETED)
        assert printed(task).decode() == "a\ufffdb\ufffdc\ufffd\n\u00e4"

    def test_random_bytes_become_text(self, run):
        task = run(["head", "-c", "100000", "/dev/urandom"])
        self.ends(task, Status.COMPLETED)
        assert len(printed(task).decode()) > 50_000

    def test_the_environment_holds_nothing_of_the_servers(self, run, monkeypatch):
        monkeypatch.setenv("SECRET_KEY", "hush")
        task = run(["env"], env={"COLOUR": "red"})
        self.ends(task, Status.COMPLETED)
        names = {line.partition("=")[0] for line in printed(task).decode().splitlines()}
        assert names == {"PATH", "HOME", "PWD", "TMPDIR", "LANG", "TASK_ID", "TEST_RUN", "COLOUR"}

    def test_it_runs_in_a_scratch_directory_that_is_removed(self, run):
        task = run("mkdir sub; echo x > sub/file; chmod 000 sub; pwd", cwd="a/b")
        self.ends(task, Status.COMPLETED)
        scratch = printed(task).decode().strip().removesuffix("/a/b")
        assert scratch.startswith("/")
        assert not os.path.exists(scratch)

    def test_a_link_in_the_place_of_the_scratch_directory_is_not_followed(self, run, tmp_path):
        (tmp_path / "kept").write_text("x")
        task = run(f"cd /; rmdir $HOME; ln -s {tmp_path} $HOME; echo $HOME")
        self.ends(task, Status.COMPLETED)
        assert (tmp_path / "kept").exists()
        assert not os.path.lexists(printed(task).decode().strip())

    @pytest.mark.parametrize(
        ("argv", "limits", "error"),
        [
            (CPU_LOOP, {"cpu_seconds": 1}, "It was ended by SIGXCPU, for taking more than 1 s of CPU."),
            (
                "exec yes > f",
                {"file_size_bytes": 10_000},
                "It was ended by SIGXFSZ, for writing more than 10,000 bytes",
            ),
            ("exec tail /dev/zero", {"memory_bytes": 20 * 2**20}, "It exited with status 1."),
            (
                "for i in $(seq 99); do sleep 60 & done; wait",
                {"processes": 20},
                "It was killed for having more than 20",
            ),
        ],
    )
    def test_limits(self, run, argv, limits, error):
        task = run(argv, limits=limits)
        self.ends(task, Status.FAILED, Reason.EXIT)
        assert task.error.startswith(error)

    def test_a_limit_of_open_files(self, run):
        task = run("ulimit -n", limits={"open_files": 50})
        self.ends(task, Status.COMPLETED)
        assert printed(task) == b"50\n"

    def test_a_fork_bomb_is_contained(self, run):
        task = run("b() { b | b & }; b; sleep 60", limits={"processes": 60})
        self.ends(task, Status.FAILED, Reason.EXIT)

    def test_ten_mebibytes_of_output_are_cut_and_the_command_goes_on(self, run):
        task = run("yes | head -c 10485760; exit 3")
        self.ends(task, Status.FAILED, Reason.EXIT)
        *lines, notice = printed(task).splitlines()
        assert set(lines) == {b"y"}
        assert len(lines) == 2**19
        assert notice == b"[The output is cut here: it is longer than the limit of 1,048,576 bytes.]"

    def test_output_is_seen_as_it_comes(self, engine, run):
        task = run("echo first; sleep 60")
        wait_for(lambda: printed(task) == b"first\n", seconds=2)
        engine.kill(task)
        self.ends(task, Status.KILLED)

    def test_kill_ends_the_whole_group(self, engine, run):
        task = run("sleep 61 & sh -c 'sleep 62 & wait' & wait")
        wait_for(lambda: len(processes(task)) == 4)
        before = time.monotonic()
        engine.kill(task)
        self.ends(task, Status.KILLED)
        assert time.monotonic() - before < 1
        assert task.exit_code == 143

    def test_kill_ends_what_left_the_group_and_what_became_a_daemon(self, engine, run):
        task = run("setsid sleep 61 & (setsid sh -c 'sleep 62 &' &) ; wait; sleep 63")
        wait_for(lambda: len(processes(task)) >= 3)
        engine.kill(task)
        self.ends(task, Status.KILLED)

    def test_what_a_command_leaves_behind_ends_with_it(self, run):
        task = run("sleep 61 & setsid sleep 62 & echo done")
        self.ends(task, Status.COMPLETED)
        assert printed(task) == b"done\n"

    def test_term_lets_it_clean_up(self, engine, run):
        task = run("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.01; done")
        wait_for(lambda: printed(task))
        engine.kill(task)
        self.ends(task, Status.KILLED)
        assert printed(task).endswith(b"bye\n")  # the shell also says that its sleep was terminated
        assert task.exit_code == 7

    def test_int_is_passed_on_as_it_is(self, engine, run):
        task = run("trap 'echo interrupted; exit 0' INT; echo ready; while :; do sleep 0.01; done")
        wait_for(lambda: printed(task))
        engine.signal(task, Signal.INT)
        self.ends(task, Status.KILLED)
        assert printed(task).endswith(b"interrupted\n")

    def test_who_ignores_term_is_killed_after_the_grace(self, engine, run):
        task = run(f"trap '' TERM; echo ready; {CPU_LOOP}")
        wait_for(lambda: printed(task))
        before = time.monotonic()
        engine.kill(task)
        self.ends(task, Status.KILLED)
        assert time.monotonic() - before > engine.grace / 2
        assert task.exit_code == 137

    def test_kill_does_not_wait(self, engine, run):
        task = run(f"trap 'echo bye' TERM; echo ready; {CPU_LOOP}")
        wait_for(lambda: printed(task))
        engine.signal(task, Signal.KILL)
        self.ends(task, Status.KILLED)
        assert (printed(task), task.exit_code) == (b"ready\n", 137)

    def test_stop_and_cont_of_a_cpu_loop(self, engine, run):
        task = run(CPU_LOOP)
        [pid] = wait_for(lambda: processes(task))
        engine.signal(task, Signal.STOP)
        wait_for(lambda: state(pid)[0] == "T")
        used = state(pid)
        time.sleep(0.2)
        assert state(pid) == used
        engine.signal(task, Signal.CONT)
        wait_for(lambda: state(pid)[0] == "R" and state(pid)[1] > used[1])
        engine.signal(task, Signal.STOP)
        engine.kill(task)  # TERM alone would wait for CONT
        self.ends(task, Status.KILLED)

    def test_a_timeout_is_124_and_leaves_nothing(self, run):
        task = run(f"sleep 61 & {CPU_LOOP}", timeout=0.3)
        self.ends(task, Status.FAILED, Reason.TIMEOUT)
        assert (task.exit_code, task.error) == (124, "It took longer than its timeout of 0.3 s.")

    def test_stop_of_the_engine_leaves_nothing(self, engine, run):
        task = run("sleep 61 & wait")
        wait_for(lambda: len(processes(task)) == 2)
        engine.stop()
        self.ends(task, Status.FAILED, Reason.LOST)

    def test_a_failed_command_is_tried_again(self, run):
        task = run("echo again; exit 1", max_attempts=2)
        self.ends(task, Status.FAILED, Reason.EXIT)
        assert (printed(task), task.attempt) == (b"again\nagain\n", 2)

    def test_a_deleted_user_leaves_no_process(self, engine, start, other, monkeypatch):
        monkeypatch.setattr("taskapi.engines.keeper.STRAYS_PAUSE", 0)
        task = start("command", owner=other, arguments={"argv": ["sleep", "61"], "env": RUN})
        wait_for(lambda: processes(task))
        other.delete()
        wait_for(lambda: not processes(task))

    def test_many_at_once(self, run):
        tasks = [run(["sh", "-c", f"echo {number}"]) for number in range(60)]
        wait_for(lambda: Task.objects.filter(status=Status.COMPLETED).count() == 60)
        assert [printed(task) for task in tasks] == [f"{number}\n".encode() for number in range(60)]
