"""The forms in which a pipeline's declaration comes, all brought to the API's one spelling."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.document.node import Entry, Node, NodeKind
from cicd.document.position import brief
from cicd.document.problem import Label

if TYPE_CHECKING:
    from cicd.document.problem import Problems

PIPELINE_RESOURCE = "AWS::CodePipeline::Pipeline"
_MOST_TAGS = 50
_LENGTHS = {"key": (1, 128), "value": (0, 256)}  # of a tag's parts, in characters


class Form(StrEnum):
    """How a document holds its pipeline."""

    REQUEST = "REQUEST"  # "pipeline" on top: get-pipeline's output, create-pipeline's input
    DECLARATION = "DECLARATION"  # "name" and "stages" on top
    CLOUDFORMATION = "CLOUDFORMATION"  # a template with a pipeline among its resources


def form_of(node: Node) -> Form | None:
    """
    Tell which form a document has; ``None``: it holds no pipeline.

    Keys are recognised with their first letter in either case,
    since AWS's own samples outside CloudFormation are written both ways.
    """
    if node.kind is not NodeKind.MAPPING:
        return None
    keys = {_lower(key) for key in node.entries}
    resources = node.entries.get("Resources")
    if resources is not None and _holds_pipeline(resources.value):
        return Form.CLOUDFORMATION
    if "pipeline" in keys:
        return Form.REQUEST
    if "stages" in keys:
        return Form.DECLARATION
    return None


def declaration_of(node: Node, problems: Problems) -> Node | None:
    """
    Take the declaration out of its envelope, with the API's spelling of its keys.

    ``metadata`` of get-pipeline and ``tags`` of create-pipeline are left behind.
    Notes a problem and gives ``None`` when there is none in it; a template of CloudFormation
    holds none, but makes pipelines (``from_template``).
    """
    form = form_of(node)
    if form is Form.DECLARATION:
        return in_api_spelling(node)
    if form is Form.REQUEST:
        outer = in_api_spelling(node)
        for key, entry in outer.entries.items():
            if key not in ("pipeline", "metadata", "tags"):
                problems.warning(
                    "pipeline/unknown-key",
                    f"'{entry.key}' is not a key of a pipeline document",
                    entry.key_span,
                    note='Unknown parameter in input, must be one of: "pipeline", "tags"',
                )
        if "tags" in outer.entries:
            _check_tags(outer.entries["tags"].value, problems)
        return outer.entries["pipeline"].value
    problems.error(
        "pipeline/not-a-pipeline",
        "this holds no pipeline",
        node.span,
        hint="write 'pipeline:' with 'name' and 'stages' below it",
        note="what aws codepipeline get-pipeline prints can be used as it is",
    )
    return None


def _check_tags(node: Node, problems: Problems) -> None:
    """
    Note tags that create-pipeline refuses.

    Source: CodePipeline API Reference, "Tag": 50 of them, of limited length, and ``aws:`` is the
    service's own.
    """
    seen: dict[str, Node] = {}
    if len(node.items) > _MOST_TAGS:
        problems.error(
            "pipeline/tag",
            f"there are {len(node.items)} tags",
            node.items[_MOST_TAGS].span,
            hint=f"{_MOST_TAGS} at most",
            note="TooManyTagsException: Tag limit exceeded for resource",
        )
    for item in node.items:
        entry = item.entries.get("key")
        if entry is None:
            problems.error("pipeline/tag", "a tag has no 'key'", item.span)
            continue
        key = entry.value
        if key.text.startswith("aws:"):
            problems.error(
                "pipeline/tag",
                f"'{brief(key.text)}' begins with 'aws:', as the service's own tags do",
                key.span,
                hint="choose another key",
                note="InvalidTagsException: Not allowed to modify system tags. System tags start "
                "with 'aws:'. msg=[Caller is an end user and not allowed to mutate system tags]",
            )
        if key.text in seen:
            problems.warning(
                "pipeline/tag",
                f"there are two tags with the key '{brief(key.text)}'",
                key.span,
                labels=(Label(span=seen[key.text].span, text="first written here"),),
            )
        seen.setdefault(key.text, key)
        for part, (least, most) in _LENGTHS.items():
            text = item.entries[part].value if part in item.entries else None
            if text is not None and not least <= len(text.text) <= most:
                problems.error(
                    "pipeline/tag",
                    f"the {part} of a tag has {len(text.text)} characters, not {least} to {most}",
                    text.span,
                    note="ValidationException: Member must have length less than or equal to "
                    f"{most}",
                )


def _holds_pipeline(resources: Node) -> bool:
    if resources.kind is not NodeKind.MAPPING:
        return False
    for entry in resources.entries.values():
        kind = entry.value.entries.get("Type")
        if kind is not None and kind.value.text == PIPELINE_RESOURCE:
            return True
    return False


def in_api_spelling(node: Node) -> Node:
    """Lower the first letter of declared keys; a configuration's own keys are never renamed."""
    if node.kind is NodeKind.SEQUENCE:
        return replace(node, items=tuple(in_api_spelling(item) for item in node.items))
    if node.kind is not NodeKind.MAPPING:
        return node
    entries: dict[str, Entry] = {}
    for entry in node.entries.values():
        key = _lower(entry.key)
        if key == "configuration":
            value = entry.value
        elif key == "artifactStores" and entry.value.kind is NodeKind.MAPPING:
            value = _values_in_api_spelling(entry.value)  # its keys are Regions
        else:
            value = in_api_spelling(entry.value)
        entries.setdefault(key, replace(entry, key=key, value=value))
    return replace(node, entries=MappingProxyType(entries))


def _values_in_api_spelling(node: Node) -> Node:
    entries = {
        key: replace(entry, value=in_api_spelling(entry.value))
        for key, entry in node.entries.items()
    }
    return replace(node, entries=MappingProxyType(entries))


def _lower(key: str) -> str:
    return key[:1].lower() + key[1:]
