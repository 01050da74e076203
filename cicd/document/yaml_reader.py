"""YAML → Node; the only importer of PyYAML."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NoReturn, TypeAlias

import yaml

from cicd.document.keys import enter
from cicd.document.node import MAX_DEPTH, MAX_NODES, Entry, Node, NodeKind, ScalarStyle
from cicd.document.position import brief
from cicd.document.problem import Problems
from cicd.errors import DocumentError
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.position import Source, Span

Duplicates: TypeAlias = Literal["error", "last"]

_STANDARD = "tag:yaml.org,2002:"
# Compiled when first needed, since that takes as long as reading many a document.
_FORBIDDEN = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
_HARMLESS = re.compile("[\t\n\r\x20-\x7e]*")
_UNSPEAKABLE = re.compile("[\0\ud800-\udfff]")  # nothing a command, a path or UTF-8 can hold
_STYLES = {"'": ScalarStyle.QUOTED, '"': ScalarStyle.QUOTED}
_STYLES |= {"|": ScalarStyle.BLOCK, ">": ScalarStyle.BLOCK}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    """A node with what the bounds are about, and where it ends in the text."""

    node: Node
    size: int  # nodes, aliases followed
    height: int  # 1 for a scalar
    end: int  # of what is written here: an alias ends here, its node elsewhere


def read_yaml(
    source: Source,
    *,
    duplicates: Duplicates = "error",
    aliases: bool = True,
    native: bool = True,
) -> Node:
    """
    Read one YAML document.

    Args:
        source: The text, without a byte order mark.
        duplicates: "error" notes a key written twice; with "last" the last one counts.
        aliases: Whether ``*alias`` is allowed; an ``&anchor`` alone does no harm.
        native: Whether to use libyaml where it is installed; the tree is the same.

    Raises:
        DocumentError: With every problem found up to where reading had to stop.

    """
    return _Reader(source, duplicates=duplicates, aliases=aliases, native=native).read()


class _Reader:
    """One reading of one text: the parser's events, the anchors so far, the problems so far."""

    def __init__(
        self, source: Source, *, duplicates: Duplicates, aliases: bool, native: bool
    ) -> None:
        self._source = source
        self._duplicates = duplicates
        self._aliases = aliases
        self._native = native
        self._problems = Problems()
        self._anchors: dict[str, _Built] = {}
        self._open: set[str] = set()
        self._size = 0
        self._events: Iterator[yaml.Event] = iter(())

    def read(self) -> Node:
        self._check_characters()
        self._events = self._parsed()
        node = self._document()
        self._problems.raise_errors()
        return node

    def _check_characters(self) -> None:
        text = self._source.text
        if _HARMLESS.fullmatch(text):
            return
        if found := re.search(_FORBIDDEN, text):
            self._stop(
                "document/character",
                f"the character U+{ord(found[0]):04X} cannot stand in YAML",
                self._source.span(found.start(), found.end()),
                hint="remove it; inside double quotes it can be written as an escape",
            )

    def _parsed(self) -> Iterator[yaml.Event]:
        """Give the parser's events; whatever it cannot read becomes a problem."""
        # Without libyaml PyYAML has no CSafeLoader; the pure one gives the same events.
        native = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        loader = native if self._native else yaml.SafeLoader
        try:
            yield from yaml.parse(self._source.text, Loader=loader)
        except yaml.MarkedYAMLError as reason:
            self._stop_at(reason)
        except (yaml.YAMLError, ValueError, OverflowError) as reason:
            # The last two: escapes and directives whose numbers or bytes make no sense.
            self._stop(
                "document/syntax",
                "this is not YAML",
                self._source.span(0, 0),
                note=f"the YAML parser says: {reason}",
            )

    def _stop_at(self, reason: yaml.MarkedYAMLError) -> NoReturn:
        from cicd.document.yaml_syntax import Complaint, syntax_problem

        begun, at = reason.context_mark, reason.problem_mark
        if at is not None and any(each.span.line == at.line + 1 for each in self._problems):
            raise DocumentError(tuple(self._problems)) from None  # it follows from what was said
        complaint = Complaint(
            context=reason.context or "",
            problem=reason.problem or "",
            begun=begun.index if begun else None,
            at=at.index if at else None,
        )
        self._problems.add(syntax_problem(self._source, complaint, self._read_again))
        raise DocumentError(tuple(self._problems)) from None

    def _read_again(self, source: Source) -> Node:
        return read_yaml(source, duplicates=self._duplicates, aliases=self._aliases)

    def _document(self) -> Node:
        root: _Built | None = None
        for event in self._events:
            if not isinstance(event, yaml.DocumentStartEvent):
                continue
            if root is not None:
                self._stop(
                    "document/several-documents",
                    "a second document begins here",
                    self._source.span(_start(event), _end(event)),
                    hint="keep one document a file, and remove this '---'",
                )
            root = self._built(next(self._events), depth=1)
        if root is None or (root.node.is_null and not root.node.text):
            self._stop(
                "document/empty",
                f"'{self._source.name}' holds nothing but comments",
                self._source.span(0, 0),
                hint="write the document, or name another file",
            )
        return root.node

    def _built(self, event: yaml.Event, depth: int) -> _Built:
        if depth > MAX_DEPTH:
            self._stop(
                "document/too-deep",
                f"more than {MAX_DEPTH} values lie inside one another",
                self._source.span(_start(event), _start(event)),
            )
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        self._count(1, event)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._open.add(anchor)
        if isinstance(event, yaml.ScalarEvent):
            built = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            built = self._sequence(event, depth)
        else:
            built = self._mapping(event, depth)
        if anchor is not None:
            self._open.discard(anchor)
            self._anchors[anchor] = built
        return built

    def _scalar(self, event: yaml.ScalarEvent) -> _Built:
        start, end = _start(event), _end(event)
        style = _STYLES.get(event.style or "", ScalarStyle.PLAIN)
        if style is ScalarStyle.BLOCK:
            end = start + len(self._source.text[start:end].rstrip())
        span = self._source.span(start, end)
        tag = _written(event.tag)
        if tag in {"!", "!!str"}:
            style = ScalarStyle.QUOTED if style is ScalarStyle.PLAIN else style
            tag = ""
        if bad := _UNSPEAKABLE.search(event.value):
            self._problems.error(
                "document/character",
                f"the character U+{ord(bad[0]):04X} cannot be used in a value",
                span,
            )
        node = Node(kind=NodeKind.SCALAR, span=span, text=event.value, style=style, tag=tag)
        return _Built(node=node, size=1, height=1, end=end)

    def _sequence(self, event: yaml.SequenceStartEvent, depth: int) -> _Built:
        children: list[_Built] = []
        for inner in self._events:
            if isinstance(inner, yaml.SequenceEndEvent):
                break
            children.append(self._built(inner, depth + 1))
        end = _end(inner) if event.flow_style else children[-1].end
        node = Node(
            kind=NodeKind.SEQUENCE,
            span=self._source.span(_start(event), end),
            items=tuple(child.node for child in children),
            tag=_written(event.tag),
        )
        return _around(node, children, end)

    def _mapping(self, event: yaml.Event, depth: int) -> _Built:
        children: list[_Built] = []
        entries: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        for inner in self._events:
            if isinstance(inner, yaml.MappingEndEvent):
                break
            key = self._built(inner, depth + 1)
            value = self._built(next(self._events), depth + 1)
            children += (key, value)
            if key.node.kind is not NodeKind.SCALAR:
                self._refuse_key(key.node)
            elif key.node.text == "<<" and key.node.style is ScalarStyle.PLAIN:
                self._merge(value.node, merged)
            else:
                self._enter(key.node, value.node, entries)
        start = _start(event)
        end = _end(inner) if getattr(event, "flow_style", False) else children[-1].end
        node = Node(
            kind=NodeKind.MAPPING,
            span=self._source.span(start, end),
            entries=MappingProxyType(merged | entries),
            tag=_written(getattr(event, "tag", None)),
        )
        return _around(node, children, end)

    def _enter(self, key: Node, value: Node, entries: dict[str, Entry]) -> None:
        strict = self._duplicates == "error"
        enter(entries, key, value, problems=self._problems if strict else None, where="mapping")

    def _merge(self, value: Node, merged: dict[str, Entry]) -> None:
        """Take over the entries of ``<<: *one`` or ``<<: [*one, *two]``; the first one counts."""
        for mapping in value.items if value.kind is NodeKind.SEQUENCE else (value,):
            if mapping.kind is NodeKind.MAPPING:
                for name, entry in mapping.entries.items():
                    merged.setdefault(name, entry)
            else:
                self._problems.error(
                    "document/merge",
                    "'<<' takes a mapping, or a list of mappings",
                    mapping.span,
                    hint="name an anchor that stands at a mapping: '<<: *name'",
                )

    def _refuse_key(self, key: Node) -> None:
        self._problems.error(
            "document/key",
            "a key must be text",
            key.span,
            hint="a text that begins with '{' or '[' needs quotes",
        )

    def _alias(self, event: yaml.AliasEvent, depth: int) -> _Built:
        start, end = _start(event), _end(event)
        span = self._source.span(start, end)
        name = str(event.anchor)
        if not self._aliases:
            self._refuse_alias(span)
        if name in self._open:
            self._stop(
                "document/alias",
                f"'*{brief(name)}' stands inside '&{brief(name)}', and would never end",
                span,
            )
        if name not in self._anchors:
            self._stop(
                "document/alias",
                f"'*{brief(name)}' refers to an anchor that is not written before it",
                span,
                hint=f"mark the value with '&{brief(name)}', or put the text in quotes",
            )
        built = self._anchors[name]
        self._count(built.size, event)
        if depth + built.height - 1 > MAX_DEPTH:
            self._stop(
                "document/too-deep",
                f"with this alias more than {MAX_DEPTH} values lie inside one another",
                span,
            )
        return _Built(node=built.node, size=built.size, height=built.height, end=end)

    def _refuse_alias(self, span: Span) -> NoReturn:
        self._stop(
            "document/alias",
            f"'{brief(span.text)}' is an alias, and aliases are not allowed here",
            span,
            hint="write the value out; if it is plain text, put it in quotes",
        )

    def _count(self, size: int, event: yaml.Event) -> None:
        self._size += size
        if self._size > MAX_NODES:
            self._stop(
                "document/too-many-values",
                f"the document holds more than {MAX_NODES:,} values, aliases written out",
                self._source.span(_start(event), _end(event)),
                hint="is this the right file? Aliases of aliases multiply",
            )

    def _stop(
        self,
        rule: str,
        message: str,
        span: Span,
        *,
        hint: str | None = None,
        note: str | None = None,
    ) -> NoReturn:
        self._problems.error(rule, message, span, hint=hint, note=note)
        raise DocumentError(tuple(self._problems))


def _around(node: Node, children: list[_Built], end: int) -> _Built:
    return _Built(
        node=node,
        size=1 + sum(child.size for child in children),
        height=1 + max((child.height for child in children), default=0),
        end=end,
    )


def _start(event: yaml.Event) -> int:
    assert event.start_mark is not None, "the parser marks every event"
    return event.start_mark.index


def _end(event: yaml.Event) -> int:
    assert event.end_mark is not None, "the parser marks every event"
    return event.end_mark.index


def _written(tag: str | None) -> str:
    """Give a tag as the writer wrote it: "!Sub", "!!int"."""
    return tag.replace(_STANDARD, "!!", 1) if tag else ""
