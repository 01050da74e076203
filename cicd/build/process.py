"""BuildProcess: which phase comes next, and which command in it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from cicd.build.plan import CommandLine
from cicd.build.spec import COMMAND_PHASES, OnFailure, PhaseType
from cicd.engine.codec import decode
from cicd.engine.process import Cancel, Decision, Outcome, OutcomeStatus
from cicd.event import JSON, EventKind

if TYPE_CHECKING:
    from cicd.build.plan import BuildPlan
    from cicd.event import Event


class StatusType(StrEnum):
    """Of a phase and of a build. Source: CodeBuild API, ``StatusType``."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    FAULT = "FAULT"
    TIMED_OUT = "TIMED_OUT"
    IN_PROGRESS = "IN_PROGRESS"
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """Make the session."""

    key: str = "PROVISIONING"


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadSource:
    """Look at the sources in the session, resolve the secrets, prepare the shell."""

    key: str = "DOWNLOAD_SOURCE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCommand:
    """Run one command of a phase; ``index`` counts ``commands``, then ``finally``, from 0."""

    key: str  # "BUILD/2/1": phase, index, and the attempt, of which there is one so far
    phase: PhaseType
    index: int
    succeeding: bool  # CODEBUILD_BUILD_SUCCEEDING


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadArtifacts:
    """Pick the files of all artifacts and keep them."""

    key: str = "UPLOAD_ARTIFACTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReport:
    """Read the files of one report group."""

    key: str  # "UPLOAD_ARTIFACTS/report/0"
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finalize:
    """Read the exported variables and end the session."""

    key: str = "FINALIZING"
    ended: str = ""  # "TIMED_OUT", "STOPPED": what ended the phase that was open
    exporting: bool = False  # commands may have run, so there may be something to export


BuildCommand: TypeAlias = (
    Provision | DownloadSource | RunCommand | UploadArtifacts | ReadReport | Finalize
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRecord:
    """What is known of one phase."""

    phase: PhaseType
    started: datetime
    ended: datetime | None = None
    status: StatusType = StatusType.IN_PROGRESS
    code: str = ""
    message: str = ""
    hint: str = ""
    command: CommandLine | None = None  # the one that failed


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildState:
    """The fold of a build's events."""

    phases: tuple[PhaseRecord, ...] = ()  # the last one may be open
    step: int = 0  # how many steps of the open phase are done or skipped
    running: BuildCommand | None = None
    stop: str | None = None  # why somebody wants it to end
    status: StatusType = StatusType.IN_PROGRESS  # the final one, once concluded
    artifacts: tuple[Mapping[str, JSON], ...] = ()
    reports: tuple[Mapping[str, JSON], ...] = ()
    exported: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    source: Mapping[str, JSON] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def open(self) -> PhaseRecord | None:
        """The phase that is under way."""
        last = self.phases[-1] if self.phases else None
        return last if last is not None and last.ended is None else None

    @property
    def succeeding(self) -> bool:
        """CODEBUILD_BUILD_SUCCEEDING: whether no phase has failed, the open one included."""
        return all(
            p.status in {StatusType.SUCCEEDED, StatusType.IN_PROGRESS} and not p.code
            for p in self.phases
        )

    def phase(self, phase: PhaseType) -> PhaseRecord | None:
        """Give the record of one phase, if it was entered."""
        return next((p for p in self.phases if p.phase is phase), None)


_NEXT = dict(zip(PhaseType, list(PhaseType)[1:], strict=False))


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
                return None
            case PhaseType.FINALIZING:
                return Finalize(exporting=_commands_ran(state)) if step == 0 else None
        planned = self.plan.phase(phase)
        if step < len(planned.commands) + len(planned.finally_commands):
            return RunCommand(
                key=f"{phase}/{step}/1", phase=phase, index=step, succeeding=state.succeeding
            )
        return None

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
            state = _close(state, event.at, *_ENDINGS[command.ended])
            state = _enter(state, PhaseType.FINALIZING, event.at)
        return replace(state, running=command)

    def _finished(self, state: BuildState, outcome: Outcome, at: datetime) -> BuildState:
        command = state.running
        current = state.open
        assert command is not None, "an outcome follows its start"
        assert current is not None, "a command belongs to an open phase"
        state = _keep(replace(state, running=None, step=state.step + 1), command, outcome)
        if outcome.status is OutcomeStatus.CANCELLED:
            ended = "TIMED_OUT" if outcome.reason == "TIMED_OUT" else "STOPPED"
            state = _close(state, at, *_ENDINGS[ended])
            return _enter(state, PhaseType.FINALIZING, at)
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
            state = _close(state, at, StatusType.FAILED if failed else StatusType.SUCCEEDED)
            following = self._after(current.phase, failed=failed)
            if following is None:
                return state
            state = _enter(state, following, at)
            if self._step(state, following) is not None:
                return state

    def _after(self, phase: PhaseType, *, failed: bool) -> PhaseType | None:
        if phase is PhaseType.FINALIZING:
            return None
        if failed and phase in COMMAND_PHASES:
            action = self.plan.phase(phase).on_failure
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
        state = _close(state, at, StatusType.FAULT)
        if current.phase is PhaseType.FINALIZING:
            return state
        return _enter(state, PhaseType.FINALIZING, at)


def final_status(state: BuildState) -> StatusType:
    """
    Give the build's status: the strongest of its phases'.

    Source: user guide, "Build phase transitions"; a failed BUILD stays failed whatever
    POST_BUILD does, and a phase that failed with CONTINUE does, too.
    """
    found = {p.status for p in state.phases}
    for status in (
        StatusType.TIMED_OUT,
        StatusType.STOPPED,
        StatusType.FAULT,
        StatusType.FAILED,
    ):
        if status in found:
            return status
    return StatusType.SUCCEEDED


_ENDINGS = {
    "TIMED_OUT": (StatusType.TIMED_OUT, "BUILD_TIMED_OUT", "Build has timed out. "),
    "STOPPED": (StatusType.STOPPED, "", ""),
}


def _commands_ran(state: BuildState) -> bool:
    return state.phase(PhaseType.INSTALL) is not None


def _close(
    state: BuildState, at: datetime, status: StatusType, code: str = "", message: str = ""
) -> BuildState:
    last = state.phases[-1]
    last = replace(
        last, ended=at, status=status, code=code or last.code, message=message or last.message
    )
    return replace(state, phases=(*state.phases[:-1], last))


def _enter(state: BuildState, phase: PhaseType, at: datetime) -> BuildState:
    record = PhaseRecord(phase=phase, started=at)
    return replace(state, phases=(*state.phases, record), step=0)


def _keep(state: BuildState, command: BuildCommand, outcome: Outcome) -> BuildState:
    """Keep what an outcome brings beside its status."""
    detail = outcome.detail
    match command:
        case DownloadSource():
            return replace(state, source=detail)
        case UploadArtifacts():
            return replace(state, artifacts=_mappings(detail.get("artifacts")))
        case ReadReport():
            return replace(state, reports=(*state.reports, *_mappings([detail.get("report")])))
        case Finalize():
            exported = {
                str(pair["name"]): str(pair["value"]) for pair in _mappings(detail.get("exported"))
            }
            return replace(state, exported=MappingProxyType(exported))
    return state


def _mappings(value: JSON) -> tuple[Mapping[str, JSON], ...]:
    if not isinstance(value, list):
        return ()
    return tuple(item for item in value if isinstance(item, Mapping))
