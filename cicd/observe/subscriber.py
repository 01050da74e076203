"""Subscribers of events: who is told of what, as ``cicd.yml`` says under ``local``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.fields import Fields
from cicd.document.node import NodeKind
from cicd.document.problem import Problems
from cicd.document.resources import FILE, Resources
from cicd.observe.pattern import MOST, InvalidEventPattern, Pattern, read_pattern
from cicd.ports import Probe
from cicd.record import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.document.node import Node

_WAYS = ("command", "url", "file", "desktop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Somebody who is told of every event that a pattern means."""

    name: str
    probe: Probe  # how it is told
    pattern: Pattern | None = None  # None: of every event


def subscribers_of(directory: Path) -> tuple[Subscriber, ...]:
    """
    Read the subscribers of a directory's ``cicd.yml``; none where it names none.

    Raises ``DocumentError`` with all that is wrong.
    """
    path = directory / FILE
    try:
        named = b"subscribers" in path.read_bytes()
    except OSError:
        named = False
    if not named:  # most runs have none, and need not read the file for them
        return ()
    problems = Problems()
    found = read_subscribers(Resources.load(directory), problems)
    problems.raise_errors()
    return found


def read_subscribers(resources: Resources, problems: Problems) -> tuple[Subscriber, ...]:
    """Read ``local.subscribers``: a mapping, or a list whose entries have names."""
    entry = resources.local.entries.get("subscribers") if resources.local is not None else None
    if entry is None or entry.value.is_null:
        return ()
    named: list[tuple[str, Node]] = []
    if entry.value.kind is NodeKind.MAPPING:
        named = [(each.key, each.value) for each in entry.value.entries.values()]
    elif entry.value.kind is NodeKind.SEQUENCE:
        for place, item in enumerate(entry.value.items, 1):
            known = item.entries.get("name")
            named.append((known.value.text if known else str(place), item))
    else:
        problems.error(
            "resources/subscriber", "'subscribers' is a mapping, or a list", entry.value.span
        )
    return tuple(_read(name, node, resources, problems) for name, node in named)


def _read(name: str, node: Node, resources: Resources, problems: Problems) -> Subscriber:
    fields = Fields(node, problems, room="resources", what=f"subscriber '{name}'")
    fields.node("name")
    texts = {way: fields.text(way) for way in _WAYS if way != "desktop"}
    desktop = fields.flag("desktop", default=False)
    asked = [way for way in _WAYS if (desktop if way == "desktop" else texts[way])]
    if len(asked) != 1:
        problems.error(
            "resources/subscriber",
            f"subscriber '{name}' needs one of {', '.join(_WAYS)}",
            fields.span(asked[1] if asked else "command"),
        )
    url = texts["url"]
    if url and not url.startswith(("http://", "https://")):
        problems.error(
            "resources/subscriber",
            f"'{url}' is not an address that can be posted to",
            fields.span("url"),
            hint="it begins with http:// or https://",
        )
    probe = Probe(
        command=texts["command"],
        url=url,
        file=str(resources.root / texts["file"]) if texts["file"] else "",
        desktop=desktop,
        directory=str(resources.root),
        timeout=fields.integer("timeout", default=10, minimum=1, maximum=300),
    )
    pattern = _pattern(fields.node("pattern"), problems)
    fields.unknown()
    return Subscriber(name=name, probe=probe, pattern=pattern)


def _pattern(node: Node | None, problems: Problems) -> Pattern | None:
    """Read a pattern: a mapping, or JSON in a text, as templates and the API have it."""
    if node is None or node.is_null:
        return None
    import json

    span = node.span
    try:
        written = json.loads(node.text) if node.kind is NodeKind.SCALAR else node.plain()
        if len(json.dumps(written)) > MOST:
            problems.error(
                "resources/event-pattern",
                f"a pattern has at most {MOST} characters",
                span,
                note="LimitExceededException",
            )
        return read_pattern(written)
    except ValueError as reason:
        problems.error("resources/event-pattern", f"the pattern is not JSON: {reason}", span)
    except InvalidEventPattern as reason:
        place = node
        for key in reason.path:
            inner = place.entries.get(key)
            place, span = (inner.value, inner.key_span) if inner else (place, span)
        problems.error(
            "resources/event-pattern",
            f"the event pattern is not valid: {reason.reason}",
            span,
            note="InvalidEventPatternException",
        )
    return None
