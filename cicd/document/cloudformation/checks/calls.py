"""Intrinsic functions that there are not, or that are given what they do not take. Pure."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.document.node import Node, NodeKind
from cicd.document.position import brief
from cicd.nearest import closest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.document.cloudformation.intrinsics import Call
    from cicd.document.position import Span
    from cicd.document.problem import Problems

_LISTS: Mapping[str, tuple[int, int, str]] = MappingProxyType(
    {
        "Fn::And": (2, 10, "2 to 10 conditions"),
        "Fn::Cidr": (2, 3, "a block, a count, and the bits for hosts"),
        "Fn::Equals": (2, 2, "two values"),
        "Fn::FindInMap": (3, 4, "a map and two keys"),
        "Fn::If": (3, 3, "a condition and two values"),
        "Fn::Join": (2, 2, "a delimiter and a list"),
        "Fn::Not": (1, 1, "one condition"),
        "Fn::Or": (2, 10, "2 to 10 conditions"),
        "Fn::Select": (2, 2, "an index and a list"),
        "Fn::Split": (2, 2, "a delimiter and a text"),
    }
)
_OTHERS = (
    *("Ref", "Condition", "Fn::Base64", "Fn::GetAZs", "Fn::GetAtt", "Fn::ImportValue"),
    *("Fn::Length", "Fn::Sub", "Fn::ToJsonString", "Fn::Transform"),
    *("Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn", "Fn::RefAll"),
    *("Fn::ValueOf", "Fn::ValueOfAll", "Fn::ForEach", "Fn::GetStackOutput"),
)
_KNOWN = (*_LISTS, *_OTHERS)


def check_call(call: Call, problems: Problems) -> None:
    """
    Note a function that CloudFormation does not have, or whose arguments are not its own.

    Source: CloudFormation User Guide, "Intrinsic function reference".
    """
    name, argument, span = call.name, call.argument, call.span
    if name.startswith("Fn::ForEach::"):
        return
    if name not in _KNOWN:
        near = closest(name, _KNOWN)
        problems.error(
            "template/function",
            f"there is no function '{brief(name)}'",
            span,
            hint=f"did you mean '{near}'?" if near else None,
        )
    elif name in _LISTS:
        least, most, words = _LISTS[name]
        given = len(argument.items)
        if argument.kind is not NodeKind.SEQUENCE or not least <= given <= most:
            _refuse(name, words, argument, span, problems)
    elif name == "Fn::Sub":
        text = argument.items[0] if argument.items else argument
        pair = argument.kind is NodeKind.SEQUENCE and len(argument.items) != 2
        if text.kind is not NodeKind.SCALAR or pair:
            _refuse(
                name, "a text, or a list of a text and its variables", argument, span, problems
            )
    elif name in ("Ref", "Condition") and argument.kind is not NodeKind.SCALAR:
        _refuse(name, "a name", argument, span, problems)
    elif name == "Fn::GetAtt":
        whole = argument.kind is NodeKind.SCALAR and "." in argument.text.strip(".")
        pair = argument.kind is NodeKind.SEQUENCE and len(argument.items) == 2
        if not whole and not pair:
            _refuse(name, "a resource and its attribute", argument, span, problems)


def _refuse(name: str, words: str, argument: Node, span: Span, problems: Problems) -> None:
    given = f"{len(argument.items)} values" if argument.items else "something else"
    problems.error("template/function", f"'{name}' takes {words}, not {given}", span)
