"""JSON Schema → problems in plain words, at the right place; the only importer of jsonschema."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cicd.document.fix import Fix
from cicd.document.node import Node, NodeKind
from cicd.document.position import Span, brief
from cicd.document.problem import Problem, Problems, Severity
from cicd.document.schema_words import called, demand, kind_of, types_asked_for
from cicd.nearest import closest, only_close
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from jsonschema.exceptions import ValidationError

    from cicd.document.node import Path

_OWN_LEVEL = frozenset({"type", "const", "enum"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    """One thing the schema refuses, before it has a room."""

    rule: str
    message: str
    span: Span
    hint: str | None = None
    note: str | None = None
    fix: Fix | None = None


def check(
    node: Node,
    schema: Mapping[str, object],
    problems: Problems,
    room: str,
    note: Callable[[Path, str, object, object], str | None] | None = None,
) -> None:
    """
    Note everything in which a document differs from a schema (draft 2020-12).

    As in ``Fields``, a key without a value counts as absent, and a number or boolean is text
    where text is asked for, since YAML writers do not quote ``version: 1``.
    Of several alternatives (``anyOf``, ``oneOf``) only the one that fits best is reported on.

    Args:
        node: The document, or a part of it.
        schema: The schema; it is trusted to be one.
        problems: Where to note what is wrong.
        room: The first half of the rules' names.
        note: What AWS would say of a value, given its path, the keyword of the schema that
            refuses it, what that keyword demands, and the value; None: nothing of its own.
    """
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(schema)
    instance = _without_nulls(node.plain())
    for path in {tuple(path) for path in _unquoted(validator.iter_errors(instance), node)}:
        instance = _replaced(instance, path, node.at(path).text)
    seen: set[_Finding] = set()
    for error in validator.iter_errors(instance):
        for leaf in _leaves(error):
            words = _words(leaf, note)
            for finding in _findings(leaf, node):
                if finding in seen:
                    continue
                seen.add(finding)
                problems.add(
                    Problem(
                        rule=f"{room}/{finding.rule}",
                        severity=Severity.ERROR,
                        message=finding.message,
                        span=finding.span,
                        hint=finding.hint,
                        note=words or finding.note,
                        fix=finding.fix,
                    )
                )


def _words(
    error: ValidationError, note: Callable[[Path, str, object, object], str | None] | None
) -> str | None:
    if note is None:
        return None
    path = tuple(error.absolute_path)
    return note(path, str(error.validator), error.validator_value, error.instance)


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value


def _unquoted(errors: Iterable[ValidationError], node: Node) -> Iterator[Path]:
    """Find the scalars that are no text only because nobody quoted them."""
    for error in errors:
        yield from _unquoted(error.context or (), node)
        asked = error.validator_value
        wants_text = asked == "string" or (isinstance(asked, list) and "string" in asked)
        if error.validator == "type" and wants_text:
            found = node.at(tuple(error.absolute_path))
            if found.kind is NodeKind.SCALAR and not found.is_null:
                yield tuple(error.absolute_path)


def _replaced(value: object, path: Path, text: str) -> object:
    if not path:
        return text
    step, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {key: _replaced(v, rest, text) if key == step else v for key, v in value.items()}
    assert isinstance(value, list), "the path came from this value"
    return [_replaced(v, rest, text) if at == step else v for at, v in enumerate(value)]


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """Give what is wrong with the alternative that was most likely meant."""
    if error.validator not in {"anyOf", "oneOf"} or not error.context:
        yield error
        return
    branches: dict[object, list[ValidationError]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    meant = [found for found in branches.values() if not any(map(_refuses_outright, found))]
    if not meant:
        yield error
        return
    for inner in min(meant, key=lambda found: (-max(len(e.path) for e in found), len(found))):
        yield from _leaves(inner)


def _refuses_outright(error: ValidationError) -> bool:
    """Tell whether a value is not of this kind at all, by its type or by one telling key."""
    return error.validator in _OWN_LEVEL and (
        not error.path or (len(error.path) == 1 and error.validator == "const")
    )


def _findings(error: ValidationError, root: Node) -> Iterator[_Finding]:
    path = tuple(error.absolute_path)
    node = root.at(path)
    if node.kind is NodeKind.MAPPING and isinstance(error.instance, str):
        yield _about_key(error, node)
        return
    match error.validator:
        case "additionalProperties" | "unevaluatedProperties":
            yield from _unknown_keys(error, node, path)
        case "required":
            yield from _missing_keys(error, node, _place(root, path))
        case _:
            yield _about_value(error, node, path, _place(root, path))


def _about_key(error: ValidationError, node: Node) -> _Finding:
    """``propertyNames`` speaks of a key, at the path of its mapping."""
    key = str(error.instance)
    return _Finding(
        rule="key-form",
        message=f"'{brief(key)}' is not allowed as a key: {demand(error)}",
        span=node.entries[key].key_span,
    )


def _unknown_keys(error: ValidationError, node: Node, path: Path) -> Iterator[_Finding]:
    import re

    known = tuple(_mapping(error.schema, "properties"))
    patterns = tuple(_mapping(error.schema, "patternProperties"))
    what = called(path)
    for key, entry in node.entries.items():
        fits = key in known or any(re.search(pattern, key) for pattern in patterns)
        if fits or entry.value.is_null:
            continue
        near = closest(key, (name for name in known if name not in node.entries))
        yield _Finding(
            rule="unknown-key",
            message=f"'{brief(key)}' is not a key of {what}",
            span=entry.key_span,
            hint=f"did you mean '{near}'?" if near else None,
            note=f"the keys of {what} are {', '.join(known)}" if known else None,
        )


def _missing_keys(error: ValidationError, node: Node, span: Span) -> Iterator[_Finding]:
    what = called(tuple(error.absolute_path))
    for name in cast("list[str]", error.validator_value):
        entry = node.entries.get(name)
        if entry is None:
            yield _Finding(rule="missing-key", message=f"'{name}' is missing in {what}", span=span)
        elif entry.value.is_null:
            yield _Finding(
                rule="missing-key",
                message=f"'{name}' in {what} has no value",
                span=entry.key_span,
            )


def _about_value(error: ValidationError, node: Node, path: Path, span: Span) -> _Finding:
    what = called(path)
    match error.validator:
        case "type" | "anyOf" | "oneOf" if types := types_asked_for(error):
            wanted = " or ".join(types)
            return _Finding(
                rule="wrong-type",
                message=f"{what} must be {wanted}, not {kind_of(node)}",
                span=span,
            )
        case "enum" | "const":
            value = error.validator_value
            options = [str(option) for option in (value if isinstance(value, list) else [value])]
            near = closest(node.text, options)
            sure = only_close(node.text, options)
            return _Finding(
                rule="unknown-value",
                message=f"'{brief(node.text)}' is not allowed for {what}",
                span=span,
                hint=f"did you mean '{near}'?" if near else None,
                note=f"{what} is one of {', '.join(options)}",
                fix=Fix.word(span, sure) if sure else None,
            )
        case "pattern" | "format":
            return _Finding(
                rule="wrong-form",
                message=f"'{brief(node.text)}': {what} {demand(error)}",
                span=span,
            )
        case _:
            return _Finding(rule="out-of-range", message=f"{what} {demand(error)}", span=span)


def _place(root: Node, path: Path) -> Span:
    """Point at a scalar itself, but at the key of something larger."""
    node = root.at(path)
    if node.kind is NodeKind.SCALAR or not path or isinstance(path[-1], int):
        return node.span
    return root.at(path[:-1]).entries[path[-1]].key_span


def _mapping(schema: object, key: str) -> Mapping[str, object]:
    inner = schema.get(key) if isinstance(schema, dict) else None
    return inner if isinstance(inner, dict) else {}
