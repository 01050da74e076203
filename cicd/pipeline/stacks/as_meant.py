"""
A template as its stack means it: its own name, names for what has none, and attributes to come.

What a resource has only once it is made, such as a version's number, stands as a token until
then: so it may be part of any text.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cicd.document.cloudformation.intrinsics import SUBSTITUTED, attribute_of, call_of
from cicd.document.cloudformation.template import text_of
from cicd.document.cloudformation.values import text_node
from cicd.document.node import Entry, Node, NodeKind
from cicd.pipeline.stacks.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cicd.pipeline.stacks.stack import StackResource

REF: Final = "Ref"
"""The attribute that stands for what ``Ref`` gives of a resource."""

_TOKEN: Final = re.compile(r"\{\{made:([A-Za-z0-9]+\.[A-Za-z]+)\}\}")


def of_stack(node: Node, stack: str) -> Node:
    """Give a template in which the stack's name stands, and every resource that exists here
    has a name, which is that of this stack's alone."""
    section = node.entries.get("Resources")
    kinds = {} if section is None else _kinds(section.value)
    meant = _Meant(stack, kinds).of(node)
    section = meant.entries.get("Resources")
    if section is None or section.value.kind is not NodeKind.MAPPING:
        return meant
    resources = {
        key: replace(entry, value=_named(entry.value, stack, key))
        for key, entry in section.value.entries.items()
    }
    inner = replace(section.value, entries=MappingProxyType(resources))
    return replace(
        meant,
        entries=MappingProxyType({**meant.entries, "Resources": replace(section, value=inner)}),
    )


def filled(text: str, resources: Iterable[StackResource]) -> str:
    """Put attributes of what is made in the place of their tokens; others stay."""
    if "{{made:" not in text:
        return text
    known = {
        f"{each.logical_id}.{name}": value
        for each in resources
        for name, value in each.attributes.items()
    }
    return _TOKEN.sub(lambda found: known.get(found[1], found[0]), text)


def waits_for(text: str, logical_id: str) -> bool:
    """Tell whether a text has an attribute of a resource that is known once it is made."""
    return f"{{{{made:{logical_id}." in text


def _kinds(resources: Node) -> Mapping[str, str]:
    return {key: text_of(entry.value, "Type") for key, entry in resources.entries.items()}


class _Meant:
    """Replaces the stack's name, and attributes to come, in all of a template."""

    def __init__(self, stack: str, kinds: Mapping[str, str]) -> None:
        self._stack = stack
        self._late = {
            f"{logical_id}.{attribute}"
            for logical_id, kind in kinds.items()
            if kind in KINDS
            for attribute in KINDS[kind].late
        }

    def of(self, node: Node) -> Node:
        call = call_of(node)
        if call is not None:
            said = self._said(call.name, call.argument)
            if said is not None:
                return text_node(said, node)
            if call.name == "Fn::Sub":
                return self._in_text(node)
        return replace(
            node,
            items=tuple(self.of(item) for item in node.items),
            entries=MappingProxyType(
                {
                    key: replace(entry, value=self.of(entry.value))
                    for key, entry in node.entries.items()
                }
            ),
        )

    def _said(self, name: str, argument: Node) -> str | None:
        if name == "Ref":
            return self._variable(argument.text)
        found = attribute_of(argument) if name == "Fn::GetAtt" else None
        return None if found is None else self._variable(".".join(found))

    def _variable(self, name: str) -> str | None:
        if name == "AWS::StackName":
            return self._stack
        full = name if "." in name else f"{name}.{REF}"
        return f"{{{{made:{full}}}}}" if full in self._late else None

    def _in_text(self, node: Node) -> Node:
        def put(text: str) -> str:
            return SUBSTITUTED.sub(
                lambda found: self._variable(found[1].strip()) or found[0], text
            )

        return replace(
            node,
            text=put(node.text),
            items=tuple(self._in_text(item) for item in node.items),
            entries=MappingProxyType(
                {
                    key: replace(entry, value=self._in_text(entry.value))
                    for key, entry in node.entries.items()
                }
            ),
        )


def _named(resource: Node, stack: str, logical_id: str) -> Node:
    kind = KINDS.get(text_of(resource, "Type"))
    properties = resource.entries.get("Properties")
    given = properties.value.entries if properties is not None else {}
    if kind is None or not kind.named_by or kind.named_by in given:
        return resource
    suffix = hashlib.sha256(f"{stack}/{logical_id}".encode()).hexdigest()[:12]
    made = f"{stack[:24]}-{logical_id[:24]}-{suffix}".lower()
    entry = Entry(key=kind.named_by, key_span=resource.span, value=text_node(made, resource))
    inner = Node(
        kind=NodeKind.MAPPING,
        span=resource.span,
        entries=MappingProxyType({**given, kind.named_by: entry}),
    )
    whole = Entry(
        key="Properties",
        key_span=properties.key_span if properties is not None else resource.span,
        value=inner,
    )
    return replace(resource, entries=MappingProxyType({**resource.entries, "Properties": whole}))
