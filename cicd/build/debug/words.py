"""What people are told of a build that waits: where it stands, how to look, how to go on. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.commands import Pause, RunCommand

if TYPE_CHECKING:
    from cicd.build.plan import BuildPlan
    from cicd.build.state import BuildState


def waiting_words(plan: BuildPlan, state: BuildState) -> str:
    """Say it in a few lines; "" for a build that does not wait."""
    running = state.running
    if not state.paused or not isinstance(running, Pause | RunCommand):
        return ""
    name = f"{plan.project}:{plan.uuid[:8]}"
    lines = [_where(plan, running)]
    if isinstance(running, Pause):
        lines.append(f"  {_brief(running.line.text)}")
    place = f"{running.phase}:{running.index + 1}"
    deadline = state.phases[0].started + plan.timeout
    return "\n".join(
        [
            *lines,
            f"  look around   cicd builds enter {name}",
            f"  go on         cicd builds resume {name}",
            f"  once more     cicd builds retry {name} --from {place}   (after mending it)",
            f"  give up       cicd builds stop {name}   (its time ends at {deadline:%H:%M} UTC)",
        ]
    )


def _where(plan: BuildPlan, running: Pause | RunCommand) -> str:
    if isinstance(running, RunCommand):
        line = running.anew or plan.phase(running.phase).lines[running.index]
        return f"Waiting at the codebuild-breakpoint of {running.phase} ({line.where})"
    if running.exit_status is not None:
        return (
            f"Waiting: a command of {running.phase} ended with exit status "
            f"{running.exit_status} ({running.line.where})"
        )
    return f"Waiting before command {running.index + 1} of {running.phase} ({running.line.where})"


def _brief(text: str) -> str:
    first, *rest = text.strip().split("\n")
    return f"$ {first}{' …' if rest else ''}"
