"""Going back in a build: from which command, and by which document. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.build.spec import COMMAND_PHASES, PhaseType
from cicd.build.state import BuildState, PhaseRecord, Rewind
from cicd.engine.codec import decode, encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cicd.build.commands import NewProducts
    from cicd.build.plan import BuildPlan, PhasePlan
    from cicd.event import JSON


def as_signal(rewind: Rewind) -> Mapping[str, JSON]:
    """Give what the signal carries."""
    encoded = encode(rewind)
    assert isinstance(encoded, dict), "a dataclass becomes a mapping"
    return encoded


def from_signal(data: Mapping[str, JSON]) -> Rewind:
    """Give what a signal carried."""
    return decode(Rewind, {name: value for name, value in data.items() if name != "signal"})


def reached(state: BuildState, phase: PhaseType, index: int) -> bool:
    """Say whether a build may go back there: it is in its commands, and that one has begun."""
    current = state.open
    if current is None or current.phase not in COMMAND_PHASES:
        return False
    order = COMMAND_PHASES.index
    if phase is not current.phase:
        return order(phase) < order(current.phase)
    return index <= state.step


def rewound(state: BuildState, to: Rewind, at: datetime) -> BuildState:
    """Go back: what came after is forgotten, and what runs from now on is another attempt."""
    records = tuple(
        record
        for record in state.phases
        if record.phase not in COMMAND_PHASES
        or COMMAND_PHASES.index(record.phase) < COMMAND_PHASES.index(to.phase)
    )
    return replace(
        state,
        phases=(*records, PhaseRecord(phase=to.phase, started=at)),
        step=to.index,
        running=None,
        halt=None,
        rewind=None,
        inside="",
        anew=to.phases,
        environment=to.environment or state.environment,
        products=to.products or state.products,
        unset=to.environment is not None or to.products is not None or state.unset,
        attempt=state.attempt + 1,
        # Who has just looked there need not be stopped there again.
        passed=f"{to.phase}/{to.index}/{state.attempt + 1}/pause",
    )


def as_it_is(plan: BuildPlan, state: BuildState) -> BuildPlan:
    """Give the plan with the variables that commands see now, and what it is to leave now."""
    if state.environment is not None:
        plan = replace(
            plan,
            variables=state.environment.variables,
            exported_variables=state.environment.exported_variables,
        )
    return leaving(plan, state.products)


def leaving(plan: BuildPlan, products: NewProducts | None) -> BuildPlan:
    """Give the plan with other products, if there are any."""
    if products is None:
        return plan
    return replace(
        plan,
        artifacts=products.artifacts,
        reports=products.reports,
        cache_paths=products.cache_paths,
        cache=products.cache,
    )


def phases_of(state: BuildState, planned: Sequence[PhasePlan]) -> Sequence[PhasePlan]:
    """Give the phases as they are to be carried out now."""
    return state.anew or planned
