"""``<group id>-cleanup`` while it is written: what an Install has put on the disk so far."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from cicd.deploy.agent.own_files import OwnFiles


class CleanupRecord:
    """
    Appends paths, a line each; what is noted survives a kill of this process.

    Args:
        files: Where it is.
        path: Of the record; it is begun anew.
        standing: What is on the disk already, parents first: noted from the beginning, and in
            its place among the others once it is closed.

    """

    def __init__(self, files: OwnFiles, path: Path, standing: Sequence[str] = ()) -> None:
        """Begin; used as a context, which closes it."""
        self._files = files
        self._path = path
        self._standing = frozenset(standing)
        self._noted: list[str] = []
        self._before = 0, 0
        if standing:
            # At no moment may what stands be noted nowhere.
            self._replace(standing)
        mode, how = ("a", os.O_APPEND) if standing else ("w", os.O_TRUNC)
        number = files.open(path, os.O_WRONLY | os.O_CREAT | how)
        self._file = os.fdopen(number, mode, encoding="utf-8", errors="surrogateescape")

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; what was to stand, and was not come to, must be gone by now."""
        self._file.close()
        if self._standing:
            self._replace(self._noted)

    def note(self, path: str) -> None:
        """Note one path."""
        self.note_all((path,))

    def note_all(self, paths: Sequence[str]) -> None:
        """Note several in one write."""
        self._before = self._file.tell(), len(self._noted)
        self._noted += paths
        self._file.write(_lines([path for path in paths if path not in self._standing]))
        self._file.flush()

    def take_back(self, kept: Sequence[str]) -> None:
        """Note only ``kept`` of what was noted last."""
        place, count = self._before
        self._file.seek(place)
        self._file.truncate()
        del self._noted[count:]
        self.note_all(kept)

    def _replace(self, paths: Sequence[str]) -> None:
        beside = self._path.with_name(f"{self._path.name}.new")
        self._files.write(beside, _lines(paths))
        self._files.rename(beside, self._path.name)


def _lines(paths: Sequence[str]) -> str:
    return "".join(f"{path}\n" for path in paths)
