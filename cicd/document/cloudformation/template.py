"""A CloudFormation template: its sections and resources, before anything is resolved."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cicd.document.node import Entry, Node, NodeKind
from cicd.record import dataclass

_NONE: Mapping[str, Entry] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """The sections of a template, each by name; those that are not mappings are empty."""

    node: Node
    parameters: Mapping[str, Entry]
    mappings: Mapping[str, Entry]
    conditions: Mapping[str, Entry]
    resources: Mapping[str, Entry]
    transformed: bool  # macros may add what is not written

    def type_of(self, logical_id: str) -> str:
        """Give a resource's type; "" for one that has none."""
        return text_of(self.resources[logical_id].value, "Type")

    def properties(self, logical_id: str) -> Node | None:
        """Give a resource's properties, as written."""
        entry = self.resources[logical_id].value.entries.get("Properties")
        return entry.value if entry is not None else None


def read_template(node: Node) -> Template:
    """Take a template apart."""
    return Template(
        node=node,
        parameters=_section(node, "Parameters"),
        mappings=_section(node, "Mappings"),
        conditions=_section(node, "Conditions"),
        resources=_section(node, "Resources"),
        transformed="Transform" in node.entries or "Fn::Transform" in node.entries,
    )


def is_template(node: Node) -> bool:
    """Tell whether a document is a template: it says so, or its resources have such types."""
    if node.kind is not NodeKind.MAPPING:
        return False
    if "AWSTemplateFormatVersion" in node.entries:
        return True
    return any("::" in text_of(e.value, "Type") for e in _section(node, "Resources").values())


def text_of(node: Node, key: str) -> str:
    """Give a scalar of a mapping; "" where there is none, or an intrinsic function."""
    entry = node.entries.get(key)
    if entry is None or entry.value.kind is not NodeKind.SCALAR or entry.value.tag:
        return ""
    return entry.value.text


def _section(node: Node, name: str) -> Mapping[str, Entry]:
    entry = node.entries.get(name)
    return entry.value.entries if entry is not None else _NONE
