"""The tags of a pipeline, which stand beside its declaration, in either form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.cloudformation.local import given_to
from cicd.document.cloudformation.resolve import Resolver
from cicd.document.cloudformation.template import read_template
from cicd.document.resources import Resources
from cicd.errors import CicdError
from cicd.pipeline.definition import every_definition, template_pipelines
from cicd.pipeline.envelope import in_api_spelling
from cicd.pipeline.from_template import inspect, is_from_template

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.document.node import Node
    from cicd.pipeline.definition import Definition


def tags_of(name: str, directory: Path) -> list[dict[str, str]] | None:
    """
    Give a pipeline's tags, each with "key" and "value"; None: no document here describes it.

    Source: CodePipeline API Reference, "CreatePipeline"; CloudFormation, "Tags" of a pipeline.

    Raises:
        DocumentError: One of the documents is not YAML or JSON, or ``cicd.yml`` is wrong.

    """
    resources = Resources.load(directory)
    for definition in every_definition(resources, directory):
        try:
            specs = inspect(definition, {}, resources)
        except CicdError:  # it has none, as far as anybody knows
            continue
        if name in (spec.name for spec in specs):
            listed = _listed(definition, name, resources)
            return [_tag(each) for each in (listed.items if listed is not None else ())]
    return None


def _listed(definition: Definition, name: str, resources: Resources) -> Node | None:
    node = definition.node
    if not is_from_template(definition):
        entry = in_api_spelling(node).entries.get("tags")
        return entry.value if entry is not None else None
    template = read_template(node)
    given = given_to(template, {}, resources)
    for logical_id, called in template_pipelines(node, given).items():
        properties = template.properties(logical_id)
        if called == name and properties is not None and "Tags" in properties.entries:
            return Resolver(template, given).value(properties.entries["Tags"].value)
    return None


def _tag(node: Node) -> dict[str, str]:
    entries = in_api_spelling(node).entries
    return {key: entries[key].value.text for key in ("key", "value") if key in entries}
