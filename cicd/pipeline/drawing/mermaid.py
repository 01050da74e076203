"""A pipeline as a Mermaid flowchart."""

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


def as_mermaid(spec: PipelineDeclaration, seen: Mapping[str, Seen]) -> str:
    """Draw a Mermaid flowchart: a box a stage, a thick arrow where an artifact is handed on."""
    graph = execution_graph(spec)
    ids = {name: f"a{number}" for number, name in enumerate(graph.order())}
    lines = ["flowchart LR"]
    for number, stage in enumerate(spec.stages):
        lines.append(f'  subgraph s{number}["{_plain(stage.name)}"]')
        for action in stage.actions:
            name = f"{stage.name}/{action.name}"
            took = f"<br/>{seen[name].words}" if name in seen else ""
            provider = _plain(action.type_id.provider)
            label = f"{sign(seen.get(name))}{_plain(action.name)}<br/>{provider}{took}"
            lines.append(f'    {ids[name]}["{label}"]')
        lines.append("  end")
    handed = {edge: _plain(", ".join(names)) for edge, names in handed_on(spec)}
    for before in graph.order():
        for after in graph.successors(before):
            artifacts = handed.get((before, after))
            arrow = f"==>|{artifacts}|" if artifacts else "-->"
            lines.append(f"  {ids[before]} {arrow} {ids[after]}")
    for status in ActionStatus:
        marked = [ids[name] for name, known in seen.items() if known.status is status]
        if marked:
            lines.append(f"  class {','.join(marked)} {status}")
            lines.append(f"  classDef {status} {_COLOURS[status]}")
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Write what could mean more than itself by its number: a template's names are any text."""
    words = " ".join(text.split())
    return "".join(c if c.isalnum() or c in " ._-@/:," else f"#{ord(c)};" for c in words)


_COLOURS = {
    ActionStatus.SUCCEEDED: "fill:#d5f5d5,stroke:#2a7a2a",
    ActionStatus.FAILED: "fill:#f9d6d5,stroke:#a32a26",
    ActionStatus.IN_PROGRESS: "fill:#d6e6fa,stroke:#2a5aa3",
    ActionStatus.ABANDONED: "fill:#e6e6e6,stroke:#777777",
}
