"""
Every promise of ``ports.Runner`` and ``ports.Session``, as tests.

An adapter's test is a subclass that gives the fixture ``runner`` (of scope "class").
Most tests share one session, since making one is the slow part.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest

from cicd.errors import Unavailable, UsageError
from cicd.ports import CancelToken, Environment, Exit, Mount, MountMode
from cicd.testing.contracts_places import PlacesContract
from cicd.testing.contracts_session import NUMBERS, left_in, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cicd.ports import Runner, Session

PATIENCE = 20.0  # seconds until a test gives up waiting for something that must happen

# What a process does that is then killed.
VICTIM = """
import sys
from pathlib import Path
from {module} import {runner}
from cicd.ports import CancelToken, Environment
environment = Environment(image={image!r})
session = {runner}(Path({home!r})).open({session!r}, environment, stream="build/v")
def output(data):
    sys.stdout.buffer.write(data)
    sys.stdout.flush()
session.run("slow", {script!r}, output=output, cancel=CancelToken())
"""


class RunnerContract(PlacesContract):
    """Subclass it, and give the fixture ``runner``; the class variables say what it can do."""

    switches_users: ClassVar[bool] = True

    # ── Commands ──────────────────────────────────────────────────────────────────────────────

    def test_output_and_errors_arrive_merged_in_the_order_written(self, session: Session) -> None:
        script = "for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done"
        expected = "".join(f"out {i}\nerr {i}\n" for i in range(1, 6)).encode()
        assert (Exit(status=0), expected) == run(session, script)

    def test_every_exit_status_is_given(self, session: Session) -> None:
        expected = [0, 1, 2, 3, 63, 64, 125, 126, 127, 128, 129, 254, 255]
        assert expected == [run(session, f"exit {status}")[0].status for status in expected]

    def test_a_signal_is_128_and_its_number(self, session: Session) -> None:
        numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGABRT, signal.SIGKILL, signal.SIGTERM)
        expected = [(128 + number, b"") for number in numbers]
        ended = [run(session, f"kill -{int(number)} $$; sleep 60") for number in numbers]
        assert expected == [(exit_.status, output) for exit_, output in ended]

    def test_nothing_is_lost_or_changed_in_ten_megabytes(self, session: Session) -> None:
        line = b"0123456789abcde\n"
        script = f"yes 0123456789abcde | head -c {10 * 1024 * 1024}"
        assert (Exit(status=0), line * (10 * 1024 * 1024 // 16)) == run(session, script)

    def test_any_byte_passes(self, session: Session) -> None:
        expected = bytes(range(256)) * 4
        script = "printf '" + "".join(f"\\{byte:03o}" for byte in expected) + "'"
        assert (Exit(status=0), expected) == run(session, script)

    def test_a_last_line_without_its_end_arrives_as_it_is(self, session: Session) -> None:
        assert (Exit(status=0), b"no end") == run(session, "printf 'no end'")

    def test_a_marklike_byte_is_only_a_byte(self, session: Session) -> None:
        assert (Exit(status=0), b"\x1e a\x1e") == run(session, r"printf '\036 a\036'")

    def test_standard_input_is_empty(self, session: Session) -> None:
        assert (Exit(status=0), b"[]\n") == run(session, 'echo "[$(cat)]"')

    def test_opening_dev_stdout_does_not_truncate_what_was_written(self, session: Session) -> None:
        script = "echo 1; echo 2 >/dev/stdout; echo 3 | tee /dev/stderr; echo 4"
        status, output = run(session, script)
        assert (0, b"12334") == (status.status, output.replace(b"\n", b""))

    def test_exec_replaces_the_shell_and_its_status_counts(self, session: Session) -> None:
        assert (Exit(status=3), b"") == run(session, "exec sh -c 'exit 3'; echo not here")

    def test_a_syntax_problem_ends_the_command_and_nothing_else(self, session: Session) -> None:
        broken, _ = run(session, "if then fi (")
        assert broken.status not in (0, None)
        assert (Exit(status=0), b"well\n") == run(session, "echo well")

    def test_set_e_ends_only_its_own_command(self, session: Session) -> None:
        assert (Exit(status=1), b"") == run(session, "set -e; false; echo not here")
        assert (Exit(status=0), b"here\n") == run(session, "false; echo here")

    def test_another_shell_may_be_asked_for(self, session: Session) -> None:
        assert (Exit(status=0), b"yes\n") == run(session, "[[ a == a ]] && echo yes", shell="bash")

    def test_a_missing_shell_is_status_127_and_named(self, session: Session) -> None:
        status, output = run(session, "true", shell="no-such-shell")
        assert (127, True) == (status.status, b"no-such-shell" in output)

    def test_a_missing_command_is_status_127(self, session: Session) -> None:
        assert 127 == run(session, "no-such-command")[0].status

    def test_a_path_of_ones_own_hides_programs_and_not_the_shell(self, session: Session) -> None:
        for shell in ("sh", "bash"):
            status, output = run(
                session, 'echo "$PATH"; ls', shell=shell, variables={"PATH": "$PATH:/opt/x"}
            )
            assert (127, b"$PATH:/opt/x") == (status.status, output.splitlines()[0])

    def test_a_script_may_be_longer_than_a_command_line(self, session: Session) -> None:
        script = "# " + "x" * 300_000 + "\necho end"
        assert (Exit(status=0), b"end\n") == run(session, script)

    # ── Variables, directory, user ────────────────────────────────────────────────────────────

    def test_variables_are_added_to_those_of_the_environment(self, session: Session) -> None:
        script = 'echo "$GIVEN, $ADDED"'
        variables = {"ADDED": "by the command"}
        expected = b"by the environment, by the command\n"
        assert (Exit(status=0), expected) == run(session, script, variables=variables)
        assert (Exit(status=0), b"by the environment, \n") == run(session, script)

    def test_a_variable_of_the_environment_may_be_replaced(self, session: Session) -> None:
        found = run(session, 'echo "$GIVEN"', variables={"GIVEN": "anew"})
        assert (Exit(status=0), b"anew\n") == found

    def test_a_value_arrives_whatever_it_holds(self, session: Session) -> None:
        value = "'\"$HOME `id` \\ \n two  spaces \t ü * ~ ! # %s"
        script = "printf '%s' \"$ODD\""
        assert (Exit(status=0), value.encode()) == run(session, script, variables={"ODD": value})

    def test_names_that_shells_own_do_no_harm(self, session: Session) -> None:
        variables = {
            "UID": "77",
            "PPID": "1",
            "EUID": "77",
            "IFS": ",",
            "PWD": "/nowhere",
            "AT": "x",
        }
        script = "echo a,b $AT"
        assert (Exit(status=0), b"a,b x\n") == run(session, script, variables=variables)

    def test_a_name_that_no_shell_can_pass_on_is_refused(self, session: Session) -> None:
        with pytest.raises(UsageError, match=r"'a\.b'"):
            run(session, "true", variables={"a.b": "c"})

    def test_a_command_begins_in_the_scratch_directory(self, session: Session) -> None:
        assert (Exit(status=0), f"{session.scratch}\n".encode()) == run(session, "pwd")
        assert Exit(status=0) == run(session, "echo kept >f && rm f")[0]

    def test_a_command_begins_where_it_is_told_to(self, session: Session) -> None:
        assert (Exit(status=0), b"/etc\n") == run(session, "pwd", directory="/etc")

    def test_a_missing_directory_is_said_and_nothing_runs(self, session: Session) -> None:
        status, output = run(session, "echo ran", directory="/no/such/place")
        assert (1, True, False) == (status.status, b"/no/such/place" in output, b"ran" in output)

    def test_a_user_runs_it_with_the_same_environment(self, session: Session) -> None:
        if not self.switches_users:
            with pytest.raises(Unavailable, match="'nobody'"):
                run(session, "true", user="nobody")
            return
        run(session, "echo root >mine; chmod 666 mine")
        script = 'id -un; echo "$GIVEN"; echo x >own && echo y >>mine && echo z >/dev/stdout'
        expected = (Exit(status=0), b"nobody\nby the environment\nz\n")
        assert expected == run(session, script, user="nobody")

    def test_an_unknown_user_is_said_and_nothing_runs(self, session: Session) -> None:
        if self.switches_users:
            status, output = run(session, "echo ran", user="no-such-user")
            assert (1, True) == (status.status, b"'no-such-user'" in output)
            assert b"ran" not in output

    # ── Background, cancelling, joining ───────────────────────────────────────────────────────

    def test_a_background_child_neither_delays_nor_ends_with_its_command(
        self, session: Session
    ) -> None:
        begin = "rm -f go; (until [ -e go ]; do sleep 0.05; done; echo done >late) & echo begun"
        assert (Exit(status=0), b"begun\n") == run(session, begin)
        wait = "touch go; until [ -s late ]; do sleep 0.05; done; cat late"
        assert (Exit(status=0), b"done\n") == run(session, wait)

    def test_cancelling_asks_first_and_waits(self, session: Session) -> None:
        script = "trap 'echo bye; exit 3' TERM; echo ready; while :; do :; done"
        expected = (Exit(status=3, cancelled="STOPPED"), b"ready\nbye\n")
        assert expected == run(session, script, cancel_at=b"ready")

    def test_a_cancelled_command_ends_when_its_children_have(self, session: Session) -> None:
        child = "trap 'sleep 0.3; echo child; exit' TERM; echo ready; while :; do :; done"
        script = f'(sh -c "{child}") & sleep 60'
        status, output = run(session, script, cancel_at=b"ready")
        assert ("STOPPED", b"ready\nchild\n") == (status.cancelled, output)

    def test_killed_after_another_reason_cuts_the_grace_short(self, session: Session) -> None:
        script = "trap 'echo asked' TERM; echo ready; while :; do :; done"
        cancel = CancelToken()
        seen = bytearray()

        def output(data: bytes) -> None:
            seen.extend(data)
            cancel.cancel("KILLED" if b"asked" in seen else "STOPPED")

        ended = session.run(f"key {next(NUMBERS)}", script, output=output, cancel=cancel)
        assert (Exit(status=137, cancelled="KILLED"), b"ready\nasked\n") == (ended, bytes(seen))

    def test_a_command_that_runs_is_joined_and_not_run_again(
        self, runner: Runner, session: Session
    ) -> None:
        script = "echo x >>joined; echo begun; until [ -e go2 ]; do sleep 0.05; done; cat joined"
        begun = threading.Event()
        found: list[tuple[Exit, bytes]] = []

        def join(one: Session) -> threading.Thread:
            def follow() -> None:
                pieces: list[bytes] = []

                def output(data: bytes) -> None:
                    pieces.append(data)
                    begun.set()

                ended = one.run("joined", script, output=output, cancel=CancelToken())
                found.append((ended, b"".join(pieces)))

            thread = threading.Thread(target=follow)
            thread.start()
            return thread

        first = join(session)
        assert begun.wait(PATIENCE)
        other = runner.attach("shared:session")
        assert other is not None
        second = join(other)
        session.copy_in(Path(__file__), f"{session.scratch}/go2")
        first.join(PATIENCE)
        second.join(PATIENCE)
        assert [(Exit(status=0), b"begun\nx\n")] * 2 == found

    def test_who_comes_after_a_killed_process_finds_every_byte(
        self, runner: Runner, home: Path
    ) -> None:
        """The first process is killed in the middle; the command ran once, and is all there."""
        script = (
            "echo x >>times; i=0; until [ -e go ]; do echo line $i; i=$((i+1)); sleep 0.05; done; "
            "echo last; cat times; exit 5"
        )
        with victim(runner, home, self.image, "killed/1", script) as process:
            assert process.stdout is not None
            assert b"line 0\n" == process.stdout.readline()
            process.kill()
        session = runner.attach("killed/1")
        assert session is not None
        output: list[bytes] = []
        seen = threading.Event()

        def follow(data: bytes) -> None:
            output.append(data)
            if b"line 4\n" in b"".join(output):
                seen.set()

        def end_it() -> None:
            seen.wait(PATIENCE)
            session.copy_in(Path(__file__), f"{session.scratch}/go")

        helper = threading.Thread(target=end_it)
        helper.start()
        try:
            ended = session.run("slow", script, output=follow, cancel=CancelToken())
            helper.join(PATIENCE)
            *lines, last, times = b"".join(output).decode().splitlines()
            assert [f"line {i}" for i in range(len(lines))] == lines
            assert (Exit(status=5), "last", "x") == (ended, last, times)
            again = run(session, script, key="slow")
            assert (ended, b"".join(output)) == again
        finally:
            session.close()

    # ── The end ───────────────────────────────────────────────────────────────────────────────

    def test_closing_ends_background_children_and_leaves_nothing(
        self, runner: Runner, home: Path, tmp_path: Path
    ) -> None:
        before = left_in(home)
        mode = MountMode.READ_WRITE if self.shares else MountMode.COPY_ON_WRITE
        mount = Mount(name="src", source=tmp_path, mode=mode)
        environment = Environment(image=self.image, mounts=(mount,))
        session = runner.open("to be closed", environment, stream="build/c")
        begin = "while :; do echo x >>beat; sleep 0.02; done & nohup sleep 500 >/dev/null 2>&1 &"
        run(session, begin, directory=session.places["src"])
        if self.shares:
            in_time((tmp_path / "beat").exists)
        session.close()
        beats = [path.stat().st_size for path in tmp_path.iterdir()]
        time.sleep(0.2)
        assert beats == [path.stat().st_size for path in tmp_path.iterdir()]
        assert before == left_in(home)
        session.close()
        assert runner.attach("to be closed") is None


def in_time(condition: Callable[[], object]) -> None:
    """Wait until something holds that must come to hold."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@contextmanager
def victim(
    runner: Runner, home: Path, image: str, session_id: str, script: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Start another process that opens a session and runs a script in it."""
    kind = type(runner)
    code = VICTIM.format(
        module=kind.__module__,
        runner=kind.__qualname__,
        home=str(home),
        session=session_id,
        image=image,
        script=script,
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=root
    ) as process:
        yield process
