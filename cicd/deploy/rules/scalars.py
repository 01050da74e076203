"""Scalars of an AppSpec that the agent's YAML refuses, though ours would read them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cicd.deploy.appspec.findings import value
from cicd.deploy.spec import is_string
from cicd.document.fix import Fix
from cicd.document.node import NodeKind, ScalarStyle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.node import Node
    from cicd.document.problem import Problems

_DATE: Final = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[Tt ].*)?")


def check_scalars(node: Node, problems: Problems) -> None:
    """
    Note dates and objects, which the agent's safe YAML does not load; and owners that are numbers.

    Source: the agent's behaviour: only maps, lists, strings, numbers, booleans and null.
    """
    for scalar in _scalars(node):
        if scalar.style is ScalarStyle.PLAIN and not scalar.tag and _DATE.fullmatch(scalar.text):
            problems.error(
                "deploy/unquoted-date",
                f"'{scalar.text}' is a date to YAML, which the agent does not load",
                scalar.span,
                hint=f'write "{scalar.text}", in quotes',
                note="Tried to load unspecified class: Date",
                fix=Fix.text(scalar.span, f'"{scalar.text}"'),
            )
        elif scalar.tag.startswith("!ruby/"):
            problems.error(
                "deploy/object-tag",
                f"'{scalar.tag}' makes an object, which the agent does not load",
                scalar.span,
                hint="remove the tag",
                note="Tried to load unspecified class: Object",
            )
    permissions = value(node, "permissions")
    for item in permissions.items if permissions is not None else ():
        for key in ("owner", "group"):
            name = value(item, key)
            if name is not None and name.kind is NodeKind.SCALAR and not is_string(name):
                problems.warning(
                    "deploy/owner-name",
                    f"the {key} '{name.text}' is a number, and the agent takes names",
                    name.span,
                    hint="write its name, such as root",
                    note="Install breaks off there, after it has changed the mode",
                )


def _scalars(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if each.kind is NodeKind.SCALAR:
            yield each
        waiting += each.items
        waiting += [entry.value for entry in each.entries.values()]
