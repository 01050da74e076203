"""What a schema asks of a value, and what stands there instead, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cicd.document.node import Node, NodeKind
from cicd.document.position import brief

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

    from cicd.document.node import Path

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "yes or no",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
_LONGEST = 200  # of a message that quotes the document


def demand(error: ValidationError) -> str:
    """Say what a value must be, to go on from its name."""
    bound = error.validator_value
    size = len(error.instance) if isinstance(error.instance, str | list | dict) else 0
    match error.validator:
        case "pattern":
            return _letters(str(bound)) or f"must match {bound}"
        case "format":
            return f"must be a {bound}"
        case "minLength":
            return f"must have at least {_many(bound, 'character')}, not {size}"
        case "maxLength":
            return f"must have at most {_many(bound, 'character')}, not {size}"
        case "minItems" | "minProperties":
            return f"must have at least {_many(bound, 'entry')}, not {size}"
        case "maxItems" | "maxProperties":
            return f"must have at most {_many(bound, 'entry')}, not {size}"
        case "minimum":
            return f"must be at least {bound}, not {error.instance}"
        case "maximum":
            return f"must be at most {bound}, not {error.instance}"
        case "uniqueItems":
            return "must not name the same thing twice"
        case _:
            return f"is not allowed: {error.message[:_LONGEST]}"


def _many(count: object, what: str) -> str:
    """Count things in words: "one entry", "3 entries"."""
    if count == 1:
        return f"one {what}"
    return f"{count} {what[:-1]}ies" if what.endswith("y") else f"{count} {what}s"


def _letters(pattern: str) -> str | None:
    """Say of a pattern that allows certain characters which these are; None for another one."""
    import re

    found = re.fullmatch(r"\^\[((?:\\.|[^\\\]])+)\][+*]\$", pattern)
    if found is None:
        return None
    rest, words = found[1], []
    for word, ranges in (("letters", ("A-Z", "a-z")), ("digits", ("0-9",))):
        if all(each in rest for each in ranges):
            words.append(word)
            for each in ranges:
                rest = rest.replace(each, "")
    if re.search(r"[^\\]-.", rest):
        return None  # other ranges are said as they are written
    words += [f"'{character}'" for character in rest.replace("\\", "")]
    return f"may have {', '.join(words[:-1])} and {words[-1]} only" if words[1:] else None


def types_asked_for(error: ValidationError) -> list[str]:
    """Give the types a value may have, if its type is all that is wrong."""
    if error.validator == "type":
        asked = cast("str | list[str]", error.validator_value)
        return [_TYPES[name] for name in (asked if isinstance(asked, list) else [asked])]
    own = [inner for inner in error.context or () if inner.validator == "type" and not inner.path]
    if len({inner.schema_path[0] for inner in own}) < len(
        cast("list[object]", error.validator_value)
    ):
        return []
    return list(dict.fromkeys(name for inner in own for name in types_asked_for(inner)))


def kind_of(node: Node) -> str:
    """Say what stands where something else should; a scalar as it is written."""
    match node.kind:
        case NodeKind.MAPPING:
            return "a mapping"
        case NodeKind.SEQUENCE:
            return "a list"
        case NodeKind.SCALAR:
            return "nothing" if node.is_null else f"'{brief(node.text)}'"


def called(path: Path) -> str:
    """Name what stands at a path, as one would to who wrote it."""
    if not path:
        return "the document"
    last = path[-1]
    if isinstance(last, str):
        return f"'{last}'"
    parents = [step for step in path if isinstance(step, str)]
    return f"entry {last + 1} of '{parents[-1]}'" if parents else f"entry {last + 1}"
