"""Pipelines of a CloudFormation template, in the API's shape, checked as any other."""

from __future__ import annotations

import json
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.document.cloudformation.checks.judged import add_judged
from cicd.document.cloudformation.checks.written import check_written
from cicd.document.cloudformation.intrinsics import call_of
from cicd.document.cloudformation.names import REFERRED_BY_ID
from cicd.document.cloudformation.resolve import Resolver
from cicd.document.cloudformation.template import read_template
from cicd.document.cloudformation.values import UNRESOLVED, unknown_values
from cicd.document.node import Entry, Node, NodeKind, ScalarStyle
from cicd.document.position import brief
from cicd.document.problem import Problems
from cicd.nearest import closest
from cicd.pipeline.definition import check_declaration
from cicd.pipeline.envelope import PIPELINE_RESOURCE, in_api_spelling
from cicd.pipeline.unknown_value import placeholder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.document.cloudformation.parameters import Given
    from cicd.document.cloudformation.template import Template
    from cicd.pipeline.spec import PipelineDeclaration

_BESIDE = frozenset({"tags", "restartExecutionOnUpdate", "disableInboundStageTransitions"})


def check_template(
    node: Node, given: Given, problems: Problems
) -> tuple[PipelineDeclaration, ...]:
    """
    Read every pipeline of a template, and note all that is wrong with it and with them.

    What hangs on a value that is not known here is not judged.

    Raises:
        DocumentError: Something in the template refers to itself, or it resolves to too much.

    """
    template = read_template(node)
    check_written(template, problems)
    return read_pipelines(template, Resolver(template, given), problems)


def read_pipelines(
    template: Template, resolver: Resolver, problems: Problems
) -> tuple[PipelineDeclaration, ...]:
    """Read the pipelines of a template that was checked as it is written."""
    specs = []
    for logical_id, resource in template.resources.items():
        if template.type_of(logical_id) != PIPELINE_RESOURCE or not resolver.is_wanted(logical_id):
            continue
        properties = template.properties(logical_id)
        if properties is not None:
            _check_repositories(properties, template, problems)
        given = resolver.value(properties) if properties is not None else None
        if given is None or given.kind is not NodeKind.MAPPING:
            continue  # told as what it is: a resource without properties
        declaration = _declaration(given, resolver.name_of(logical_id), resource)
        found = Problems()
        spec = check_declaration(declaration, found)
        unknown = {value.span for value in unknown_values(declaration)}
        add_judged(found, resource, unknown, problems)
        specs.append(replace(spec, disabled=_disabled(given, spec, problems)))
    return tuple(specs)


def _disabled(
    properties: Node, spec: PipelineDeclaration, problems: Problems
) -> Mapping[str, str]:
    """
    Give the stages into which nobody is let until their transition is enabled, and why.

    Source: CloudFormation Template Reference, "DisableInboundStageTransitions".
    """
    entry = in_api_spelling(properties).entries.get("disableInboundStageTransitions")
    names, found = [stage.name for stage in spec.stages], {}
    for item in entry.value.items if entry else ():
        stage, reason = item.entries.get("stageName"), item.entries.get("reason")
        if stage is None or reason is None or stage.value.tag == UNRESOLVED:
            continue
        if stage.value.text in names:
            found[stage.value.text] = reason.value.text
            continue
        near = closest(stage.value.text, names)
        problems.error(
            "pipeline/disabled-stage",
            f"the pipeline has no stage '{brief(stage.value.text)}'",
            stage.value.span,
            hint=f"did you mean '{near}'?" if near else f"its stages are {', '.join(names)}",
        )
    return MappingProxyType(found)


def _check_repositories(node: Node, template: Template, problems: Problems) -> None:
    """Note where the id of a repository is given for its name, so that no source would find it."""
    for entry in node.entries.values():
        call = call_of(entry.value) if entry.key == "RepositoryName" else None
        meant = call.argument.text if call is not None and call.name == "Ref" else ""
        if meant in template.resources and template.type_of(meant) in REFERRED_BY_ID:
            problems.warning(
                "pipeline/repository-id",
                f"Ref of the repository '{meant}' gives its id, and a source wants its name",
                entry.value.span,
                hint=f"write !GetAtt {meant}.Name",
            )
        _check_repositories(entry.value, template, problems)
    for item in node.items:
        _check_repositories(item, template, problems)


def _declaration(properties: Node, name: Node, resource: Entry) -> Node:
    """
    Give a resource's properties in the API's shape.

    Source: CloudFormation Template Reference, "AWS::CodePipeline::Pipeline".
    """
    entries = {
        key: replace(entry, value=_shaped(key, entry.value))
        for key, entry in in_api_spelling(properties).entries.items()
        if key not in _BESIDE
    }
    named = entries.get("name")
    entries["name"] = Entry(
        key="name", key_span=named.key_span if named else resource.key_span, value=name
    )
    return replace(properties, entries=MappingProxyType(entries))


def _shaped(key: str, value: Node) -> Node:
    if key == "configuration":
        texts = {k: replace(e, value=_as_text(e.value)) for k, e in value.entries.items()}
        return replace(value, entries=MappingProxyType(texts))
    if key == "artifactStores" and value.kind is NodeKind.SEQUENCE:
        return _stores(value)
    if value.kind is NodeKind.SCALAR and value.tag != UNRESOLVED:
        if key == "version":
            return replace(value, style=ScalarStyle.QUOTED)
        if key in ("runOrder", "timeoutInMinutes") and value.text.isdecimal():
            return replace(value, style=ScalarStyle.PLAIN)
    if value.kind is NodeKind.SEQUENCE:
        return replace(value, items=tuple(_shaped("", item) for item in value.items))
    return replace(
        value,
        entries=MappingProxyType(
            {k: replace(e, value=_shaped(k, e.value)) for k, e in value.entries.items()}
        ),
    )


def _as_text(value: Node) -> Node:
    """Give a value of a configuration as the text that CloudFormation sends."""
    if value.kind is not NodeKind.SCALAR:
        return Node(
            kind=NodeKind.SCALAR,
            span=value.span,
            text=json.dumps(value.plain()),
            style=ScalarStyle.QUOTED,
        )
    if value.tag == UNRESOLVED:
        return replace(value, text=placeholder(value.text))
    return replace(value, style=ScalarStyle.QUOTED)


def _stores(listed: Node) -> Node:
    """Give the list of ``{Region, ArtifactStore}`` as the API's map."""
    entries: dict[str, Entry] = {}
    for item in listed.items:
        region, store = item.entries.get("region"), item.entries.get("artifactStore")
        if region is not None and store is not None:
            entries[region.value.text] = Entry(
                key=region.value.text,
                key_span=region.value.span,
                value=in_api_spelling(store.value),
            )
    return Node(kind=NodeKind.MAPPING, span=listed.span, entries=MappingProxyType(entries))
