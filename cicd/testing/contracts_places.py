"""The promises of ``ports.Session`` about mounts and files, as tests."""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING, ClassVar

from cicd.ports import Environment, Exit, FileEntry, Mount, MountMode
from cicd.testing.contracts_session import SessionContract, run

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.ports import Runner, Session


class PlacesContract(SessionContract):
    """What a session does with the files that it is given, and those that it is asked for."""

    isolates: ClassVar[bool] = True  # read-only mounts hold, even against root
    shares: ClassVar[bool] = True  # directories of this machine; else no mount is READ_WRITE

    def _modes(self) -> list[MountMode]:
        return [mode for mode in MountMode if self.shares or mode is not MountMode.READ_WRITE]

    # ── Mounts ────────────────────────────────────────────────────────────────────────────────

    def test_mounts_do_what_their_modes_say(self, runner: Runner, tmp_path: Path) -> None:
        sources = {mode: tmp_path / mode for mode in self._modes()}
        for source in sources.values():
            source.mkdir()
            (source / "old").write_text("old")
            (source / "gone").write_text("gone")
        names = dict(zip(sources, ("src_ro", "src", "src_rw"), strict=False))
        mounts = tuple(
            Mount(name=names[mode], source=source, mode=mode) for mode, source in sources.items()
        )
        environment = Environment(image=self.image, mounts=mounts)
        session = runner.open("mounts", environment, stream="build/m")
        try:
            assert len(sources) == len(set(session.places.values()))
            statuses = {}
            for mode, name in names.items():
                script = "cat old; echo new >new && echo more >>old && rm gone"
                ended, output = run(session, script, directory=session.places[name])
                assert output.startswith(b"old")
                statuses[mode] = ended.status == 0
            assert statuses[MountMode.COPY_ON_WRITE]
            assert self.shares == statuses.get(MountMode.READ_WRITE, False)
            assert self.isolates != statuses[MountMode.READ_ONLY]
            changed = run(session, "cat old new; ls", directory=session.places["src"])
            assert (Exit(status=0), b"oldmore\nnew\nnew\nold\n") == changed
        finally:
            session.close()
        for mode, source in sources.items():
            untouched = {"old": "old", "gone": "gone"}
            written = {"old": "oldmore\n", "new": "new\n"}
            expected = written if mode is MountMode.READ_WRITE else untouched
            assert expected == {path.name: path.read_text() for path in source.iterdir()}

    def test_hidden_entries_are_not_seen_and_not_touched(
        self, runner: Runner, tmp_path: Path
    ) -> None:
        (tmp_path / ".cicd").mkdir()
        (tmp_path / ".cicd" / "state").write_text("state")
        (tmp_path / "seen").write_text("seen")
        mode = MountMode.COPY_ON_WRITE
        mount = Mount(name="src", source=tmp_path, mode=mode, hidden=(".cicd", "not-there"))
        environment = Environment(image=self.image, mounts=(mount,))
        session = runner.open("hidden", environment, stream="build/h")
        try:
            place = session.places["src"]
            assert (Exit(status=0), b"seen\n") == run(session, "ls -A", directory=place)
            assert ["seen"] == [entry.path for entry in session.files(place)]
            run(session, "mkdir .cicd && echo own >.cicd/state", directory=place)
        finally:
            session.close()
        assert "state" == (tmp_path / ".cicd" / "state").read_text()

    def test_a_source_may_have_any_name(self, runner: Runner, tmp_path: Path) -> None:
        source = tmp_path / "a,b:c 'd\" ü"
        source.mkdir()
        (source / "f").write_text("found")
        for number, mode in enumerate(self._modes()):
            mount = Mount(name="src", source=source, mode=mode)
            environment = Environment(image=self.image, mounts=(mount,))
            session = runner.open(f"odd {number}", environment, stream="build/o")
            try:
                found = run(session, "cat f", directory=session.places["src"])
                assert (Exit(status=0), b"found") == found
            finally:
                session.close()

    def test_git_works_in_a_source_of_another_user(self, runner: Runner, tmp_path: Path) -> None:
        subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
        if os.geteuid() == 0:
            for path in (tmp_path, tmp_path / ".git"):
                os.chown(path, 65534, 65534)
        mount = Mount(name="src", source=tmp_path, mode=MountMode.COPY_ON_WRITE)
        environment = Environment(image=self.image, mounts=(mount,))
        session = runner.open("git", environment, stream="build/g")
        try:
            place = session.places["src"]
            found = run(session, "git rev-parse --show-toplevel", directory=place)
            assert (Exit(status=0), f"{place}\n".encode()) == found
        finally:
            session.close()

    # ── Files ─────────────────────────────────────────────────────────────────────────────────

    def test_files_are_listed_with_modes_sizes_and_links(self, session: Session) -> None:
        run(
            session,
            "mkdir -p l/b/c l/a && cd l && printf 12345 >b/c/f && chmod 640 b/c/f && "
            "printf 1 >a.x && chmod 755 a.x && ln -s b/c to-dir && ln -s nowhere a/broken && "
            "ln -s self self && ln -s /dev/zero endless && mkfifo b/pipe && ln -s pipe b/piped",
        )
        expected = [
            FileEntry(path="a.x", mode=0o755, size=1),
            FileEntry(path="a/broken", mode=0o777, size=7, link="nowhere", broken=True),
            FileEntry(path="b/c/f", mode=0o640, size=5),
            FileEntry(path="b/piped", mode=0o777, size=4, link="pipe", broken=True),
            FileEntry(path="endless", mode=0o777, size=9, link="/dev/zero", broken=True),
            FileEntry(path="self", mode=0o777, size=4, link="self", broken=True),
            FileEntry(path="to-dir", mode=0o777, size=3, link="b/c"),
        ]
        assert expected == list(session.files(f"{session.scratch}/l"))

    def test_files_are_listed_as_deep_as_is_asked(self, session: Session) -> None:
        run(session, "mkdir -p d/b/c && touch d/x d/b/y d/b/c/z && ln -s b d/l")
        expected = {1: "l x", 2: "b/y l x", 3: "b/c/z b/y l x", None: "b/c/z b/y l x"}
        found = {
            depth: " ".join(e.path for e in session.files(f"{session.scratch}/d", depth=depth))
            for depth in expected
        }
        assert expected == found

    def test_what_comes_out_keeps_modes_and_is_ours(
        self, session: Session, tmp_path: Path
    ) -> None:
        script = (
            "mkdir -p out/d && cd out && echo run >d/x && chmod 750 d/x && echo private >d/p && "
            "chmod 600 d/p && ln -s d/x link && ln -s d dirlink"
        )
        run(session, script)
        session.copy_out(f"{session.scratch}/out", ["d/x", "d/p", "link"], tmp_path)
        found = {
            path.relative_to(tmp_path).as_posix(): (
                stat.S_IMODE(path.lstat().st_mode),
                path.read_text(),
                path.lstat().st_uid,
            )
            for path in tmp_path.rglob("*")
            if not path.is_dir()
        }
        us = os.geteuid()
        expected = {
            "d/x": (0o750, "run\n", us),
            "d/p": (0o600, "private\n", us),
            "link": (0o750, "run\n", us),
        }
        assert expected == found
        session.copy_out(f"{session.scratch}/out", ["d/x"], tmp_path)  # over what is there

    def test_a_file_comes_in_under_its_new_name(self, session: Session, tmp_path: Path) -> None:
        (tmp_path / "f").write_text("content")
        (tmp_path / "f").chmod(0o754)
        session.copy_in(tmp_path / "f", f"{session.scratch}/deep/er/g")
        assert (Exit(status=0), b"content") == run(session, "cat deep/er/g")
        expected = [FileEntry(path="er/g", mode=0o754, size=7)]
        assert expected == list(session.files(f"{session.scratch}/deep"))

    def test_a_tree_comes_in_with_its_links(self, session: Session, tmp_path: Path) -> None:
        (tmp_path / "t" / "e").mkdir(parents=True)
        (tmp_path / "t" / "e" / "f").write_text("f")
        (tmp_path / "t" / "l").symlink_to("e/f")
        session.copy_in(tmp_path / "t", f"{session.scratch}/tree")
        assert (Exit(status=0), b"e/f\nf") == run(session, "cd tree; readlink l; cat l")

    def test_what_enters_sees_what_commands_see_and_gives_its_status(
        self, session: Session
    ) -> None:
        assert 0 == run(session, "echo before >f")[0].status
        script = 'read -r said <f; echo "$said $V $PWD" >entered; exit 7'
        assert 7 == session.enter(script, variables={"V": "a 'b"})
        assert f"before a 'b {session.scratch}\n".encode() == run(session, "cat entered")[1]
