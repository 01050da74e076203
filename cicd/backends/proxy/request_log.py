"""One line of JSON a request: when, to whom, with what status, in which time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

ACCESS: Final = "access.jsonl"
_PAUSE: Final = 0.2  # seconds that lines may wait to be written
_LIMIT: Final = 64 * 1024 * 1024  # bytes; one older file of this size is kept


class RequestLog:
    """A file of requests, written in batches; never so large that a disk is full of it."""

    def __init__(self, directory: Path, loop: asyncio.AbstractEventLoop) -> None:
        """Append to the file that is there."""
        self._path = directory / ACCESS
        self._loop = loop
        self._lines: list[str] = []
        self._file = self._path.open("a", encoding="utf-8")

    def add(self, facts: dict[str, str | int | float]) -> None:
        """Note one request."""
        if not self._lines:
            self._loop.call_later(_PAUSE, self.flush)
        self._lines.append(json.dumps(facts))

    def flush(self) -> None:
        """Write what waits."""
        if not self._lines:
            return
        self._file.write("\n".join(self._lines) + "\n")
        self._lines.clear()
        self._file.flush()
        if self._file.tell() > _LIMIT:
            self._file.close()
            self._path.replace(self._path.with_name(f"{ACCESS}.1"))
            self._file = self._path.open("a", encoding="utf-8")
