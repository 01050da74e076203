"""BuildProcess: which phase comes next, and which command in it. Pure."""

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
)
from cicd.build.spec import COMMAND_PHASES, OnFailure, PhaseType
from cicd.build.state import (
    BuildState,
    PhaseRecord,
    StatusType,
    close_phase,
    enter_phase,
    final_status,
    keep,
)
from cicd.engine.codec import decode
from cicd.engine.process import Cancel, Decision, Outcome, OutcomeStatus
from cicd.event import EventKind

if TYPE_CHECKING:
    from datetime import datetime

    from cicd.build.plan import BuildPlan, CommandLine
    from cicd.event import Event

_NEXT = dict(zip(PhaseType, list(PhaseType)[1:], strict=False))
_ENDINGS = {
    "TIMED_OUT": (StatusType.TIMED_OUT, "BUILD_TIMED_OUT", "Build has timed out. "),
    "STOPPED": (StatusType.STOPPED, "", ""),
}


class BuildProcess:
    """
    The rules of a build.

    Source: user guide, "Build phase transitions", and logs of the service.
    """

    def __init__(self, plan: BuildPlan) -> None:
        """Take the plan that the stream was submitted with."""
        self.plan = plan

    def initial(self) -> BuildState:
        """Give the state of a build that was not submitted yet."""
        return BuildState()

    def apply(self, state: BuildState, event: Event) -> BuildState:
        """Fold one event in."""
        match event.kind:
            case EventKind.SUBMITTED:
                return self._submitted(event.at)
            case EventKind.STARTED:
                return self._started(state, event)
            case EventKind.FINISHED:
                outcome = decode(Outcome, event.data["outcome"])
                return self._finished(state, outcome, event.at)
            case EventKind.SIGNALLED:
                if event.data.get("signal") == "stop" and state.stop is None:
                    return replace(state, stop=str(event.data.get("reason") or "STOPPED"))
                return state
            case EventKind.CONCLUDED:
                done = PhaseRecord(
                    phase=PhaseType.COMPLETED,
                    started=event.at,
                    ended=event.at,
                    status=StatusType.SUCCEEDED,
                )
                return replace(
                    state,
                    status=StatusType(str(event.data["status"])),
                    phases=(*state.phases, done),
                )

    def decide(self, state: BuildState, now: datetime) -> Decision:
        """Say what comes next."""
        current = state.open
        if current is None:
            if state.phases:
                return Decision(conclude=final_status(state))
            return Decision()
        # Taking down is not stopped by anything: it is what stopping leads to.
        finalizing = current.phase is PhaseType.FINALIZING
        deadline = state.phases[0].started + self.plan.timeout
        ended = ""
        if not finalizing and state.stop is not None:
            ended = "KILLED" if state.stop == "KILLED" else "STOPPED"
        elif not finalizing and now >= deadline:
            ended = "TIMED_OUT"
        if state.running is not None:
            if ended:
                return Decision(cancel=(Cancel(key=state.running.key, reason=ended),))
            return Decision(wake_at=None if finalizing else deadline)
        if ended:
            reason = "STOPPED" if ended == "KILLED" else ended
            return Decision(start=(Finalize(ended=reason, exporting=_commands_ran(state)),))
        command = self._step(state, current.phase)
        assert command is not None, "a phase without steps is never left open"
        return Decision(start=(command,))

    def in_flight(self, state: BuildState) -> tuple[BuildCommand, ...]:
        """Give the command that started and did not finish."""
        return () if state.running is None else (state.running,)

    def command_line(self, command: RunCommand) -> CommandLine:
        """Give what a ``RunCommand`` stands for."""
        phase = self.plan.phase(command.phase)
        return (*phase.commands, *phase.finally_commands)[command.index]

    # ── Steps of a phase ──────────────────────────────────────────────────────────────────────

    def _step(self, state: BuildState, phase: PhaseType) -> BuildCommand | None:
        """Give the next command of ``phase``, of which ``state.step`` are done."""
        step = state.step
        match phase:
            case PhaseType.PROVISIONING:
                return Provision() if step == 0 else None
            case PhaseType.DOWNLOAD_SOURCE:
                return DownloadSource() if step == 0 else None
            case PhaseType.UPLOAD_ARTIFACTS:
                if step == 0 and self.plan.artifacts:
                    return UploadArtifacts()
                index = step - bool(self.plan.artifacts)
                if index < len(self.plan.reports):
                    return ReadReport(key=f"UPLOAD_ARTIFACTS/report/{index}", index=index)
                if index == len(self.plan.reports) and self.plan.auto_discover:
                    return DiscoverReports()
                index -= self.plan.auto_discover
                if index == len(self.plan.reports) and self._saves_cache(state):
                    return SaveCache()
                return None
            case PhaseType.FINALIZING:
                return Finalize(exporting=_commands_ran(state)) if step == 0 else None
        planned = self.plan.phase(phase)
        if step < len(planned.commands) + len(planned.finally_commands):
            return RunCommand(
                key=f"{phase}/{step}/1", phase=phase, index=step, succeeding=state.succeeding
            )
        return None

    def _saves_cache(self, state: BuildState) -> bool:
        """Tell whether there is a cache to save: not after a command that failed."""
        good = all(
            record.status is StatusType.SUCCEEDED
            for record in state.phases
            if record.phase in COMMAND_PHASES
        )
        return good and has_cache(self.plan) and self.plan.cache.action != "restore"

    def _submitted(self, at: datetime) -> BuildState:
        # Nothing queues here, so the first two phases take no time.
        done = tuple(
            PhaseRecord(phase=phase, started=at, ended=at, status=StatusType.SUCCEEDED)
            for phase in (PhaseType.SUBMITTED, PhaseType.QUEUED)
        )
        first = PhaseRecord(phase=PhaseType.PROVISIONING, started=at)
        return BuildState(phases=(*done, first))

    def _started(self, state: BuildState, event: Event) -> BuildState:
        command: BuildCommand = decode(BuildCommand, event.data["command"])
        if isinstance(command, Finalize) and command.ended:
            state = close_phase(state, event.at, *_ENDINGS[command.ended])
            state = enter_phase(state, PhaseType.FINALIZING, event.at)
        return replace(state, running=command)

    def _finished(self, state: BuildState, outcome: Outcome, at: datetime) -> BuildState:
        command = state.running
        current = state.open
        assert command is not None, "an outcome follows its start"
        assert current is not None, "a command belongs to an open phase"
        state = keep(replace(state, running=None, step=state.step + 1), command, outcome)
        if outcome.status is OutcomeStatus.CANCELLED:
            ended = "TIMED_OUT" if outcome.reason == "TIMED_OUT" else "STOPPED"
            state = close_phase(state, at, *_ENDINGS[ended])
            return enter_phase(state, PhaseType.FINALIZING, at)
        if outcome.status in {OutcomeStatus.FAULT, OutcomeStatus.LOST}:
            return self._faulted(state, current, outcome, at)
        if outcome.status is OutcomeStatus.FAILED:
            state = self._noted(state, command, outcome)
        if self._step(state, current.phase) is not None:
            return state
        return self._leave(state, at)

    def _noted(self, state: BuildState, command: BuildCommand, outcome: Outcome) -> BuildState:
        """Note what failed on the open phase, and skip what does not run after it."""
        code = str(outcome.detail.get("code", ""))
        message = str(outcome.detail.get("message", ""))
        line = None
        step = state.step
        if isinstance(command, RunCommand):
            line = self.command_line(command)
            code = "COMMAND_EXECUTION_ERROR"
            message = (
                f"Error while executing command: {line.text}. "
                f"Reason: exit status {outcome.detail.get('exitStatus')}"
            )
            planned = self.plan.phase(command.phase)
            in_finally = command.index >= len(planned.commands)
            last = len(planned.commands) + len(planned.finally_commands)
            step = last if in_finally else len(planned.commands)
        current = state.phases[-1]
        if not current.code:  # the first failure is the one that is told
            hint = str(outcome.detail.get("hint", ""))
            current = replace(current, code=code, message=message, hint=hint, command=line)
        return replace(state, step=step, phases=(*state.phases[:-1], current))

    def _leave(self, state: BuildState, at: datetime) -> BuildState:
        """End the open phase and enter those that follow, as far as they have nothing to do."""
        while True:
            current = state.phases[-1]
            failed = bool(current.code)
            state = close_phase(state, at, StatusType.FAILED if failed else StatusType.SUCCEEDED)
            following = self._after(current.phase, current.message, failed=failed)
            if following is None:
                return state
            state = enter_phase(state, following, at)
            if self._step(state, following) is not None:
                return state

    def _after(self, phase: PhaseType, message: str, *, failed: bool) -> PhaseType | None:
        if phase is PhaseType.FINALIZING:
            return None
        if failed and phase in COMMAND_PHASES:
            planned = self.plan.phase(phase)
            action = planned.on_failure
            if runs_again(planned, message, self.plan.attempt):
                return PhaseType.FINALIZING  # the rest would be done twice
            early = phase in {PhaseType.INSTALL, PhaseType.PRE_BUILD}
            if action is OnFailure.ABORT or (early and action is not OnFailure.CONTINUE):
                return PhaseType.FINALIZING
        elif failed and phase in {PhaseType.PROVISIONING, PhaseType.DOWNLOAD_SOURCE}:
            return PhaseType.FINALIZING
        return _NEXT[phase]

    def _faulted(
        self, state: BuildState, current: PhaseRecord, outcome: Outcome, at: datetime
    ) -> BuildState:
        message = str(outcome.detail.get("message", ""))
        if outcome.status is OutcomeStatus.LOST:
            message = "Build container found dead before completing the build."
        current = replace(
            current,
            code=str(outcome.detail.get("code", "")) or current.code or "INTERNAL_SERVICE_ERROR",
            message=message,
            hint=str(outcome.detail.get("hint", "")),
        )
        state = replace(state, phases=(*state.phases[:-1], current))
        state = close_phase(state, at, StatusType.FAULT)
        if current.phase is PhaseType.FINALIZING:
            return state
        return enter_phase(state, PhaseType.FINALIZING, at)


def _commands_ran(state: BuildState) -> bool:
    return state.phase(PhaseType.INSTALL) is not None
