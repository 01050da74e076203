"""Files of a session that only its own tools can see: short errands, run by its driver."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cicd.backends.session_directory import remove_tree
from cicd.backends.session_files import check_inside
from cicd.backends.session_mounts import lay_over
from cicd.errors import Unavailable, UsageError
from cicd.ports import FileEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cicd.backends.session_driver import DriverSession

ERRANDS = Path(__file__).with_name("errands.sh")
BATCH = 60_000  # bytes of file names in one command line; systems allow 128 KiB and more
NO_DIRECTORY = 3  # what errands.sh ends with


class ErrandFiles:
    """
    Reached from inside: ``errands.sh`` lists, ``cp`` copies to and from the session's directory.

    The image needs no more than POSIX sh, cp, mkdir and stat, of coreutils or busybox.
    """

    def __init__(self, session: DriverSession) -> None:
        """Run the errands in this session."""
        self._session = session

    def files(self, directory: str, *, depth: int | None = None) -> Iterator[FileEntry]:
        """See ``ports.Session``."""
        asked = f"{shlex.quote(directory)} {depth or ''}"
        status, at = self._run(
            ERRANDS.read_text("utf-8"), f'sh "$at/tool" list {asked} >"$at/list"'
        )
        if status == NO_DIRECTORY:
            raise UsageError(f"'{directory}' is not a directory")
        if status:
            raise self._unable(f"the files of '{directory}' cannot be listed", at)
        fields = os.fsdecode((at / "list").read_bytes()).split("\0")[:-1]
        remove_tree(at)
        entries = map(_entry, fields[::3], fields[1::3], fields[2::3])
        return iter(sorted(entries, key=lambda entry: entry.path))

    def copy_in(self, source: Path, destination: str) -> None:
        """See ``ports.Session``."""
        target = PurePosixPath(destination)
        made = target if source.is_dir() else target.parent
        staged = self._session.directory.io / f".in-{os.urandom(8).hex()}"
        try:
            if source.is_dir():
                staged.mkdir()
                lay_over(source, staged)
                staged.chmod(source.stat().st_mode)
            else:
                staged.mkdir()
                shutil.copy2(source, staged / target.name)
            where = shlex.quote(str(made))
            script = f'cd "$at/../{staged.name}" && mkdir -p {where} && cp -R -p . {where}/'
            if os.geteuid() != 0:  # what comes in is the session's own user's
                back = f"chown -R {os.geteuid()}:{os.getegid()} ."
                script = f'cd "$at/../{staged.name}" && chown -R 0:0 . && {script}; set -- $?; '
                script += f"{back}; exit $1"
            status, at = self._run("", script, staged)
            if status:
                raise self._unable(f"'{source}' cannot be copied to '{destination}'", at)
            remove_tree(at)
        finally:
            if staged.exists():
                remove_tree(staged)

    def copy_out(self, directory: str, paths: Sequence[str], destination: Path) -> None:
        """See ``ports.Session``."""
        for path in paths:
            check_inside(path)
        destination.mkdir(parents=True, exist_ok=True)
        if not paths:
            return
        lines = [f"cd {shlex.quote(directory)} || exit {NO_DIRECTORY}"]
        lines += (
            f'cp -R -L -p --parents {batch} "$at/tree/" || exit' for batch in _batches(paths)
        )
        # In an engine without root, its root is us; elsewhere numbers are the same inside.
        ours = (self._session.directory.io / "ready").stat().st_uid == os.geteuid()
        owner = "0:0" if ours else f"{os.geteuid()}:{os.getegid()}"
        lines += (f'chown -R {owner} "$at/tree"',)
        status, at = self._run("", 'mkdir "$at/tree"\n' + "\n".join(lines))
        if status == NO_DIRECTORY:
            raise UsageError(f"'{directory}' is not a directory")
        if status:
            raise UsageError(f"'{directory}' does not give what was asked for: {_words(at)}")
        _move(at / "tree", destination)
        remove_tree(at)

    def _run(self, tool: str, script: str, luggage: Path | None = None) -> tuple[int, Path]:
        head = 'at=${0%/*}\nexec 2>"$at/words"\n'
        exit_, at = self._session.errand(head + script, tool=tool, luggage=luggage)
        if exit_.lost:
            raise Unavailable("the session has died, and its files with it")
        return exit_.status, at

    @staticmethod
    def _unable(message: str, at: Path) -> Unavailable:
        return Unavailable(
            f"{message}: {_words(at)}", hint="the image needs cp, mkdir and stat on its PATH"
        )


def _words(at: Path) -> str:
    lines = (at / "words").read_text("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "no reason was given"


def _entry(described: str, link: str, leads: str) -> FileEntry:
    mode, size, path = described.split(" ", 2)
    return FileEntry(
        path=path,
        mode=int(mode, 8),
        size=int(size),
        link=link or None,
        broken=bool(link) and leads not in {"f", "d"},
    )


def _batches(paths: Sequence[str]) -> Iterator[str]:
    batch: list[str] = []
    length = 0
    for path in paths:
        word = shlex.quote(f"./{path}")
        if batch and length + len(word) > BATCH:
            yield " ".join(batch)
            batch, length = [], 0
        batch.append(word)
        length += len(word) + 1
    yield " ".join(batch)


def _move(tree: Path, destination: Path) -> None:
    """Move a tree's content over ``destination``, merging directories."""
    for entry in tree.iterdir():
        target = destination / entry.name
        if entry.is_dir() and not entry.is_symlink() and target.is_dir():
            _move(entry, target)
        else:
            try:
                entry.replace(target)
            except OSError:  # another file system
                shutil.move(entry, target)
