"""Secrets → ``***``, in bytes that come in pieces."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Literal

from cicd.engine.secret_forms import SHORTEST, forms_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = b"***"
_KEY_LENGTH = 20  # bytes of an access key id
_KEY = re.compile(rb"(?=A[KS]IA[A-Z0-9]{16})")
_KEY_BEGINNING = re.compile(rb"A(?:[KS](?:I(?:A[A-Z0-9]{0,15})?)?)?\Z")
_SNIFF = 4  # bytes of a form that tell it apart well enough to look closer
_FEW = 16  # so many searches cost what one pass over the words does
_STEPS: tuple[tuple[Literal["I", "Q"], int, int], ...] = (  # code, bytes, stride
    ("Q", 8, 4),
    ("Q", 8, 2),
    ("Q", 8, 1),
    ("I", 4, 2),
    ("I", 4, 1),
)


class Redactor:
    """
    Puts ``***`` in the place of secrets, and of AWS access key ids.

    Masked are the values and each line of more than three characters of a value of several
    lines, as they are and in the forms that programs print them in (see ``forms_of``).
    Where secrets overlap, all of them are masked as one; the line ends around a value are not
    part of it. Values shorter than four characters are left alone.
    Safe on several threads.

    Source: CodeBuild User Guide, "Buildspec syntax" (secrets and access key ids are hidden in
    logs); the replacement text and the rules for short and encoded values are ours.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        """Take the values; repeated and empty ones do no harm."""
        values = {value: value.strip("\r\n") for value in secrets if value}
        self.too_short = tuple(v for v, core in values.items() if len(core) < SHORTEST)
        self._forms = _Forms({f for v in values if v not in self.too_short for f in forms_of(v)})

    def redact(self, text: str) -> str:
        """Mask the secrets in a whole text."""
        stream = self.stream()
        data = text.encode(errors="surrogatepass")
        return (stream.feed(data) + stream.flush()).decode(errors="surrogatepass")

    def stream(self) -> RedactedStream:
        """Begin a stream of bytes that come in pieces."""
        return RedactedStream(self._forms)


class RedactedStream:
    """
    One stream of bytes. Where it was cut into pieces makes no difference to what comes out.

    What could be the beginning of a secret is held back until that is decided; nothing else is.
    """

    def __init__(self, forms: _Forms) -> None:
        self._forms = forms
        self._held = b""
        self._covered = 0  # so many bytes of what is held belong to a mask that is out already

    def feed(self, piece: bytes) -> bytes:
        """Take the next bytes, and give those that are decided."""
        data = self._held + piece
        end = self._forms.undecided(data)
        done = self._masked(data, end)
        self._held = data[end:]
        return done

    def flush(self) -> bytes:
        """Give what is held back: no more will come."""
        held, self._held = self._held, b""
        return self._masked(held, len(held))

    def _masked(self, data: bytes, end: int) -> bytes:
        """Mask what begins before ``end``, and remember how far beyond it that reaches."""
        reached = self._covered
        places = self._forms.places(data)
        if not places and not reached:
            return data[:end]
        done: list[bytes] = []
        for start, stop in places:
            if start >= end:
                break
            if start >= reached:  # else it overlaps the one before, whose mask is out
                done += (data[reached:start], MASK)
            reached = max(reached, stop)
        if reached < end:
            done.append(data[reached:end])
        self._covered = max(reached - end, 0)
        return b"".join(done)


class _Forms:
    """
    All that is to be masked, ready to be found fast however much it is.

    A few forms are sought one by one. Many are found by the words of 4 or 8 bytes that the data
    falls into: a form that is long enough holds a whole one wherever it stands, so that one
    pass over every n-th word tells which forms are worth a search.
    """

    def __init__(self, forms: set[bytes]) -> None:
        self._one_by_one: list[bytes] = []
        self._by_words: list[_Words] = []
        rest = set(forms)
        for code, size, stride in _STEPS:
            step = size * stride
            kin = [form for form in rest if len(form) >= size + step - 1]
            rest.difference_update(kin)
            if len(kin) > _FEW:
                self._by_words.append(_Words(kin, code, size, step))
            else:
                self._one_by_one += kin
        self._one_by_one += rest
        self._longest = max(map(len, forms), default=0)
        self._sniffs = _Words(forms, "I", _SNIFF, 1)
        self._beginnings = tuple({f[:n] for f in forms} for n in range(_SNIFF))

    def places(self, data: bytes) -> list[tuple[int, int]]:
        """Give where all of them stand, overlapping or not, in order of their beginnings."""
        found = [
            (start, start + len(form))
            for form in self._candidates(data)
            for start in _occurrences(data, form)
        ]
        if b"AKIA" in data or b"ASIA" in data:
            found += ((m.start(), m.start() + _KEY_LENGTH) for m in _KEY.finditer(data))
        found.sort()
        return found

    def undecided(self, data: bytes) -> int:
        """Find the first place from which on ``data`` is but the beginning of one."""
        size = len(data)
        key = _KEY_BEGINNING.search(data, max(0, size - _KEY_LENGTH + 1))
        first = key.start() if key else size
        for length in range(1, min(_SNIFF, size + 1)):
            if data[size - length :] in self._beginnings[length]:
                first = min(first, size - length)
        tail = data[max(0, size - self._longest + 1) :]
        before = size - len(tail)
        for form in {f for cut in range(_SNIFF) for f in self._sniffs.likely(tail[cut:])}:
            for place in _occurrences(tail, form[:_SNIFF]):
                if before + place >= first:
                    break
                if len(form) > len(tail) - place and form.startswith(tail[place:]):
                    first = before + place
                    break
        return first

    def _candidates(self, data: bytes) -> Iterator[bytes]:
        yield from self._one_by_one
        for words in self._by_words:
            yield from words.likely(data)


class _Words:
    """Forms by the words of them that aligned data can show."""

    def __init__(
        self, forms: Iterable[bytes], code: Literal["I", "Q"], size: int, step: int
    ) -> None:
        self._code, self._size, self._stride = code, size, max(step // size, 1)
        self._forms: dict[int, list[bytes]] = {}
        for form in forms:
            for offset in range(step):
                word = int.from_bytes(form[offset : offset + size], sys.byteorder)
                self._forms.setdefault(word, []).append(form)
        self._known = frozenset(self._forms)

    def likely(self, data: bytes) -> set[bytes]:
        """Give the forms of which ``data`` holds a word."""
        whole = len(data) - len(data) % self._size
        if not self._known or not whole:
            return set()
        view = memoryview(data)[:whole].cast(self._code)[:: self._stride]
        return {form for word in self._known.intersection(view) for form in self._forms[word]}


def _occurrences(data: bytes, form: bytes) -> Iterator[int]:
    place = data.find(form)
    while place != -1:
        yield place
        place = data.find(form, place + 1)
