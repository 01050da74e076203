"""Tags of a YAML document that mean nothing there, and take a word of the value with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.fix import quoted
from cicd.document.node import NodeKind
from cicd.document.position import brief

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.document.problem import Problems

_CLOUDFORMATION = frozenset({"!Ref", "!Sub", "!GetAtt", "!Join", "!If", "!ImportValue", "!Select"})


def check_tags(node: Node, problems: Problems) -> None:
    """
    Note the tags of a document's own making: ``- !make all`` is the text "all".

    Source: YAML 1.2.2, "Node Tags".
    """
    for each in _tagged(node):
        scalar = each.kind is NodeKind.SCALAR
        foreign = each.tag.split(".")[0] in _CLOUDFORMATION
        written = each.span.text
        problems.warning(
            "document/tag",
            f"'{brief(each.tag)}' is a tag to YAML, and no part of the value '{brief(each.text)}'"
            if scalar
            else f"the tag '{brief(each.tag)}' means nothing here",
            each.span.within(each.tag),
            hint="CloudFormation's functions are for templates"
            if foreign
            else f"write {quoted(written)}, in quotes"
            if scalar and "\n" not in written
            else None,
        )


def _tagged(node: Node) -> list[Node]:
    found, waiting = [], [node]
    while waiting:
        each = waiting.pop()
        if each.tag.startswith("!") and not each.tag.startswith(("!!", "!ruby/")):
            found.append(each)
        waiting += each.items
        waiting += [entry.value for entry in each.entries.values()]
    return found
