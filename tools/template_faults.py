"""Single faults that people make in CloudFormation templates, for ``lint_mutants.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lint_mutants import (
    Mutant,
    around,
    bad_indent,
    dropped_from,
    misshapen_at,
    offsets,
    put,
    swapped_letters,
    tab,
    twice,
)

from cicd.document.cloudformation.checks.shapes import shapes
from cicd.document.cloudformation.intrinsics import call_of
from cicd.document.cloudformation.template import read_template
from cicd.document.node import NodeKind

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from lint_mutants import Place

    from cicd.document.cloudformation.checks.shapes import Shape
    from cicd.document.node import Node

_ATTRIBUTES = frozenset({"Type", "Properties", "DependsOn", "Condition"})
_SECTIONS = frozenset({"Parameters", "Conditions", "Resources", "Outputs", "Mappings"})
_WRONG = {
    "Provider": "CodeBild",
    "Category": "Compile",
    "RunOrder": "soon",
    "PrivilegedMode": "perhaps",
    "TimeoutInMinutes": "long",
    "ComputeType": "BUILD_GENERAL1_TINY",
    "DeploymentType": "IN_PLAC",
}
_REFERENCES = ("Ref", "Fn::GetAtt", "Fn::If", "Fn::FindInMap")
_FUNCTIONS = ("Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::If", "Fn::Select")


def shape_at(place: Place, node: Node) -> Shape | None:
    """Give the shape of what is around an entry; ``None``: it is no resource that is read."""
    if place.path[:1] != ("Resources",) or place.path[2:3] != ("Properties",):
        return None
    template = read_template(node)
    if place.path[1] not in template.resources:
        return None
    shape: Shape | None = dict(shapes().get(template.type_of(place.path[1]), {})) or None
    for key in place.path[3:-1]:
        while isinstance(shape, list):
            shape = shape[0]
        if not isinstance(shape, dict):
            return None
        shape = shape.get(key, shape.get(f"{key}*"))
    while isinstance(shape, list):
        shape = shape[0]
    return shape


def misspelt(place: Place, node: Node, dice: random.Random) -> Mutant | None:
    """Two letters of a property, an attribute or a section change places."""
    key, shape = place.entry.key, shape_at(place, node)
    own = isinstance(shape, dict) and ({key, f"{key}*"} & shape.keys())
    attribute = len(place.path) == 3 and place.path[0] == "Resources" and key in _ATTRIBUTES
    section = len(place.path) == 1 and key in _SECTIONS
    slip = swapped_letters(key, dice)
    if slip is None or not (own or attribute or section):
        return None
    span = place.entry.key_span
    return Mutant(
        fault="template: misspelt key",
        text=put(span, span.text.replace(key, slip)),
        lines=frozenset({span.line}),
    )


def dropped(place: Place, node: Node, _: random.Random) -> Mutant | None:
    """A property that is required is not there."""
    shape = shape_at(place, node)
    if not isinstance(shape, dict) or f"{place.entry.key}*" not in shape:
        return None
    found = dropped_from(place)
    if found is None:
        return None
    text, removed = found
    return Mutant(fault="template: missing key", text=text, lines=around(place, removed))


def misshapen(place: Place, node: Node, _: random.Random) -> Mutant | None:
    """A list stands where a mapping should, or the other way."""
    shape, value = shape_at(place, node), place.entry.value
    if not isinstance(shape, dict) or value.kind is NodeKind.SCALAR or call_of(value) is not None:
        return None
    if shape.get(place.entry.key, shape.get(f"{place.entry.key}*")) in (None, "any"):
        return None
    return misshapen_at(place, "template: wrong type")


def other_value(place: Place, node: Node, _: random.Random) -> Mutant | None:
    """A value that is not one of those allowed."""
    wrong, value = _WRONG.get(place.entry.key), place.entry.value
    if wrong is None or not isinstance(shape_at(place, node), dict):
        return None
    if value.kind is not NodeKind.SCALAR or value.tag or not value.text:
        return None
    if place.entry.key == "Provider" and value.text not in ("CodeBuild", "CodeCommit", "S3"):
        return None
    span = value.span
    wrong = f'"{wrong}"' if span.text.startswith('"') else wrong
    return Mutant(
        fault="template: wrong value", text=put(span, wrong), lines=frozenset({span.line})
    )


def dangling(place: Place, _node: Node, _: random.Random) -> Mutant | None:
    """A function names what is not there."""
    value = place.entry.value
    call = call_of(value)
    if call is None or call.name not in _REFERENCES or place.path[:1] != ("Resources",):
        return None
    named = call.argument.items[0] if call.argument.items else call.argument
    if named.kind is not NodeKind.SCALAR or not named.text or named.tag or "::" in named.text:
        return None
    name = named.text.partition(".")[0]
    start, end = offsets(value.span)
    text = value.span.source.text
    at = text.rfind(name, start, end) if call.name == "Ref" else text.find(name, start, end)
    if at < 0:
        return None
    line = 1 + text[:at].count("\n")
    return Mutant(
        fault="template: dangling reference",
        text=f"{text[:at]}{name}Xq{text[at + len(name) :]}",
        lines=frozenset({line, value.span.line}),
    )


def other_function(place: Place, _node: Node, dice: random.Random) -> Mutant | None:
    """The name of a function is misspelt."""
    value = place.entry.value
    call = call_of(value)
    if call is None or call.name not in _FUNCTIONS or place.path[:1] != ("Resources",):
        return None
    short = value.tag[1:]
    start, _end = offsets(value.span)
    text = value.span.source.text
    written = short or call.name
    slip = swapped_letters(written.removeprefix("Fn::"), dice)
    at = text.find(written, start)
    if slip is None or at < 0 or (call.name == "Ref" and not short):
        return None  # {Rfe: x} is a mapping like any other
    slip = slip if short else f"Fn::{slip}"
    line = 1 + text[:at].count("\n")
    return Mutant(
        fault="template: misspelt function",
        text=text[:at] + slip + text[at + len(written) :],
        lines=frozenset({line}),
    )


def unmade_artifact(place: Place, _node: Node, _: random.Random) -> Mutant | None:
    """An input artifact that nothing makes."""
    value = place.entry.value
    if place.path[-2:] != ("InputArtifacts", "Name") or value.kind is not NodeKind.SCALAR:
        return None
    if value.tag or value.span.source is not place.entry.key_span.source:
        return None
    return Mutant(
        fault="template: wrong artifact",
        text=put(value.span, f'"{value.text}X"'),
        lines=frozenset({value.span.line}),
    )


def _of_all(
    fault: Callable[[Place, random.Random], Mutant | None],
) -> Callable[[Place, Node, random.Random], Mutant | None]:
    return lambda place, _, dice: fault(place, dice)


FAULTS = (
    *(misspelt, dropped, misshapen, other_value, dangling, other_function, unmade_artifact),
    *map(_of_all, (bad_indent, tab, twice)),
)


def template_faults(place: Place, node: Node, dice: random.Random) -> Iterator[Mutant]:
    """Make every mutant of a template that one of its entries allows."""
    for fault in FAULTS:
        mutant = fault(place, node, dice)
        if mutant is not None:
            yield mutant
