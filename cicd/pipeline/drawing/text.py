"""A pipeline drawn as text, with an execution's statuses and durations if there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.pipeline.drawing.gate_words import gate_words
from cicd.pipeline.result import ActionStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.pipeline.drawing.seen import Seen
    from cicd.pipeline.spec import ActionDeclaration, PipelineDeclaration

SIGNS = {
    ActionStatus.SUCCEEDED: "✓",
    ActionStatus.FAILED: "✗",
    ActionStatus.IN_PROGRESS: "●",
    ActionStatus.ABANDONED: "–",
}


def as_text(spec: PipelineDeclaration, seen: Mapping[str, Seen]) -> str:
    """
    Draw the stages downwards; actions that run together share a brace.

    What an action takes and makes stands behind it: ``[input] → [output]``. What a stage asks
    at its gates stands below its name.
    """
    lines = [spec.name]
    for stage in spec.stages:
        lines.append(f"  {stage.name}")
        lines += [f"    ◇ {words}" for words in gate_words(stage)]
        orders = sorted({action.run_order for action in stage.actions})
        for order in orders:
            group = [action for action in stage.actions if action.run_order == order]
            for index, action in enumerate(group):
                known = seen.get(f"{stage.name}/{action.name}")
                lines.append(
                    f"    {_brace(index, len(group))} {sign(known)}{_words(action)}"
                    f"{f'  {known.words}' if known is not None else ''}"
                )
    return "\n".join(lines)


def _brace(index: int, count: int) -> str:
    if count == 1:
        return "─"
    if index == 0:
        return "┌"
    return "└" if index == count - 1 else "├"


def sign(seen: Seen | None) -> str:
    """Give a sign and a space for how an action stands, "" where it has not begun."""
    return f"{SIGNS[seen.status]} " if seen is not None else ""


def _words(action: ActionDeclaration) -> str:
    text = f"{action.name} ({action.type_id.provider})"
    taken = ", ".join(artifact.name for artifact in action.inputs)
    made = ", ".join(artifact.name for artifact in action.outputs)
    taken, made = taken and f"  [{taken}]", made and f"  → [{made}]"
    return f"{text}{taken}{made}"
