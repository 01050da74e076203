"""The steps of a phase, one after another, and the phase that follows. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.build.attempts import runs_again
from cicd.build.cache.identity import has_cache
from cicd.build.commands import (
    BuildCommand,
    DiscoverReports,
    DownloadSource,
    Finalize,
    Provision,
    ReadReport,
    RunCommand,
    SaveCache,
    UploadArtifacts,
    WaitForPlace,
)
from cicd.build.debug.rewind import as_it_is
from cicd.build.spec import COMMAND_PHASES, OnFailure, PhaseType
from cicd.build.state import StatusType

if TYPE_CHECKING:
    from cicd.build.plan import BuildPlan, PhasePlan
    from cicd.build.state import BuildState

_NEXT = dict(zip(PhaseType, list(PhaseType)[1:], strict=False))


def planned_phase(plan: BuildPlan, state: BuildState, phase: PhaseType) -> PhasePlan:
    """Give a command phase as it is to be carried out now."""
    return next(p for p in state.anew or plan.phases if p.phase is phase)


def next_step(plan: BuildPlan, state: BuildState, phase: PhaseType) -> BuildCommand | None:
    """Give the next command of ``phase``, of which ``state.step`` are done."""
    step = state.step
    match phase:
        case PhaseType.QUEUED:
            return WaitForPlace() if step == 0 else None
        case PhaseType.PROVISIONING:
            return Provision() if step == 0 else None
        case PhaseType.DOWNLOAD_SOURCE:
            return DownloadSource() if step == 0 else None
        case PhaseType.UPLOAD_ARTIFACTS:
            return _product(plan, state)
        case PhaseType.FINALIZING:
            return Finalize(exporting=commands_ran(state)) if step == 0 else None
    planned = planned_phase(plan, state, phase)
    if step >= len(planned.lines):
        return None
    command = RunCommand(
        key=f"{phase}/{step}/{state.attempt}",
        phase=phase,
        index=step,
        succeeding=state.succeeding,
    )
    if state.anew:
        return replace(command, anew=planned.lines[step], run_as=planned.run_as)
    return command


def next_phase(
    plan: BuildPlan, state: BuildState, phase: PhaseType, message: str, *, failed: bool
) -> PhaseType | None:
    """
    Give the phase that follows one that has ended; None behind the last.

    Source: user guide, "Build phase transitions", "on-failure".
    """
    if phase is PhaseType.FINALIZING:
        return None
    if failed and phase in COMMAND_PHASES:
        planned = planned_phase(plan, state, phase)
        action = planned.on_failure
        if runs_again(planned, message, plan.attempt):
            return PhaseType.FINALIZING  # the rest would be done twice
        early = phase in {PhaseType.INSTALL, PhaseType.PRE_BUILD}
        if action is OnFailure.ABORT or (early and action is not OnFailure.CONTINUE):
            return PhaseType.FINALIZING
    elif failed and phase in {PhaseType.PROVISIONING, PhaseType.DOWNLOAD_SOURCE}:
        return PhaseType.FINALIZING
    return _NEXT[phase]


def commands_ran(state: BuildState) -> bool:
    """Tell whether there may be anything that commands have left."""
    return state.phase(PhaseType.INSTALL) is not None


def _product(plan: BuildPlan, state: BuildState) -> BuildCommand | None:
    """Give the next of what a build leaves: artifacts, reports, its cache."""
    plan, step = as_it_is(plan, state), state.step
    if step == 0 and plan.artifacts:
        return UploadArtifacts()
    index = step - bool(plan.artifacts)
    if index < len(plan.reports):
        return ReadReport(key=f"UPLOAD_ARTIFACTS/report/{index}", index=index)
    if index == len(plan.reports) and plan.auto_discover:
        return DiscoverReports()
    index -= plan.auto_discover
    if index == len(plan.reports) and _saves_cache(plan, state):
        return SaveCache()
    return None


def _saves_cache(plan: BuildPlan, state: BuildState) -> bool:
    """Tell whether there is a cache to save: not after a command that failed."""
    good = all(
        record.status is StatusType.SUCCEEDED
        for record in state.phases
        if record.phase in COMMAND_PHASES
    )
    return good and has_cache(plan) and plan.cache.action != "restore"
