"""What differs between two executions. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.pipeline.drawing.seen import duration
from cicd.pipeline.result import ActionStatus
from cicd.pipeline.shapes import stage_status
from cicd.pipeline.variables import VARIABLES
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cicd.pipeline.state import PipelineState

_ENOUGH = 0.2  # of a duration, and half a second: less is noise
_NOISE = 0.5  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not the same; "" where there is none of it."""

    kind: str  # "revision", "variable", "stage", "action", "artifact", "took"
    name: str
    before: str
    after: str
    words: str = ""


def difference(before: PipelineState, after: PipelineState) -> tuple[Difference, ...]:
    """Give what differs: revisions, variables, statuses, what was made, and durations last."""
    kinds = (
        ("revision", _revisions(before), _revisions(after)),
        ("variable", _variables(before), _variables(after)),
        ("stage", _stages(before), _stages(after)),
        ("action", _statuses(before), _statuses(after)),
        ("artifact", _made(before), _made(after)),
    )
    found = [
        Difference(kind=kind, name=name, before=ours.get(name, ""), after=theirs.get(name, ""))
        for kind, ours, theirs in kinds
        for name in dict.fromkeys((*ours, *theirs))
        if ours.get(name) != theirs.get(name)
    ]
    return (*found, *_durations(before, after))


def _revisions(state: PipelineState) -> Mapping[str, str]:
    return {
        artifact.name: f"{artifact.revision_id[:8]} {artifact.revision_summary}".strip()
        for artifact in state.artifacts.values()
        if artifact.action
    }


def _variables(state: PipelineState) -> Mapping[str, str]:
    return state.variables.get(VARIABLES, {})


def _stages(state: PipelineState) -> Mapping[str, str]:
    assert state.plan is not None, "the plan is the first event"
    return {
        stage.name: str(stage_status(state, stage) or "Didn't run") for stage in state.plan.stages
    }


def _statuses(state: PipelineState) -> Mapping[str, str]:
    assert state.plan is not None, "the plan is the first event"
    return {
        action.key: str(state.actions[action.key].status)
        if action.key in state.actions
        else "Didn't run"
        for action in state.plan.actions()
    }


def _made(state: PipelineState) -> Mapping[str, str]:
    """Give what actions made by its content; a source's is told by its revision."""
    return {
        artifact.name: artifact.digest[:8]
        for artifact in state.artifacts.values()
        if not artifact.action
    }


def _durations(before: PipelineState, after: PipelineState) -> Iterator[Difference]:
    ours, theirs = _seconds(before), _seconds(after)
    for name, one in ours.items():
        other = theirs.get(name)
        if other is None or abs(other - one) < max(_NOISE, _ENOUGH * one):
            continue
        words = f"{'+' if other > one else '-'}{duration(abs(other - one))}"
        yield Difference(
            kind="took", name=name, before=duration(one), after=duration(other), words=words
        )


def _seconds(state: PipelineState) -> Mapping[str, float]:
    return {
        key: (action.updated_at - action.started_at).total_seconds()
        for key, action in state.actions.items()
        if action.status is not ActionStatus.IN_PROGRESS  # nor while it waits for an approval
    }
