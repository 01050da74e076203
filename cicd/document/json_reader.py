"""JSON → Node, with exact columns and messages for people."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NoReturn

from cicd.document.keys import enter
from cicd.document.node import MAX_DEPTH, MAX_NODES, Entry, Node, NodeKind, ScalarStyle
from cicd.document.position import brief
from cicd.document.problem import Label, Problem, Problems, Severity
from cicd.errors import DocumentError

if TYPE_CHECKING:
    from cicd.document.position import Source, Span

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z0-9_$.+-]+")
_LITERALS = frozenset({"true", "false", "null"})
_PLAIN_TEXT = re.compile(r'[^"\\\x00-\x1f\ud800-\udfff]*')
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def read_json(source: Source, *, duplicates: Literal["error", "last"] = "error") -> Node:
    """
    Read one JSON text, strictly.

    Args:
        source: The text, without a byte order mark.
        duplicates: "error" notes a name written twice; with "last" the last one counts.

    Raises:
        DocumentError: With every problem found up to where reading had to stop.

    """
    reader = _Reader(source, duplicates=duplicates)
    node = reader.value(1)
    reader.finish()
    return node


class _Reader:
    """One reading of one text: where it stands, and the problems so far."""

    def __init__(self, source: Source, *, duplicates: Literal["error", "last"]) -> None:
        self._source = source
        self._text = source.text
        self._duplicates = duplicates
        self._at = 0
        self._size = 0
        self._problems = Problems()

    def finish(self) -> None:
        if self._next():
            self._stop("there is more after the end of the JSON text", hint="remove it")
        self._problems.raise_errors()

    def value(self, depth: int) -> Node:
        first = self._next()
        self._size += 1
        if depth > MAX_DEPTH:
            self._stop(
                f"more than {MAX_DEPTH} values lie inside one another", rule="document/too-deep"
            )
        if self._size > MAX_NODES:
            self._stop(
                f"the document holds more than {MAX_NODES:,} values",
                rule="document/too-many-values",
                hint="is this the right file?",
            )
        if first == "{":
            return self._object(depth)
        if first == "[":
            return self._array(depth)
        if first == '"':
            return self._string()
        return self._literal()

    def _object(self, depth: int) -> Node:
        start = self._at
        entries: dict[str, Entry] = {}
        self._at += 1
        if self._next() != "}":
            while True:
                self._member(depth, entries)
                if not self._another("}", start):
                    break
        self._at += 1
        return Node(
            kind=NodeKind.MAPPING,
            span=self._span(start),
            entries=MappingProxyType(entries),
        )

    def _member(self, depth: int, entries: dict[str, Entry]) -> None:
        if self._next() != '"':
            self._expected("a name in double quotes")
        key = self._string()
        if self._next() != ":":
            self._expected(f"':' after \"{brief(key.text)}\"")
        self._at += 1
        value = self.value(depth + 1)
        strict = self._duplicates == "error"
        enter(entries, key, value, problems=self._problems if strict else None, where="object")

    def _array(self, depth: int) -> Node:
        start = self._at
        items: list[Node] = []
        self._at += 1
        if self._next() != "]":
            while True:
                items.append(self.value(depth + 1))
                if not self._another("]", start):
                    break
        self._at += 1
        return Node(kind=NodeKind.SEQUENCE, span=self._span(start), items=tuple(items))

    def _another(self, closing: str, start: int) -> bool:
        """Step over a comma and tell of one; otherwise stand at the closing bracket."""
        found = self._next()
        if found == closing:
            return False
        if found != ",":
            self._expected(f"',' or '{closing}'", opened=start)
        comma = self._at
        self._at += 1
        if self._next() == closing:
            self._at = comma
            self._stop(f"JSON allows no comma before '{closing}'", hint="remove the comma")
        return True

    def _string(self) -> Node:
        start = self._at
        self._at += 1
        pieces: list[str] = []
        while True:
            found = _PLAIN_TEXT.match(self._text, self._at)
            assert found is not None, "it matches nothing at all, too"
            pieces.append(found[0])
            self._at = found.end()
            character = self._text[self._at : self._at + 1]
            if character == '"':
                self._at += 1
                break
            if character == "\\":
                pieces.append(self._escape())
            elif character in {"", "\n", "\r"}:
                self._at = start
                self._stop("a quote is opened and not closed on its line", hint="close it")
            else:
                self._stop(
                    f"the character U+{ord(character):04X} cannot stand in a JSON string",
                    hint="write a tab as \\t" if character == "\t" else "write it as an escape",
                )
        return Node(
            kind=NodeKind.SCALAR,
            span=self._span(start),
            text="".join(pieces),
            style=ScalarStyle.QUOTED,
        )

    def _escape(self) -> str:
        letter = self._text[self._at + 1 : self._at + 2]
        if letter == "u":
            return self._unicode_escape()
        if letter not in _ESCAPES:
            self._stop(
                f"'\\{letter}' is not an escape that JSON knows",
                hint="write a backslash twice",
                length=2,
            )
        self._at += 2
        return _ESCAPES[letter]

    def _unicode_escape(self) -> str:
        unit = self._unit(self._at)
        if unit is None:
            self._stop("'\\u' needs four hexadecimal digits", length=2)
        length = 6
        if 0xD800 <= unit < 0xDC00:
            low = self._unit(self._at + 6)
            if low is not None and 0xDC00 <= low < 0xE000:
                unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)
                length = 12
        if unit == 0 or 0xD800 <= unit < 0xE000:
            # Neither a command, a path nor UTF-8 can hold one of these.
            self._stop(f"the character U+{unit:04X} cannot be used in a value", length=6)
        self._at += length
        return chr(unit)

    def _unit(self, at: int) -> int | None:
        digits = _HEX.match(self._text, at + 2)
        return int(digits[0], 16) if digits and self._text.startswith("\\u", at) else None

    def _literal(self) -> Node:
        start = self._at
        word = _WORD.match(self._text, start)
        if word is None:
            self._expected("a value")
        if word[0] not in _LITERALS and not _NUMBER.fullmatch(word[0]):
            self._stop(
                f"'{brief(word[0])}' is not a JSON value",
                hint=_advice(word[0]),
                length=len(word[0]),
            )
        self._at = word.end()
        return Node(kind=NodeKind.SCALAR, span=self._span(start), text=word[0])

    def _next(self) -> str:
        """Step over blanks and give the character there; "" at the end."""
        found = _SPACE.match(self._text, self._at)
        assert found is not None, "it matches nothing at all, too"
        self._at = found.end()
        return self._text[self._at : self._at + 1]

    def _span(self, start: int) -> Span:
        return self._source.span(start, self._at)

    def _expected(self, what: str, *, opened: int | None = None) -> NoReturn:
        rest = self._text[self._at : self._at + 2]
        label: tuple[Label, ...] = ()
        if opened is not None:
            begun = self._source.span(opened, opened + 1)
            label = (Label(span=begun, text="opened here"),)
        if not rest:
            self._stop(f"the text ends where {what} is needed", labels=label)
        if rest.startswith("#") or rest in {"//", "/*"}:
            self._stop("JSON has no comments", hint="remove it")
        if rest[0] == "'":
            self._stop("JSON has no single quotes", hint="use double quotes")
        self._stop(f"{what} is needed here, not '{rest[0]}'", labels=label)

    def _stop(
        self,
        message: str,
        *,
        rule: str = "document/syntax",
        hint: str | None = None,
        labels: tuple[Label, ...] = (),
        length: int = 1,
    ) -> NoReturn:
        span = self._source.span(self._at, min(self._at + length, len(self._text)))
        self._problems.add(
            Problem(
                rule=rule,
                severity=Severity.ERROR,
                message=message,
                span=span,
                hint=hint,
                labels=labels,
            )
        )
        raise DocumentError(tuple(self._problems))


def _advice(word: str) -> str:
    lowered = {"True": "true", "False": "false", "None": "null"}
    if word in lowered:
        return f"write {lowered[word]}"
    if word[0].isdigit() or word[0] in "+-.":
        return "write a decimal number without leading zeros, or put it in double quotes"
    return "put it in double quotes"
