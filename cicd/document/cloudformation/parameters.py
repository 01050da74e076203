"""Parameters of a template: the values that are given, the defaults, and what may be given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Final

from cicd.document.cloudformation.template import text_of
from cicd.document.cloudformation.values import list_node, text_node, unresolved
from cicd.document.node import Node, NodeKind
from cicd.errors import UsageError
from cicd.expression import ExpressionFault, matches
from cicd.nearest import closest
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.document.cloudformation.template import Template

HIDDEN: Final = "****"
"""What stands for a value that nobody may see."""

_LIST_TYPES = ("CommaDelimitedList", "List<")
_STORED = "AWS::SSM::Parameter::Value"
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a user says of a template: values of its parameters, and of what it imports."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    imports: Mapping[str, str] = field(default_factory=dict)  # by the name of the export


def parameter_value(name: str, declared: Node, given: Given, node: Node) -> Node:
    """
    Give the value of a parameter, where ``node`` asks for it.

    Local rule: what nobody may see (``NoEcho``) goes into no plan and no message, and so is not
    known; of a parameter that names one of Parameter Store, only the name is known.
    """
    text = text_given(name, declared, given)
    if text is None or is_hidden(declared):
        return unresolved(name, node)
    kind = text_of(declared, "Type")
    if kind.startswith(_STORED):
        return unresolved(name, node)
    if kind.startswith(_LIST_TYPES):
        items = tuple(text_node(item.strip(), node) for item in text.split(","))
        return list_node(items, node)
    return text_node(text, node)


def is_hidden(declared: Node) -> bool:
    """Tell whether a parameter's value is one that nobody may see: ``NoEcho``."""
    return text_of(declared, "NoEcho").lower() == "true"


def masked(template: Template, parameters: Mapping[str, str]) -> dict[str, str]:
    """
    Give parameters as they may be written down: those with ``NoEcho`` are ``****``.

    Source: CloudFormation User Guide, "Parameters", NoEcho.
    """
    declared = template.parameters
    return {
        name: HIDDEN if name in declared and is_hidden(declared[name].value) else text
        for name, text in parameters.items()
    }


def text_given(name: str, declared: Node, given: Given) -> str | None:
    """Give the text of a parameter: as given, else its default; ``None``: it has none."""
    if name in given.parameters:
        return given.parameters[name]
    default = declared.entries.get("Default")
    if default is None or default.value.kind is not NodeKind.SCALAR:
        return None
    return default.value.text


def check_given(template: Template, parameters: Mapping[str, str], *, whole: bool) -> None:
    """
    Refuse values that the template does not take.

    Args:
        template: It.
        parameters: Values by name.
        whole: Whether every parameter needs a value, as when a stack is made.

    Raises:
        UsageError: One is not declared, not allowed, or missing.

    Source: CloudFormation User Guide, "Parameters"; the service's ValidationError.

    """
    declared = template.parameters
    for name in parameters:
        if name not in declared:
            near = closest(name, declared)
            raise UsageError(
                f"the template has no parameter '{name}'",
                hint=f"did you mean '{near}'?"
                if near
                else f"it has {', '.join(declared)}"
                if declared
                else "it has none",
            )
        node, text = declared[name].value, parameters[name]
        if text == HIDDEN and is_hidden(node):
            continue  # it was judged when it was given, and is the same
        refusal = not_allowed(node, text) or _badly_written(node, text)
        if refusal is not None:
            raise UsageError(f"the parameter '{name}' {refusal}")
    given = Given(parameters=parameters)
    missing = [n for n, e in declared.items() if text_given(n, e.value, given) is None]
    if whole and missing:
        raise UsageError(
            f"Parameters: [{', '.join(missing)}] must have values",
            hint=" ".join(f"--parameter {name}=VALUE" for name in missing),
        )


def not_allowed(node: Node, text: str) -> str | None:
    """
    Say why a parameter cannot have a value, after its name; ``None``: it can.

    Its ``AllowedPattern`` is not looked at. Nothing of a ``NoEcho`` value is repeated.
    """
    kind = text_of(node, "Type")
    shown = _shown(node, text)
    values = [text] if not kind.startswith(_LIST_TYPES) else [t.strip() for t in text.split(",")]
    allowed = node.entries.get("AllowedValues")
    if allowed is not None and allowed.value.kind is NodeKind.SEQUENCE:
        known = [item.text for item in allowed.value.items]
        if any(value not in known for value in values):
            return f"cannot be {shown}: it is one of {', '.join(known)}"
    if kind == "Number" and not _NUMBER.fullmatch(text):
        return f"is a number, not {shown}"
    if kind == "Number":
        return _out_of_range(node, float(text), shown)
    least, most = (_number(text_of(node, key)) for key in ("MinLength", "MaxLength"))
    if (least is not None and len(text) < least) or (most is not None and len(text) > most):
        return f"cannot be {shown}: its length is {_range(least, most)}"
    return None


def _out_of_range(node: Node, number: float, shown: str) -> str | None:
    least, most = (_number(text_of(node, key)) for key in ("MinValue", "MaxValue"))
    if (least is not None and number < least) or (most is not None and number > most):
        return f"cannot be {shown}: {_range(least, most)}"
    return None


def _badly_written(node: Node, text: str) -> str | None:
    pattern = text_of(node, "AllowedPattern")
    try:
        fits = not pattern or matches(pattern, text, whole=True)
    except ExpressionFault:  # a pattern of Java's that is unknown here, or one without an end
        return None
    if fits:
        return None
    said = text_of(node, "ConstraintDescription") or f"it must match {pattern}"
    return f"cannot be {_shown(node, text)}: {said}"


def _shown(node: Node, text: str) -> str:
    return "its value" if is_hidden(node) else f"'{text}'"


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _range(least: float | None, most: float | None) -> str:
    if least is None:
        return f"{most:g} at most"
    return f"{least:g} at least" if most is None else f"{least:g} to {most:g}"
