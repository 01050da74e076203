"""
Resources of a template as the sections of ``cicd.yml``: projects, applications with groups.

Functions and state machines are sections of templates only, with their properties as they are
written there.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.document.cloudformation.inline import inline_document
from cicd.document.cloudformation.spelling import in_api_shape
from cicd.document.cloudformation.values import list_node, text_node
from cicd.document.node import Entry, Node, NodeKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cicd.document.cloudformation.resolve import Resolver
    from cicd.document.cloudformation.template import Template

PROJECT = "AWS::CodeBuild::Project"
APPLICATION = "AWS::CodeDeploy::Application"
GROUP = "AWS::CodeDeploy::DeploymentGroup"
CONFIG = "AWS::CodeDeploy::DeploymentConfig"
FUNCTION = "AWS::Lambda::Function"
STATE_MACHINE = "AWS::StepFunctions::StateMachine"
_AS_WRITTEN = frozenset({FUNCTION, STATE_MACHINE})


def sections_of(template: Template, resolver: Resolver) -> Mapping[str, Mapping[str, Node]]:
    """
    Give "projects", "applications" and "deploymentConfigs" by name, in the APIs' shapes; and
    "functions" and "stateMachines".

    Resources whose conditions are not met are left out. An application that is named by a group
    only is one, too.

    Raises:
        DocumentError: Something refers to itself, or is too large.

    """
    projects = dict(_made(PROJECT, "name", template, resolver))
    configs = dict(_made(CONFIG, "deploymentConfigName", template, resolver))
    applications = dict(_made(APPLICATION, "applicationName", template, resolver))
    groups: dict[str, list[Node]] = {}
    for _, group in _made(GROUP, "deploymentGroupName", template, resolver):
        owner = group.entries.get("applicationName")
        if owner is not None and owner.value.text:
            groups.setdefault(owner.value.text, []).append(group)
    for name, listed in groups.items():
        applications[name] = _with_groups(applications.get(name), name, listed)
    return MappingProxyType(
        {
            "projects": projects,
            "applications": applications,
            "deploymentConfigs": configs,
            "functions": dict(_made(FUNCTION, "FunctionName", template, resolver)),
            "stateMachines": dict(_made(STATE_MACHINE, "StateMachineName", template, resolver)),
        }
    )


def names_of(kind: str, template: Template, resolver: Resolver) -> Mapping[str, str]:
    """Give the resources of a type that are made: logical id → name."""
    return {
        logical_id: resolver.name_of(logical_id).text
        for logical_id in template.resources
        if template.type_of(logical_id) == kind and resolver.is_wanted(logical_id)
    }


def _made(
    kind: str, key: str, template: Template, resolver: Resolver
) -> Iterator[tuple[str, Node]]:
    """Give the resources of a type, by name, with that name in them."""
    for logical_id, resource in template.resources.items():
        if template.type_of(logical_id) != kind or not resolver.is_wanted(logical_id):
            continue
        properties = template.properties(logical_id)
        value = resolver.value(properties) if properties is not None else None
        if value is None or value.kind is not NodeKind.MAPPING:
            # Without properties it still has a name.
            value = Node(kind=NodeKind.MAPPING, span=resource.value.span)
        if kind == PROJECT and properties is not None:
            value = _with_documents(value, properties, resolver)
        name = resolver.name_of(logical_id)
        node = value if kind in _AS_WRITTEN else in_api_shape(value)
        named = node.entries.get(key)
        entry = Entry(key=key, key_span=named.key_span if named else resource.key_span, value=name)
        yield name.text, replace(node, entries=MappingProxyType({**node.entries, key: entry}))


def _with_documents(value: Node, written: Node, resolver: Resolver) -> Node:
    """Put the inline buildspec of a project where it stands."""
    source, as_written = value.entries.get("Source"), written.entries.get("Source")
    if source is None or as_written is None:
        return value
    given = as_written.value.entries.get("BuildSpec")
    document = inline_document(given.value, resolver) if given is not None else None
    if given is None or document is None or "BuildSpec" not in source.value.entries:
        return value
    inner = {**source.value.entries, "BuildSpec": replace(given, value=document)}
    changed = replace(source, value=replace(source.value, entries=MappingProxyType(inner)))
    return replace(value, entries=MappingProxyType({**value.entries, "Source": changed}))


def _with_groups(application: Node | None, name: str, groups: list[Node]) -> Node:
    at = groups[0]
    listed = list_node(tuple(groups), at)
    entries = {} if application is None else dict(application.entries)
    if not entries:
        named = at.entries["applicationName"]
        entries["applicationName"] = replace(named, value=text_node(name, named.value))
    span = at.entries["applicationName"].key_span
    entries["deploymentGroups"] = Entry(key="deploymentGroups", key_span=span, value=listed)
    whole = application or replace(at, entries=MappingProxyType({}))
    return replace(whole, entries=MappingProxyType(entries))
