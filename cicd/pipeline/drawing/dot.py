"""A pipeline in DOT, Graphviz's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.pipeline.compile import execution_graph
from cicd.pipeline.drawing.artifact_edges import handed_on
from cicd.pipeline.drawing.text import sign
from cicd.pipeline.result import ActionStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.pipeline.drawing.seen import Seen
    from cicd.pipeline.spec import PipelineDeclaration

_COLOURS = {
    ActionStatus.SUCCEEDED: ("#d5f5d5", "#2a7a2a"),
    ActionStatus.FAILED: ("#f9d6d5", "#a32a26"),
    ActionStatus.IN_PROGRESS: ("#d6e6fa", "#2a5aa3"),
    ActionStatus.ABANDONED: ("#e6e6e6", "#777777"),
}


def as_dot(spec: PipelineDeclaration, seen: Mapping[str, Seen]) -> str:
    """Draw a digraph: a cluster a stage, a heavy edge where an artifact is handed on."""
    graph = execution_graph(spec)
    lines = [
        f"digraph {_quoted(spec.name)} {{",
        "  rankdir=LR;",
        '  node [shape=box, style="rounded,filled", fillcolor=white, fontname="Helvetica"];',
        '  edge [fontname="Helvetica", fontsize=10];',
    ]
    for number, stage in enumerate(spec.stages):
        lines.append(f"  subgraph cluster_{number} {{")
        lines.append(f"    label={_quoted(stage.name)};")
        lines.append('    style=rounded; color=gray60; fontname="Helvetica-Bold";')
        for action in stage.actions:
            key = f"{stage.name}/{action.name}"
            known = seen.get(key)
            label = [f"{sign(known)}{action.name}", action.type_id.provider]
            colours = ""
            if known is not None:
                label.append(known.words)
                fill, stroke = _COLOURS[known.status]
                colours = f', fillcolor="{fill}", color="{stroke}"'
            lines.append(f"    {_quoted(key)} [label={_quoted(*label)}{colours}];")
        lines.append("  }")
    handed = dict(handed_on(spec))
    for before in graph.order():
        for after in graph.successors(before):
            names = handed.get((before, after))
            look = "color=gray70"
            if names:
                look = f"label={_quoted(', '.join(names))}, penwidth=2"
            lines.append(f"  {_quoted(before)} -> {_quoted(after)} [{look}];")
    lines.append("}")
    return "\n".join(lines)


def _quoted(*lines: str) -> str:
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'
