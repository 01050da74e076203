"""Properties of a resource → the shape of the service's API, which its readers know. Pure."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.document.cloudformation.dynamic import DYNAMIC, secret_of
from cicd.document.node import Entry, Node, NodeKind, ScalarStyle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OTHERWISE: Mapping[str, str] = MappingProxyType(
    {
        "BuildSpec": "buildspec",
        "ECSServices": "ecsServices",
        "Visibility": "projectVisibility",
        "Triggers": "webhook",
    }
)
_TAG_FILTERS = frozenset({"Ec2TagFilters", "OnPremisesInstanceTagFilters"})  # Key, Value, Type
_TAG_SETS: Mapping[str, str] = MappingProxyType(
    {"Ec2TagSet": "Ec2TagGroup", "OnPremisesTagSet": "OnPremisesTagGroup"}
)
# Of the first edition of the reference; the service takes them to this day (unverified).
_FIRST_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        "codepipeline": "CODEPIPELINE",
        "linuxContainer": "LINUX_CONTAINER",
        "no_artifacts": "NO_ARTIFACTS",
        "s3": "S3",
        "windowsContainer": "WINDOWS_CONTAINER",
    }
)


def in_api_shape(properties: Node) -> Node:
    """
    Give properties of CodeBuild's and CodeDeploy's resources as their APIs' calls have them.

    An environment variable whose value is a dynamic reference becomes one that is looked up when
    a build runs: the value then stands in no plan.

    Source: CloudFormation Template Reference, and the API references of the two services.
    """
    if properties.kind is not NodeKind.MAPPING:
        return properties
    entries: dict[str, Entry] = {}
    for entry in properties.entries.values():
        key = _OTHERWISE.get(entry.key) or entry.key[:1].lower() + entry.key[1:]
        value = _shape_of(entry.key)(entry.value)
        if entry.key == "Triggers":
            switch = value.entries.get("webhook")
            if switch is None or switch.value.text.lower() != "true":
                continue
            inner = {name: e for name, e in value.entries.items() if e is not switch}
            value = replace(value, entries=MappingProxyType(inner))
        entries.setdefault(key, replace(entry, key=key, value=value))
    return replace(properties, entries=MappingProxyType(entries))


def _shape_of(key: str) -> Callable[[Node], Node]:
    if key in _TAG_FILTERS:
        return _kept
    if key in _TAG_SETS:
        return _tag_set
    if key == "Type":
        return _type
    return _variables if key == "EnvironmentVariables" else _below


def _type(node: Node) -> Node:
    known = _FIRST_SPELLINGS.get(node.text)
    return replace(node, text=known) if known else node


def _kept(node: Node) -> Node:
    return node


def _below(node: Node) -> Node:
    if node.kind is NodeKind.SEQUENCE:
        return replace(node, items=tuple(map(_below, node.items)))
    return in_api_shape(node)


def _variables(node: Node) -> Node:
    return replace(node, items=tuple(_variable(_below(item)) for item in node.items))


def _variable(variable: Node) -> Node:
    value, kind = variable.entries.get("value"), variable.entries.get("type")
    found = DYNAMIC.fullmatch(value.value.text) if value is not None else None
    if value is None or found is None or (kind is not None and kind.value.text != "PLAINTEXT"):
        return variable
    service, reference = found.groups()
    if service == "secretsmanager":
        kind_text, text = "SECRETS_MANAGER", secret_of(reference)
    else:
        kind_text, text = "PARAMETER_STORE", reference
    entries = {
        **variable.entries,
        "value": replace(value, value=_text(text, value.value)),
        "type": Entry(key="type", key_span=value.key_span, value=_text(kind_text, value.value)),
    }
    return replace(variable, entries=MappingProxyType(entries))


def _tag_set(node: Node) -> Node:
    """Give ``{…List: [{…Group: [filter]}]}`` as ``{…List: [[filter]]}``."""
    entries = {}
    for entry in node.entries.values():
        groups = tuple(
            next((e.value for key, e in item.entries.items() if key in _TAG_SETS.values()), item)
            for item in entry.value.items
        )
        key = entry.key[:1].lower() + entry.key[1:]
        entries[key] = replace(entry, key=key, value=replace(entry.value, items=groups))
    return replace(node, entries=MappingProxyType(entries))


def _text(text: str, at: Node) -> Node:
    return Node(kind=NodeKind.SCALAR, span=at.span, text=text, style=ScalarStyle.QUOTED)
