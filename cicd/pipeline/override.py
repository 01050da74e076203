"""A condition that did not hold, overridden: when somebody may, and what follows. Pure."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cicd.pipeline.condition import BEFORE_ENTRY, ON_SUCCESS, SKIP, ConditionStatus
from cicd.pipeline.result import PipelineStatus
from cicd.pipeline.retry import is_ending, to_be_entered
from cicd.pipeline.state import Retries, unmet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.pipeline.plan import StagePlan
    from cicd.pipeline.state import PipelineState

GATES: Final[Mapping[str, str]] = {"BEFORE_ENTRY": BEFORE_ENTRY, "ON_SUCCESS": ON_SUCCESS}


def not_overridable(state: PipelineState, stage: StagePlan, gate: str) -> str | None:
    """
    Say why a stage's condition cannot be overridden now; ``None``: it can.

    Source: CodePipeline API Reference, "OverrideStageCondition"; a stage that was skipped stays
    so.
    """
    condition = unmet(state, stage)
    found = state.conditions.get(f"{stage.name}/{gate}")
    if found is None:
        return f"no condition '{gate}' of the stage '{stage.name}' was asked in this execution"
    if condition is None or condition.gate != gate or found.status is not ConditionStatus.FAILED:
        return f"the condition '{gate}' of the stage '{stage.name}' is {found.status}"
    if condition.result == SKIP:
        return f"the stage '{stage.name}' was skipped, which cannot be overridden"
    if is_ending(state):
        return f"the stage '{stage.name}' is just ending"
    if state.concluded != PipelineStatus.FAILED and state.stop is not None:
        return "the execution is stopping"
    return None


def override(state: PipelineState, stage: StagePlan, gate: str) -> PipelineState:
    """Let a stage go on from the condition that did not hold, and open what was over."""
    key = f"{stage.name}/{gate}"
    if key not in state.conditions:
        return state
    before = state.retries.get(stage.name, Retries())
    state = replace(
        state,
        conditions=MappingProxyType(
            {**state.conditions, key: replace(state.conditions[key], overridden=True)}
        ),
        retries=MappingProxyType(
            {**state.retries, stage.name: replace(before, overrides=before.overrides + 1)}
        ),
        stop=None,
        concluded=None,
    )
    return to_be_entered(state, stage)
