"""What people are told of a build that waits: where it stands, how to look, how to go on. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.commands import Pause, RunCommand
from cicd.build.spec import PhaseType

if TYPE_CHECKING:
    from cicd.build.plan import BuildPlan
    from cicd.build.state import BuildState


def waiting_words(plan: BuildPlan, state: BuildState) -> str:
    """Say it in a few lines; "" for a build that does not wait."""
    running = state.running
    if not state.paused or not isinstance(running, Pause | RunCommand):
        return ""
    name = f"{plan.project}:{plan.uuid[:8]}"
    begun = state.phase(PhaseType.PROVISIONING) or state.phases[0]
    deadline = begun.started + plan.timeout
    return "\n".join(
        [
            *_where(plan, running),
            *_why(running),
            f"  look around  cicd builds enter {name}",
            f"  go on        cicd builds resume {name}",
            f"  try again    cicd builds retry {name} --from here",
            f"  give up      cicd builds stop {name}",
            f"  Its time ends at {deadline:%H:%M} UTC.",
        ]
    )


def _where(plan: BuildPlan, running: Pause | RunCommand) -> tuple[str, str]:
    """Give the place, short enough for a live line, and what stands there."""
    place = f"{running.phase}:{running.index + 1}"
    if isinstance(running, RunCommand):
        line = running.anew or plan.phase(running.phase).lines[running.index]
        return f"Waiting in {place} ({line.where})", "  at a codebuild-breakpoint"
    line = running.line
    if running.exit_status is None:
        return f"Waiting before {place} ({line.where})", f"  {_brief(line.text)}"
    ended = f"exit status {running.exit_status}"
    return f"Waiting behind {place}, {ended} ({line.where})", f"  {_brief(line.text)}"


def _why(running: Pause | RunCommand) -> list[str]:
    return (
        [f"  {line}" for line in running.hint.splitlines()] if isinstance(running, Pause) else []
    )


def _brief(text: str) -> str:
    first, *rest = text.strip().split("\n")
    return f"$ {first}{' …' if rest else ''}"
