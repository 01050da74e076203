"""Bytes → redacted bytes → lines: everything that a command says goes through here."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

MASK = b"***"
SHORTEST = 4  # characters; shorter secrets would mask half of every log
LINE_LIMIT = 64 * 1024  # bytes


class Redactor:
    """
    Puts ``***`` in the place of secrets.

    Masked are the values, each line of more than three characters of a value of several lines,
    and their base64 and URL-quoted forms. Values shorter than four characters are left alone.
    Safe on several threads.

    Source: CodeBuild User Guide, "Buildspec syntax" (secrets are hidden in logs); the
    replacement text and the rules for short and encoded values are ours.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        """Take the values; repeated and empty ones do no harm."""
        values = tuple(dict.fromkeys(filter(None, secrets)))
        self.too_short = tuple(value for value in values if len(value) < SHORTEST)
        long_enough = (value for value in values if len(value) >= SHORTEST)
        self._forms = _Forms({form for value in long_enough for form in _forms_of(value)})

    def redact(self, text: str) -> str:
        """Mask the secrets in a whole text."""
        masked = self._forms.mask(text.encode(errors="surrogatepass"))
        return masked.decode(errors="surrogatepass")

    def stream(self) -> RedactedStream:
        """Begin a stream of bytes that come in pieces."""
        return RedactedStream(self._forms)


class _Forms:
    """All that is to be masked, ready to be found."""

    def __init__(self, forms: set[bytes]) -> None:
        # The longest first, so that of two secrets with one beginning none leaves its end behind.
        self.all = tuple(sorted(forms, key=lambda form: (-len(form), form)))
        self.pattern = re.compile(b"|".join(map(re.escape, self.all)))
        self._longest = max(map(len, self.all), default=0)
        self._by_beginning: dict[bytes, list[bytes]] = {}
        for form in self.all:
            for beginning in (form[:1], form[:2]):
                self._by_beginning.setdefault(beginning, []).append(form)

    def within(self, data: bytes) -> bool:
        """Tell whether any is in there: many times faster than the pattern."""
        return any(form in data for form in self.all)

    def mask(self, data: bytes) -> bytes:
        """Mask what is whole."""
        return self.pattern.sub(MASK, data) if self.within(data) else data

    def undecided(self, data: bytes, start: int) -> int:
        """Find the first place from which on ``data`` is but the beginning of one."""
        size = len(data)
        for place in range(max(start, size - self._longest + 1), size):
            # Two bytes are enough to pass over nearly every place without cutting the rest out.
            for form in self._by_beginning.get(data[place : place + 2], ()):
                if len(form) > size - place and form.startswith(data[place:]):
                    return place
        return size


class RedactedStream:
    """
    One stream of bytes. Where it was cut into pieces makes no difference to what comes out.

    What could be the beginning of a secret is held back until that is decided; nothing else is.
    """

    def __init__(self, forms: _Forms) -> None:
        self._forms = forms
        self._held = b""

    def feed(self, piece: bytes) -> bytes:
        """Take the next bytes, and give those that are decided."""
        data = self._held + piece
        end = self._forms.undecided(data, 0)
        done: list[bytes] = []
        start = 0
        if self._forms.within(data):
            for match in self._forms.pattern.finditer(data):
                if match.start() >= end:
                    break
                done += (data[start : match.start()], MASK)
                start = match.end()
                if start > end:
                    end = self._forms.undecided(data, start)
        done.append(data[start:end])
        self._held = data[end:]
        return b"".join(done)

    def flush(self) -> bytes:
        """Give what is held back: no more will come."""
        held, self._held = self._held, b""
        return self._forms.mask(held)


class LineWriter:
    """
    Takes the bytes of one command's output and emits its lines, redacted, without line ends,
    as many at once as there are.

    UTF-8, with U+FFFD for what is not; of a line with carriage returns (a progress bar) the last
    state is kept; a line of more than 64 KiB comes in several.
    For one thread at a time.
    """

    def __init__(self, redactor: Redactor, emit: Callable[[Sequence[str]], None]) -> None:
        """Take where lines go."""
        self._stream = redactor.stream()
        self._emit = emit
        self._rest = b""

    def write(self, data: bytes) -> None:
        """Take the next bytes, and emit the lines that are complete."""
        data = self._rest + self._stream.feed(data)
        whole, _, self._rest = data.rpartition(b"\n")
        lines = _lines(whole) if len(whole) + len(self._rest) < len(data) else []
        if b"\r" in self._rest:
            # The end may be half of "\r\n", so it stays; older states of the line may go.
            self._rest = _last_state(self._rest) + b"\r" * self._rest.endswith(b"\r")
        if len(self._rest) > LINE_LIMIT:
            *pieces, self._rest = _pieces(self._rest)
            lines += [piece.decode(errors="replace") for piece in pieces]
        if lines:
            self._emit(lines)

    def close(self) -> None:
        """Emit what is left, also without a line end; safe twice."""
        rest, self._rest = self._rest + self._stream.flush(), b""
        if rest:
            self._emit(_lines(rest.removesuffix(b"\n")))


def _lines(block: bytes) -> list[str]:
    if b"\r" in block or (
        len(block) > LINE_LIMIT and max(map(len, block.split(b"\n"))) > LINE_LIMIT
    ):
        pieces = (p for line in block.split(b"\n") for p in _pieces(_last_state(line)))
        return [piece.decode(errors="replace") for piece in pieces]
    return block.decode(errors="replace").split("\n")


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


def _forms_of(value: str) -> Iterator[bytes]:
    for text in {value, *(line for line in value.splitlines() if len(line) >= SHORTEST)}:
        raw = text.encode(errors="surrogatepass")
        yield raw
        for quoted in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
            yield quoted.encode()
            yield re.sub("%..", lambda code: code[0].lower(), quoted).encode()
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(raw)
            for shift in range(3):
                yield _middle_of_base64(raw, shift, encode)


def _middle_of_base64(raw: bytes, shift: int, encode: Callable[[bytes], bytes]) -> bytes:
    """
    Give the characters that ``raw`` alone decides when ``shift`` bytes stand before it.

    Base64 turns three bytes into four characters, so the same text looks different at each of
    three alignments, and its first and last characters mix with its neighbours.
    """
    encoded = encode(bytes(shift) + raw)
    first = (shift * 8 + 5) // 6
    last = (shift + len(raw)) * 8 // 6
    return encoded[first:last]
