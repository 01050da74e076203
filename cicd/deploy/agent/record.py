"""``<group id>-cleanup`` while it is written: what an Install has put on the disk so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType


class CleanupRecord:
    """Appends paths, a line each; what is noted survives a kill of this process."""

    def __init__(self, path: Path) -> None:
        """Begin anew at ``path``; used as a context, which closes it."""
        self._file = path.open("w", encoding="utf-8", errors="surrogateescape")

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()

    def note(self, path: str) -> None:
        """Note one path."""
        self.note_all((path,))

    def note_all(self, paths: Sequence[str]) -> int:
        """Note several in one write; gives what ``take_back`` wants."""
        before = self._file.tell()
        self._file.write("".join(f"{path}\n" for path in paths))
        self._file.flush()
        return before

    def take_back(self, before: int, kept: Sequence[str]) -> None:
        """Note only ``kept`` of what ``note_all`` was given."""
        self._file.seek(before)
        self._file.truncate()
        self.note_all(kept)
