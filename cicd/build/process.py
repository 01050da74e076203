"""BuildProcess: which phase comes next, and which command in it. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.build.commands import (
    BuildCommand,
    Finalize,
    Pause,
    RunCommand,
    SetVariables,
)
from cicd.build.debug.break_on import breaks_before, breaks_on_failure
from cicd.build.debug.rewind import as_it_is, from_signal, reached, rewound
from cicd.build.plan import CommandLine
from cicd.build.spec import PhaseType
from cicd.build.state import (
    BuildState,
    PhaseRecord,
    StatusType,
    close_phase,
    enter_phase,
    final_status,
    keep,
    mask,
)
from cicd.build.steps import commands_ran, next_phase, next_step, planned_phase
from cicd.engine.codec import decode
from cicd.engine.process import Cancel, Decision, Outcome, OutcomeStatus
from cicd.event import EventKind

if TYPE_CHECKING:
    from datetime import datetime

    from cicd.build.plan import BuildPlan
    from cicd.event import Event

RETRY = "RETRY"  # why a command is cancelled that somebody wants to go back from
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
                return _signalled(state, event)
            case EventKind.CONCLUDED:
                done = PhaseRecord(
                    phase=PhaseType.COMPLETED,
                    started=event.at,
                    ended=event.at,
                    status=StatusType.SUCCEEDED,
                )
                return replace(
                    state,
                    status=decode(StatusType, event.data["status"]),
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
        deadline = self._deadline(state, current)
        ended = ""
        if not finalizing and state.stop is not None:
            ended = "KILLED" if state.stop == "KILLED" else "STOPPED"
        elif not finalizing and now >= deadline:
            ended = "TIMED_OUT"
        if state.running is not None:
            if ended:
                return Decision(cancel=(Cancel(key=state.running.key, reason=ended),))
            if state.rewind is not None:
                return Decision(
                    cancel=(Cancel(key=state.running.key, reason=RETRY),), wake_at=deadline
                )
            return Decision(wake_at=None if finalizing else deadline)
        if ended:
            reason = "STOPPED" if ended == "KILLED" else ended
            return Decision(start=(Finalize(ended=reason, exporting=commands_ran(state)),))
        command = state.halt or next_step(self.plan, state, current.phase)
        assert command is not None, "a phase without steps is never left open"
        return Decision(start=(self._held(state, command),))

    def _deadline(self, state: BuildState, current: PhaseRecord) -> datetime:
        """
        Give when the open phase is over at the latest: time in the queue has a limit of its own.

        Source: API Reference, "StartBuild", timeoutInMinutes and queuedTimeoutInMinutes.
        """
        if current.phase is PhaseType.QUEUED:
            return state.phases[0].started + self.plan.queued_timeout
        begun = state.phase(PhaseType.PROVISIONING)
        return (begun or current).started + self.plan.timeout

    def in_flight(self, state: BuildState) -> tuple[BuildCommand, ...]:
        """Give the command that started and did not finish."""
        return () if state.running is None else (state.running,)

    def command_line(self, command: RunCommand) -> CommandLine:
        """Give what a ``RunCommand`` stands for."""
        if command.anew is not None:
            return command.anew
        return self.plan.phase(command.phase).lines[command.index]

    def shown_line(self, state: BuildState, command: RunCommand) -> CommandLine:
        """Give the same for people: what is secret in it is masked."""
        line = self.command_line(command)
        return replace(line, text=state.masked.get(line.text, line.text))

    # ── Debugging ─────────────────────────────────────────────────────────────────────────────

    def _held(self, state: BuildState, command: BuildCommand) -> BuildCommand:
        """Give what comes before a command: new variables, and a pause that was not made yet."""
        if not isinstance(command, RunCommand):
            return command
        if state.unset:
            now = as_it_is(self.plan, state)
            return SetVariables(
                key=f"{command.phase}/variables/{state.attempt}",
                variables=now.variables,
                exported_variables=now.exported_variables,
                products=state.products,
            )
        key, line = f"{command.key}/pause", self.command_line(command)
        if state.passed == key or not breaks_before(self.plan, command.phase, command.index, line):
            return command
        shown = self.shown_line(state, command)
        return Pause(key=key, phase=command.phase, index=command.index, line=shown)

    def _failed(self, state: BuildState, command: RunCommand, outcome: Outcome) -> BuildState:
        status = outcome.detail.get("exitStatus")
        pause = Pause(
            key=f"{command.key}/failed",
            phase=command.phase,
            index=command.index,
            line=self.shown_line(state, command),
            exit_status=status if isinstance(status, int) else None,
            hint=str(outcome.detail.get("hint", "")),
        )
        return replace(state, halt=pause)

    def _submitted(self, at: datetime) -> BuildState:
        submitted, queued = (
            PhaseRecord(phase=phase, started=at, ended=at, status=StatusType.SUCCEEDED)
            for phase in (PhaseType.SUBMITTED, PhaseType.QUEUED)
        )
        if self.plan.places:
            return BuildState(phases=(submitted, PhaseRecord(phase=PhaseType.QUEUED, started=at)))
        # Nothing is waited for, so the first two phases take no time.
        first = PhaseRecord(phase=PhaseType.PROVISIONING, started=at)
        return BuildState(phases=(submitted, queued, first))

    def _started(self, state: BuildState, event: Event) -> BuildState:
        command: BuildCommand = decode(BuildCommand, event.data["command"])
        if isinstance(command, Finalize) and command.ended:
            state = close_phase(state, event.at, *_ENDINGS[command.ended])
            state = enter_phase(state, PhaseType.FINALIZING, event.at)
        # Nobody goes back from the end.
        rewind = None if isinstance(command, Finalize) else state.rewind
        return replace(state, running=command, halt=None, rewind=rewind)

    def _finished(self, state: BuildState, outcome: Outcome, at: datetime) -> BuildState:
        command = state.running
        current = state.open
        assert command is not None, "an outcome follows its start"
        assert current is not None, "a command belongs to an open phase"
        state = mask(state, outcome)
        going_back = state.rewind is not None and (
            outcome.status in {OutcomeStatus.DONE, OutcomeStatus.FAILED} or outcome.reason == RETRY
        )
        if going_back and state.rewind is not None:
            return rewound(state, state.rewind, at)
        if isinstance(command, Pause):
            state = replace(state, running=None, passed=command.key)
        elif isinstance(command, SetVariables):
            state = replace(state, running=None, unset=False)
        else:
            state = keep(replace(state, running=None, step=state.step + 1), command, outcome)
        if outcome.status is OutcomeStatus.CANCELLED:
            ended = "TIMED_OUT" if outcome.reason == "TIMED_OUT" else "STOPPED"
            if ended == "TIMED_OUT" and isinstance(command, RunCommand):
                state = self._too_long(state, command)
            state = close_phase(state, at, *_ENDINGS[ended])
            if current.phase is PhaseType.QUEUED:  # there is nothing to take down
                return state
            return enter_phase(state, PhaseType.FINALIZING, at)
        if outcome.status in {OutcomeStatus.FAULT, OutcomeStatus.LOST}:
            return self._faulted(state, current, outcome, at)
        if outcome.status is OutcomeStatus.FAILED:
            state = self._noted(state, command, outcome)
            if isinstance(command, RunCommand) and breaks_on_failure(self.plan):
                return self._failed(state, command, outcome)
        if next_step(self.plan, state, current.phase) is not None:
            return state
        return self._leave(state, at)

    def _too_long(self, state: BuildState, command: RunCommand) -> BuildState:
        """Note which command was running when the time was over."""
        current = state.phases[-1]
        if current.code:
            return state
        minutes = self.plan.timeout.total_seconds() / 60
        current = replace(
            current,
            command=self.shown_line(state, command),
            key=command.key,
            hint=f"a build has {minutes:g} minute{'s' * (minutes != 1)} here: "
            "--timeout, or 'timeoutInMinutes' of its project",
        )
        return replace(state, phases=(*state.phases[:-1], current))

    def _noted(self, state: BuildState, command: BuildCommand, outcome: Outcome) -> BuildState:
        """Note what failed on the open phase, and skip what does not run after it."""
        code = str(outcome.detail.get("code", ""))
        message = str(outcome.detail.get("message", ""))
        line = None
        step = state.step
        if isinstance(command, RunCommand):
            line = self.shown_line(state, command)
            code = "COMMAND_EXECUTION_ERROR"
            message = (
                f"Error while executing command: {line.text}. "
                f"Reason: exit status {outcome.detail.get('exitStatus')}"
            )
            planned = planned_phase(self.plan, state, command.phase)
            in_finally = command.index >= len(planned.commands)
            step = len(planned.lines) if in_finally else len(planned.commands)
        elif isinstance(command, SetVariables):
            step = len(planned_phase(self.plan, state, state.phases[-1].phase).lines)
        current = state.phases[-1]
        if not current.code:  # the first failure is the one that is told
            hint = str(outcome.detail.get("hint", ""))
            current = replace(
                current,
                code=code,
                message=message,
                hint=hint,
                command=line,
                pattern=_pattern(outcome),
                key=command.key,
            )
        return replace(state, step=step, phases=(*state.phases[:-1], current))

    def _leave(self, state: BuildState, at: datetime) -> BuildState:
        """End the open phase and enter those that follow, as far as they have nothing to do."""
        while True:
            current = state.phases[-1]
            failed = bool(current.code)
            state = close_phase(state, at, StatusType.FAILED if failed else StatusType.SUCCEEDED)
            following = next_phase(self.plan, state, current.phase, current.message, failed=failed)
            if following is None:
                return state
            state = enter_phase(state, following, at)
            if next_step(self.plan, state, following) is not None:
                return state

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
        if current.phase in {PhaseType.QUEUED, PhaseType.FINALIZING}:
            return state
        return enter_phase(state, PhaseType.FINALIZING, at)


def _pattern(outcome: Outcome) -> CommandLine | None:
    match outcome.detail.get("pattern"):
        case [str(text), str(where)] if where:
            return CommandLine(text=text, where=where)
    return None


def _signalled(state: BuildState, event: Event) -> BuildState:
    """Fold in what somebody wants: stop, retry; or what a command said of its own breakpoint."""
    match event.data.get("signal"):
        case "stop" if state.stop is None:
            return replace(state, stop=str(event.data.get("reason") or "STOPPED"))
        case "retry":
            wanted = from_signal(event.data)
            if state.stop is not None or not reached(state, wanted.phase, wanted.index):
                return state
            if state.running is None:
                return rewound(state, wanted, event.at)
            return replace(state, rewind=wanted)
        case "pause" if state.running is not None:
            return replace(state, inside=state.running.key)
        case "resume":
            return replace(state, inside="")
    return state
