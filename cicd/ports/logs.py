"""The seam to the logs of what commands print."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of a stream's log, already redacted."""

    at: datetime
    origin: str  # the key of the command that wrote it; "" for our own words
    text: str  # without the line end


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBlock:
    """Lines of one origin that came at one moment: a command may write a million a second."""

    at: datetime
    origin: str
    texts: Sequence[str]  # without line ends; what a command wrote has none inside

    def lines(self) -> Iterator[LogLine]:
        """Give them one by one."""
        for text in self.texts:
            yield LogLine(at=self.at, origin=self.origin, text=text)


class LogStore(Protocol):
    """One append-only log a stream."""

    def append(self, stream: str, line: LogLine) -> None:
        """Write one line; whole lines only, from several threads."""

    def extend(self, stream: str, block: LogBlock) -> None:
        """Write all lines of a block, with nobody else's between them."""

    def read(
        self, stream: str, *, after: int = 0, exact: bool = False
    ) -> Iterator[tuple[int, LogLine]]:
        """
        Give (offset after the line, line) from byte offset ``after`` on.

        Bytes that are no characters are U+FFFD; to be exact, they are as ``surrogateescape`` of
        Python has them, in texts that were written so.
        """

    def drop(self, stream: str, origin: str) -> None:
        """Forget everything from the first line of ``origin`` on: it is about to be replayed."""

    def path(self, stream: str) -> Path:
        """Say where the log is, for people."""
