"""A declaration in the shape of GetPipeline's answer, however it was written. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.document.node import Node, NodeKind
from cicd.pipeline.action_type import find_action_type
from cicd.pipeline.compile import MASKED

if TYPE_CHECKING:
    from cicd.event import JSON
    from cicd.pipeline.spec import ActionDeclaration, PipelineDeclaration

_NUMBERS: Final = frozenset({"runOrder", "timeoutInMinutes"})
_OURS: Final = "local"


def declared(spec: PipelineDeclaration) -> dict[str, JSON]:
    """
    Give PipelineDeclaration, secrets masked.

    Source: CodePipeline API Reference, "PipelineDeclaration".
    """
    shape = _mapping(spec.node)
    shape["stages"] = [
        {
            **_mapping(stage.node),
            "actions": [_action(action) for action in stage.actions],
        }
        for stage in spec.stages
    ]
    return {
        **shape,
        "name": spec.name,
        "version": spec.version,
        "pipelineType": spec.pipeline_type.value,
        "executionMode": spec.execution_mode.value,
    }


def _action(action: ActionDeclaration) -> JSON:
    kind = find_action_type(action.type_id)
    masked = kind.masked if kind else ()
    return {
        "inputArtifacts": [],
        "outputArtifacts": [],
        **_mapping(action.node),
        "runOrder": action.run_order,
        "configuration": {
            key: MASKED if key in masked else value for key, value in action.configuration.items()
        },
    }


def _mapping(node: Node) -> dict[str, JSON]:
    return {
        key: _value(key, entry.value)
        for key, entry in node.entries.items()
        if key != _OURS and not entry.value.is_null
    }


def _value(key: str, node: Node) -> JSON:
    match node.kind:
        case NodeKind.MAPPING:
            return _mapping(node)
        case NodeKind.SEQUENCE:
            return [_value(key, item) for item in node.items]
        case NodeKind.SCALAR:
            number = key in _NUMBERS and node.text.isdecimal()
            return int(node.text) if number else node.text
