"""A pipeline drawn as text or Mermaid, with an execution's statuses if there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.pipeline.compile import execution_graph
from cicd.pipeline.result import ActionStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cicd.pipeline.spec import ActionDeclaration, PipelineDeclaration

SIGNS = {
    ActionStatus.SUCCEEDED: "✓",
    ActionStatus.FAILED: "✗",
    ActionStatus.IN_PROGRESS: "●",
    ActionStatus.ABANDONED: "–",
}


def as_text(spec: PipelineDeclaration, statuses: Mapping[str, ActionStatus]) -> str:
    """
    Draw the stages downwards; actions that run together share a brace.

    What an action takes and makes stands behind it: ``[input] → [output]``.
    """
    lines = [spec.name]
    for stage in spec.stages:
        lines.append(f"  {stage.name}")
        orders = sorted({action.run_order for action in stage.actions})
        for order in orders:
            group = [action for action in stage.actions if action.run_order == order]
            for index, action in enumerate(group):
                lines.append(
                    f"    {_brace(index, len(group))} "
                    f"{_sign(statuses.get(f'{stage.name}/{action.name}'))}{_words(action)}"
                )
    return "\n".join(lines)


def as_mermaid(spec: PipelineDeclaration, statuses: Mapping[str, ActionStatus]) -> str:
    """Draw a Mermaid flowchart: a box a stage, a thick arrow where an artifact is handed on."""
    graph = execution_graph(spec)
    ids = {name: f"a{number}" for number, name in enumerate(graph.order())}
    lines = ["flowchart LR"]
    for number, stage in enumerate(spec.stages):
        lines.append(f'  subgraph s{number}["{stage.name}"]')
        for action in stage.actions:
            name = f"{stage.name}/{action.name}"
            label = f"{_sign(statuses.get(name))}{action.name}<br/>{action.type_id.provider}"
            lines.append(f'    {ids[name]}["{label}"]')
        lines.append("  end")
    handed = dict(_handed_on(spec))
    for before in graph.order():
        for after in graph.successors(before):
            artifacts = handed.get((before, after))
            arrow = f"==>|{artifacts}|" if artifacts else "-->"
            lines.append(f"  {ids[before]} {arrow} {ids[after]}")
    for status in ActionStatus:
        marked = [ids[name] for name, known in statuses.items() if known is status]
        if marked:
            lines.append(f"  class {','.join(marked)} {status}")
            lines.append(f"  classDef {status} {_COLOURS[status]}")
    return "\n".join(lines)


_COLOURS = {
    ActionStatus.SUCCEEDED: "fill:#d5f5d5,stroke:#2a7a2a",
    ActionStatus.FAILED: "fill:#f9d6d5,stroke:#a32a26",
    ActionStatus.IN_PROGRESS: "fill:#d6e6fa,stroke:#2a5aa3",
    ActionStatus.ABANDONED: "fill:#e6e6e6,stroke:#777777",
}


def _handed_on(spec: PipelineDeclaration) -> Iterator[tuple[tuple[str, str], str]]:
    made = {
        output.name: f"{stage.name}/{action.name}"
        for stage in spec.stages
        for action in stage.actions
        for output in action.outputs
    }
    for stage in spec.stages:
        for action in stage.actions:
            by_maker: dict[str, list[str]] = {}
            for taken in action.inputs:
                by_maker.setdefault(made[taken.name], []).append(taken.name)
            for maker, names in by_maker.items():
                yield (maker, f"{stage.name}/{action.name}"), ", ".join(names)


def _brace(index: int, count: int) -> str:
    if count == 1:
        return "─"
    if index == 0:
        return "┌"
    return "└" if index == count - 1 else "├"


def _sign(status: ActionStatus | None) -> str:
    return f"{SIGNS[status]} " if status is not None else ""


def _words(action: ActionDeclaration) -> str:
    text = f"{action.name} ({action.type_id.provider})"
    taken = ", ".join(artifact.name for artifact in action.inputs)
    made = ", ".join(artifact.name for artifact in action.outputs)
    taken, made = taken and f"  [{taken}]", made and f"  → [{made}]"
    return f"{text}{taken}{made}"
