"""Bytes → redacted bytes → lines: everything that a command says goes through here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cicd.engine.redaction import Redactor

LINE_LIMIT = 64 * 1024  # bytes


class LineWriter:
    """
    Takes the bytes of one command's output and emits its lines, redacted, without line ends,
    as many at once as there are.

    UTF-8, with U+FFFD for what is not, or, where it is to be exact, with what Python has for bytes
    that are no characters (``surrogateescape``); see ``readable``. Of a line with carriage
    returns (a progress bar) the last state is kept; a line of more than 64 KiB comes in several.
    For one thread at a time.
    """

    def __init__(
        self, redactor: Redactor, emit: Callable[[Sequence[str]], None], *, exact: bool = False
    ) -> None:
        """Take where lines go."""
        self._stream = redactor.stream()
        self._errors = "surrogateescape" if exact else "replace"
        self._emit = emit
        self._rest = b""

    def write(self, data: bytes) -> None:
        """Take the next bytes, and emit the lines that are complete."""
        data = self._rest + self._stream.feed(data)
        whole, _, self._rest = data.rpartition(b"\n")
        lines = self._lines(whole) if len(whole) + len(self._rest) < len(data) else []
        if b"\r" in self._rest:
            # The end may be half of "\r\n", so it stays; older states of the line may go.
            self._rest = _last_state(self._rest) + b"\r" * self._rest.endswith(b"\r")
        if len(self._rest) > LINE_LIMIT:
            *pieces, self._rest = _pieces(self._rest)
            lines += [piece.decode(errors=self._errors) for piece in pieces]
        if lines:
            self._emit(lines)

    def close(self) -> None:
        """Emit what is left, also without a line end; safe twice."""
        rest, self._rest = self._rest + self._stream.flush(), b""
        if rest:
            self._emit(self._lines(rest.removesuffix(b"\n")))

    def _lines(self, block: bytes) -> list[str]:
        if b"\r" in block or (
            len(block) > LINE_LIMIT and max(map(len, block.split(b"\n"))) > LINE_LIMIT
        ):
            pieces = (p for line in block.split(b"\n") for p in _pieces(_last_state(line)))
            return [piece.decode(errors=self._errors) for piece in pieces]
        return block.decode(errors=self._errors).split("\n")


def as_bytes(text: str) -> bytes:
    """Give an exact text's bytes as they were; half a surrogate pair, which is none, is "?"."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="replace")


def readable(lines: Sequence[str]) -> Sequence[str]:
    """Give exact lines with U+FFFD for bytes that are no characters."""
    try:
        "\n".join(lines).encode()
    except UnicodeEncodeError:
        return [as_bytes(line).decode(errors="replace") for line in lines]
    return lines


def _pieces(line: bytes) -> Iterator[bytes]:
    """Cut a line that is too long, between characters where it has some."""
    start = 0
    while len(line) - start > LINE_LIMIT:
        piece = _whole_characters(line[start : start + LINE_LIMIT])
        yield piece
        start += len(piece)
    yield line[start:]


def _last_state(line: bytes) -> bytes:
    return line.rstrip(b"\r").rpartition(b"\r")[2] if b"\r" in line else line


def _whole_characters(piece: bytes) -> bytes:
    """Leave off a character that is cut at the end, when it is one."""
    for back in range(1, 5):
        byte = piece[-back]
        if byte & 0xC0 != 0x80:  # the first byte of a character, or not UTF-8 at all
            length = 1 + (byte >= 0xC0) + (byte >= 0xE0) + (byte >= 0xF0)
            return piece if length <= back else piece[:-back]
    return piece
