"""Follow a session's spool: the bytes of one command, up to the mark behind its last one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = 256 * 1024


class Tail:
    """
    One command's stretch of the spool, read as it grows.

    The mark is ``RS nonce number status LF``; the nonce makes it unmistakable in any output.
    Bytes that may be the beginning of the mark are held back until they are known.
    """

    def __init__(self, spool: Path, nonce: str, number: int, start: int) -> None:
        """Begin at byte offset ``start``: behind the mark of the command before."""
        self._mark = f"\x1e{nonce} {number} ".encode()
        self._file = os.open(spool, os.O_RDONLY | os.O_CLOEXEC)
        self._offset = start
        self._held = b""
        self.status: int | None = None  # once the mark was seen
        self.end = start  # the byte offset behind the mark, once it was seen

    def read(self) -> bytes:
        """Give the next bytes of the command; b"" when there are none now, or no more."""
        if self.status is not None:
            return b""
        chunk = os.pread(self._file, CHUNK, self._offset)
        self._offset += len(chunk)
        data = self._held + chunk
        at = data.find(self._mark)
        if at < 0:
            at = self._possible(data)
        else:
            line_end = data.find(b"\n", at)
            if line_end >= 0:
                self.status = int(data[at + len(self._mark) : line_end])
                self.end = self._offset - len(data) + line_end + 1
        self._held = data[at:]
        return data[:at]

    def rest(self) -> bytes:
        """Give what was held back: the session is dead, and no mark will come."""
        held, self._held = self._held, b""
        return held

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def _possible(self, data: bytes) -> int:
        """Find where a beginning of the mark stands at the end of ``data``, or its end."""
        at = data.find(b"\x1e", max(0, len(data) - len(self._mark) + 1))
        while at >= 0:
            if self._mark.startswith(data[at:]):
                return at
            at = data.find(b"\x1e", at + 1)
        return len(data)
