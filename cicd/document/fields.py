"""Reads one mapping field by field, and says what is wrong with each."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar, overload

from cicd.document.fix import Fix
from cicd.document.node import Node, NodeKind, ScalarStyle
from cicd.document.position import brief
from cicd.document.problem import Problems, Severity
from cicd.document.unknown import note_unknown
from cicd.document.yaml_slips import missing_blank
from cicd.nearest import closest, only_close

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cicd.document.node import Entry
    from cicd.document.position import Span

C = TypeVar("C", bound=str)

_FLAGS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_SHAPES = {NodeKind.MAPPING: "a mapping", NodeKind.SEQUENCE: "a list", NodeKind.SCALAR: "text"}


class Fields:
    """
    One mapping of a document, asked for its fields by name.

    Whatever is not as it must be is noted in ``problems``, under ``<room>/wrong-type``,
    ``/missing-key``, ``/unknown-value``, ``/out-of-range``, ``/duplicate-key`` or
    ``/unknown-key``, and then counts as absent,
    so that a reader can go on and find everything at once.
    A key without a value (null) counts as absent too.
    """

    def __init__(
        self,
        node: Node,
        problems: Problems,
        *,
        room: str,
        what: str,
        at: Span | None = None,
        ignore_case: bool = False,
    ) -> None:
        """
        Take a mapping; anything else is noted, and has no fields.

        Args:
            node: The mapping.
            problems: Where to note what is wrong.
            room: The first half of the rules' names.
            what: The mapping's name in messages: "artifacts", "the buildspec".
            at: Where to point when a key is missing; the mapping itself if not given.
            ignore_case: Whether ``Stages`` is found under ``stages``, here and further down.

        """
        self.problems = problems
        self.room = room
        self.what = what
        self._at = at or node.span
        self._ignore_case = ignore_case
        self._entries: dict[str, Entry] = {}
        self._asked: dict[str, None] = {}
        if node.kind is NodeKind.MAPPING:
            for key, entry in node.entries.items():
                if self._entries.setdefault(self._folded(key), entry) is not entry:
                    self.problems.error(
                        f"{room}/duplicate-key",
                        f"'{brief(key)}' is written twice in {what}, in different case",
                        entry.key_span,
                        hint="keep one of the two",
                    )
        elif not node.is_null:
            self._wrong(f"{what} must be a mapping, not {_SHAPES[node.kind]}", node)

    def __contains__(self, name: str) -> bool:
        """Tell whether the key is written, with or without a value."""
        return self._folded(name) in self._entries

    def span(self, name: str) -> Span:
        """Give the key's place, or the mapping's if there is no such key."""
        entry = self._entries.get(self._folded(name))
        return entry.key_span if entry else self._at

    def node(self, name: str) -> Node | None:
        """Give the value, of whatever shape."""
        self._asked[name] = None
        entry = self._entries.get(self._folded(name))
        return None if entry is None or entry.value.is_null else entry.value

    @overload
    def text(self, name: str, default: str = "") -> str: ...
    @overload
    def text(self, name: str, default: None) -> str | None: ...
    def text(self, name: str, default: str | None = "") -> str | None:
        """Give a scalar as written: ``version: 0.20`` is "0.20"."""
        node = self._of_kind(name, NodeKind.SCALAR)
        return default if node is None else node.text

    def required_text(self, name: str) -> str:
        """Give a scalar as written; its absence is noted, and gives ""."""
        if not self.required(name):
            return ""
        return self.text(name)

    def required(self, name: str) -> bool:
        """Tell whether the key has a value, and note it if not."""
        if self.node(name) is not None:
            return True
        if name in self:
            message = f"'{name}' in {self.what} has no value"
        else:
            message = f"'{name}' is missing in {self.what}"
        self.problems.error(f"{self.room}/missing-key", message, self.span(name))
        return False

    @overload
    def flag(self, name: str, *, default: bool = ...) -> bool: ...
    @overload
    def flag(self, name: str, *, default: None) -> bool | None: ...
    def flag(self, name: str, *, default: bool | None = False) -> bool | None:
        """Give yes, no, true, false, on or off, quoted or not, in any case."""
        node = self._of_kind(name, NodeKind.SCALAR)
        if node is None:
            return default
        if (value := _FLAGS.get(node.text.casefold())) is not None:
            return value
        self._wrong(f"'{name}' must be yes or no, not '{brief(node.text)}'", node)
        return default

    @overload
    def integer(
        self, name: str, default: int, *, minimum: int | None = ..., maximum: int | None = ...
    ) -> int: ...
    @overload
    def integer(
        self,
        name: str,
        default: None = None,
        *,
        minimum: int | None = ...,
        maximum: int | None = ...,
    ) -> int | None: ...
    def integer(
        self,
        name: str,
        default: int | None = None,
        *,
        minimum: int | None = None,
        maximum: int | None = None,
    ) -> int | None:
        """Give a decimal whole number, quoted or not, within bounds that are both allowed."""
        node = self._of_kind(name, NodeKind.SCALAR)
        if node is None:
            return default
        if not _WHOLE.fullmatch(node.text):
            self._wrong(f"'{name}' must be a whole number, not '{brief(node.text)}'", node)
            return default
        value = int(node.text)
        low = minimum is None or value >= minimum
        high = maximum is None or value <= maximum
        if low and high:
            return value
        if minimum is not None and maximum is not None:
            bound = f"from {minimum} to {maximum}"
        else:
            bound = f"at least {minimum}" if not low else f"at most {maximum}"
        self.problems.error(
            f"{self.room}/out-of-range", f"'{name}' must be {bound}, not {value}", node.span
        )
        return default

    @overload
    def choice(
        self, name: str, options: Iterable[C], default: C, *, ignore_case: bool = ...
    ) -> C: ...
    @overload
    def choice(
        self, name: str, options: Iterable[C], default: None = None, *, ignore_case: bool = ...
    ) -> C | None: ...
    def choice(
        self,
        name: str,
        options: Iterable[C],
        default: C | None = None,
        *,
        ignore_case: bool = False,
    ) -> C | None:
        """Give the one of ``options`` that is written; a StrEnum class gives its members."""
        node = self._of_kind(name, NodeKind.SCALAR)
        if node is None:
            return default
        known = {_word(option): option for option in options}
        written = node.text
        if ignore_case:
            folded = {word.casefold(): word for word in known}
            written = folded.get(written.casefold(), written)
        if written in known:
            return known[written]
        near = closest(node.text, known)
        sure = only_close(node.text, known)
        self.problems.error(
            f"{self.room}/unknown-value",
            f"'{brief(node.text)}' is not allowed for '{name}'",
            node.span,
            hint=f"did you mean '{near}'?" if near else None,
            fix=Fix.word(node.span, sure) if sure else None,
            note=f"'{name}' is one of {', '.join(known)}",
        )
        return default

    def texts(self, name: str, *, scalar_is_list: bool = True) -> tuple[Node, ...]:
        """
        Give the scalars of a list, in order; an entry of another shape is noted and left out.

        An entry may still be null (``- # later``): ask ``Node.is_null``.
        With ``scalar_is_list`` a single scalar is a list of one.
        """
        node = self.node(name)
        if scalar_is_list and node is not None and node.kind is NodeKind.SCALAR:
            return (node,)
        kept: list[Node] = []
        for item in self.sequence(name):
            if item.kind is NodeKind.SCALAR:
                kept.append(item)
                continue
            self.problems.error(
                f"{self.room}/wrong-type",
                f"an entry of '{name}' must be text, not {_SHAPES[item.kind]}",
                item.span,
                hint="put the whole entry in quotes: ': ' makes a mapping of it"
                if item.kind is NodeKind.MAPPING
                else None,
            )
        return tuple(kept)

    def sequence(self, name: str) -> tuple[Node, ...]:
        """Give the entries of a list, of whatever shape; () if it is absent."""
        node = self._of_kind(name, NodeKind.SEQUENCE)
        return () if node is None else node.items

    def mapping(self, name: str, what: str | None = None) -> Fields | None:
        """Give the fields of an inner mapping, called ``what`` (else ``name``) in messages."""
        node = self._of_kind(name, NodeKind.MAPPING)
        if node is None:
            return None
        return self.inner(node, what=what or f"'{name}'", at=self.span(name))

    def inner(self, node: Node, *, what: str, at: Span | None = None) -> Fields:
        """Give the fields of a node found below this mapping, such as an entry of a list."""
        return Fields(
            node,
            self.problems,
            room=self.room,
            what=what,
            at=at,
            ignore_case=self._ignore_case,
        )

    def entries(self) -> tuple[Entry, ...]:
        """Give all entries in order, null ones too; none of them is unknown from here on."""
        for entry in self._entries.values():
            self._asked[entry.key] = None
        return tuple(self._entries.values())

    def unknown(
        self, severity: Severity = Severity.WARNING, homes: Mapping[str, str] | None = None
    ) -> None:
        """
        Note every key that was never asked for, with the one that was probably meant.

        ``homes`` says of keys where they do mean something: "below 'env'".
        """
        known = {self._folded(name) for name in self._asked}
        for folded, entry in self._entries.items():
            if folded in known:
                continue
            note_unknown(
                entry,
                self.problems,
                rule=f"{self.room}/unknown-key",
                what=self.what,
                known=self._asked,
                free=tuple(name for name in self._asked if name not in self),
                home=(homes or {}).get(entry.key, ""),
                severity=severity,
            )

    def _folded(self, name: str) -> str:
        return name.casefold() if self._ignore_case else name

    def _of_kind(self, name: str, kind: NodeKind) -> Node | None:
        node = self.node(name)
        if node is None or node.kind is kind:
            return node
        self._wrong(f"'{name}' must be {_SHAPES[kind]}, not {_SHAPES[node.kind]}", node)
        return None

    def _wrong(self, message: str, node: Node) -> None:
        plain = node.kind is NodeKind.SCALAR and node.style is ScalarStyle.PLAIN
        slip = missing_blank(node.span) if plain else None
        self.problems.error(
            f"{self.room}/wrong-type",
            message,
            node.span,
            hint=f"a blank is missing after the colon: {slip.hint}" if slip else None,
            fix=slip.fix if slip else None,
        )


def _word(option: str) -> str:
    return option.value if isinstance(option, StrEnum) else option
