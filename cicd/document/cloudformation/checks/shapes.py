"""Properties of the resources that are read here, as written: which there are, of what shape."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources as package_files
from typing import TYPE_CHECKING, TypeAlias

from cicd.document.cloudformation.intrinsics import call_of, is_no_value
from cicd.document.node import Node, NodeKind
from cicd.document.position import brief
from cicd.document.problem import Severity
from cicd.document.unknown import note_unknown
from cicd.nearest import closest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.document.cloudformation.template import Template
    from cicd.document.position import Span
    from cicd.document.problem import Problems

Shape: TypeAlias = str | list["Shape"] | dict[str, "Shape"]
"""
"text", "number", "flag", "any" or "A|B|C"; a list of one shape; or properties by name, those
that must be there with "*" behind it.
"""

_KINDS = {NodeKind.MAPPING: "a mapping", NodeKind.SEQUENCE: "a list", NodeKind.SCALAR: "text"}
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
_FLAGS = frozenset({"true", "false"})


@cache
def shapes() -> Mapping[str, dict[str, Shape]]:
    """
    Give the properties of each resource type that is read here.

    Source: CloudFormation Template Reference, the pages of these types.
    """
    text = package_files.files(__package__).joinpath("properties.json").read_text("utf-8")
    found: Mapping[str, dict[str, Shape]] = json.loads(text)
    return found


def check_properties(template: Template, problems: Problems) -> None:
    """Note every property that there is not, that is missing, or that has another shape."""
    known = shapes()
    for logical_id, resource in template.resources.items():
        kind = template.type_of(logical_id)
        shape = known.get(kind)
        if shape is None:
            continue
        written = resource.value.entries.get("Properties")
        if written is not None:
            _check(written.value, shape, kind, written.key_span, problems)
        elif any(name.endswith("*") for name in shape):
            problems.error(
                "template/no-properties",
                f"'{brief(logical_id)}' has no properties",
                resource.key_span,
                hint=f"write 'Properties:' with {_required(shape)} below it",
            )


def _required(shape: dict[str, Shape]) -> str:
    return ", ".join(name.rstrip("*") for name in shape if name.endswith("*"))


def _check(node: Node, shape: Shape, what: str, at: Span, problems: Problems) -> None:
    call = call_of(node)
    if call is not None:
        if call.name == "Fn::If":
            for branch in call.argument.items[1:]:
                if not is_no_value(branch):
                    _check(branch, shape, what, at, problems)
        return
    if node.is_null:
        problems.error(
            "template/wrong-type",
            f"{_called(what)} has no value",
            at,
            hint="give it one, or leave it out",
            note="[/Resources] 'null' values are not allowed in templates",
        )
    elif isinstance(shape, dict):
        _mapping(node, shape, what, at, problems)
    elif isinstance(shape, list):
        if node.kind is not NodeKind.SEQUENCE:
            _wrong(node, "a list", what, problems)
        for item in node.items:
            _check(item, shape[0], what, item.span, problems)
    elif shape != "any":
        _scalar(node, shape, what, problems)


def _mapping(node: Node, shape: dict[str, Shape], what: str, at: Span, problems: Problems) -> None:
    if node.kind is not NodeKind.MAPPING:
        _wrong(node, "a mapping", what, problems)
        return
    if "Fn::Transform" in node.entries:
        return  # what a macro adds is not known
    known = {name.rstrip("*"): inner for name, inner in shape.items()}
    free = [name for name in known if name not in node.entries]
    taken = set()
    for entry in node.entries.values():
        if entry.key in known:
            _check(entry.value, known[entry.key], entry.key, entry.key_span, problems)
            continue
        taken.add(closest(entry.key, free))
        note_unknown(
            entry,
            problems,
            rule="template/unknown-property",
            what=_called(what),
            known=known,
            free=free,
            severity=Severity.ERROR,
        )
    for name in shape:
        bare = name.rstrip("*")
        # A slip of the name has been told as that.
        if name != bare and bare in free and bare not in taken:
            problems.error(
                "template/missing-property",
                f"{_called(what)} needs '{bare}'",
                at,
                hint=f"add '{bare}:'",
            )


def _scalar(node: Node, shape: str, what: str, problems: Problems) -> None:
    if node.kind is not NodeKind.SCALAR:
        wanted = {"number": "a number", "flag": "true or false"}.get(shape, "text")
        _wrong(node, wanted, what, problems)
    elif "{{resolve:" in node.text:
        return
    elif shape == "number":
        if not _NUMBER.fullmatch(node.text):
            _value(node, "a number", what, problems)
    elif shape == "flag":
        if node.text.lower() not in _FLAGS and not isinstance(node.plain(), bool):
            _value(node, "true or false", what, problems)
    elif "|" in shape:
        options = shape.split("|")
        if node.text not in options:
            near = closest(node.text, options)
            problems.error(
                "template/unknown-value",
                f"'{what}' cannot be '{brief(node.text)}'",
                node.span,
                hint=f"did you mean '{near}'?" if near else None,
                note=f"it is one of {', '.join(options)}",
            )


def _called(what: str) -> str:
    return f"an {what}" if "::" in what else f"'{what}'"


def _wrong(node: Node, wanted: str, what: str, problems: Problems) -> None:
    problems.error(
        "template/wrong-type",
        f"{_called(what)} must be {wanted}, not {_KINDS[node.kind]}",
        node.span,
    )


def _value(node: Node, wanted: str, what: str, problems: Problems) -> None:
    problems.error(
        "template/wrong-type", f"'{what}' must be {wanted}, not '{brief(node.text)}'", node.span
    )
