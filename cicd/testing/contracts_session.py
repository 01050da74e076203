"""
The promises of ``ports.Runner`` and ``ports.Session`` that hold even where no shell runs.

A scripted runner keeps them, too; ``contracts_runner.py`` adds those about real commands.
"""

from __future__ import annotations

import threading
from itertools import count
from typing import TYPE_CHECKING, ClassVar

import pytest

from cicd.errors import UsageError
from cicd.ports import CancelToken, Environment, Exit, Mount, MountMode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cicd.ports import Runner, Session

NUMBERS = count(1)
ODD_NAMES = ("a b", "-n", "new\nline", "quote'\"", "ünï", "back\\slash", "star*", ".hidden")


class SessionContract:
    """Subclass it, and give the fixture ``runner``; answers are written down by the keys."""

    image: ClassVar[str] = ""

    @pytest.fixture(scope="class")
    @classmethod
    def home(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """Where the runner under test keeps its sessions."""
        return tmp_path_factory.mktemp("home")

    @pytest.fixture(scope="class")
    @classmethod
    def session(cls, runner: Runner) -> Iterator[Session]:
        """Give the session that most tests share."""
        environment = Environment(image=cls.image, variables={"GIVEN": "by the environment"})
        session = runner.open("shared:session", environment, stream="build/shared")
        yield session
        session.close()

    def test_a_key_that_ran_gives_the_same_again_and_runs_once(self, session: Session) -> None:
        script = "echo x >>times; cat times; exit 4"
        first = run(session, script, key="once")
        assert (Exit(status=4), b"x\n") == first
        run(session, "echo between")
        assert first == run(session, script, key="once")

    def test_a_cancelled_key_remembers_why(self, session: Session) -> None:
        first = run(session, "echo ready; sleep 60", key="why", cancel_at=b"ready")
        assert first == run(session, "echo ready; sleep 60", key="why")

    def test_cancelling_reaches_the_children_of_the_shell(self, session: Session) -> None:
        script = "echo ready; sleep 60; echo not here"
        expected = (Exit(status=143, cancelled="TIMED_OUT"), b"ready\n")
        assert expected == run(
            session, script, key="reached", cancel_at=b"ready", reason="TIMED_OUT"
        )

    def test_killed_means_without_grace(self, session: Session) -> None:
        script = "trap 'echo asked' TERM; echo ready; while :; do :; done"
        expected = (Exit(status=137, cancelled="KILLED"), b"ready\n")
        assert expected == run(session, script, key="at once", cancel_at=b"ready", reason="KILLED")

    def test_a_command_can_run_after_one_was_cancelled(self, session: Session) -> None:
        run(session, "echo ready; sleep 60", key="ended", cancel_at=b"ready")
        assert (Exit(status=0), b"next\n") == run(session, "echo next", key="next")

    def test_what_is_cancelled_before_it_begins_does_not_begin(self, session: Session) -> None:
        token = CancelToken()
        token.cancel("STOPPED")
        output: list[bytes] = []
        found = session.run("unbegun", "echo ran", output=output.append, cancel=token)
        assert ("STOPPED", []) == (found.cancelled, output)

    def test_a_session_of_nobody_cannot_be_attached_to(self, runner: Runner) -> None:
        assert runner.attach("never opened") is None

    def test_a_closed_session_runs_nothing_more(self, runner: Runner) -> None:
        session = runner.open("closed", Environment(image=self.image), stream="build/c")
        session.close()
        status, output = run(session, "echo ran")
        assert (True, b"") == (status.lost, output)

    def test_a_session_that_cannot_be_opened_leaves_nothing(
        self, runner: Runner, home: Path, tmp_path: Path
    ) -> None:
        before = left_in(home)
        mount = Mount(name="src", source=tmp_path / "missing", mode=MountMode.READ_ONLY)
        with pytest.raises(UsageError, match="missing"):
            runner.open("bad", Environment(image=self.image, mounts=(mount,)), stream="build/b")
        assert before == left_in(home)

    def test_a_command_whose_session_dies_is_lost(self, runner: Runner) -> None:
        session = runner.open("dies", Environment(image=self.image), stream="build/dies")
        output: list[bytes] = []

        def follow(data: bytes) -> None:
            output.append(data)
            threading.Thread(target=runner.reap, args=("build/dies".__ne__,)).start()

        ended = session.run("dying", "echo begun; sleep 60", output=follow, cancel=CancelToken())
        assert (True, [b"begun\n"]) == (ended.lost, output)
        session.close()

    def test_reaping_ends_what_is_not_kept_and_only_that(self, runner: Runner) -> None:
        kept = runner.open("kept", Environment(image=self.image), stream="build/kept")
        runner.open("unwanted", Environment(image=self.image), stream="build/unwanted")
        try:
            assert ["unwanted"] == runner.reap("build/unwanted".__ne__)
            assert runner.attach("unwanted") is None
            assert (Exit(status=0), b"here\n") == run(kept, "echo here", key="here")
        finally:
            kept.close()

    def test_only_a_directory_can_be_listed(self, session: Session) -> None:
        for name in ("/no/such/place", "/etc/passwd"):
            with pytest.raises(UsageError, match=name):
                session.files(name)

    def test_odd_names_survive_the_way_in_the_list_and_the_way_out(
        self, session: Session, tmp_path: Path
    ) -> None:
        source, destination = tmp_path / "in", tmp_path / "out"
        (source / "sub").mkdir(parents=True)
        for name in ODD_NAMES:
            (source / "sub" / name).write_text(name)
        session.copy_in(source, f"{session.scratch}/odd")
        paths = [entry.path for entry in session.files(f"{session.scratch}/odd")]
        assert sorted(f"sub/{name}" for name in ODD_NAMES) == paths
        session.copy_out(f"{session.scratch}/odd", paths, destination)
        found = {path.name: path.read_text() for path in (destination / "sub").iterdir()}
        assert {name: name for name in ODD_NAMES} == found

    def test_what_is_not_there_cannot_come_out(self, session: Session, tmp_path: Path) -> None:
        for path in ("missing", "../up", "/etc/passwd"):
            with pytest.raises(UsageError):
                session.copy_out(session.scratch, [path], tmp_path)


def run(
    session: Session,
    script: str,
    *,
    key: str | None = None,
    cancel_at: bytes | None = None,
    reason: str = "STOPPED",
    shell: str = "sh",
    variables: dict[str, str] | None = None,
    directory: str | None = None,
    user: str | None = None,
) -> tuple[Exit, bytes]:
    """Run a script to its end; once ``cancel_at`` was seen in its output, cancel it."""
    pieces: list[bytes] = []
    cancel = CancelToken()

    def output(data: bytes) -> None:
        pieces.append(data)
        if cancel_at is not None and cancel_at in b"".join(pieces):
            cancel.cancel(reason)

    ended = session.run(
        key or f"key {next(NUMBERS)}",
        script,
        shell=shell,
        variables=variables or {},
        directory=directory,
        user=user,
        output=output,
        cancel=cancel,
    )
    return ended, b"".join(pieces)


def left_in(home: Path) -> list[str]:
    """Give the sessions that have left something in a state directory."""
    sessions = home / "sessions"
    return sorted(path.name for path in sessions.iterdir()) if sessions.is_dir() else []
