"""The rules of a deployment to servers: which lifecycle event begins on which target, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.deploy.plan import DeploymentPlan, RunLifecycleEvent, TerminateInstance
from cicd.deploy.strategies import STRATEGIES
from cicd.deploy.strategies.rolling_window import Done, Doomed, Progress, Take, Wait
from cicd.deploy.traffic import blue_green
from cicd.engine.codec import decode
from cicd.engine.process import Decision, Outcome, OutcomeStatus
from cicd.event import JSON, EventKind

if TYPE_CHECKING:
    from cicd.deploy.lifecycle import LifecycleEvent
    from cicd.engine.process import Command
    from cicd.event import Event


class Status(StrEnum):
    """Of a target and of a lifecycle event. Source: CodeDeploy API Reference."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"
    READY = "Ready"  # of a replacement that is installed and waits for traffic


class DeploymentStatus(StrEnum):
    """Of a deployment; the last three never change."""

    CREATED = "Created"
    IN_PROGRESS = "InProgress"
    READY = "Ready"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventState:
    """One lifecycle event of one target that has begun."""

    started_at: datetime
    finished_at: datetime | None = None
    outcome: Outcome | None = None

    @property
    def status(self) -> Status:
        """Give the event's own status."""
        if self.outcome is None:
            return Status.IN_PROGRESS
        return Status.SUCCEEDED if self.outcome.status is OutcomeStatus.DONE else Status.FAILED

    @property
    def has_failed(self) -> bool:
        """Whether it is over, and did not succeed."""
        return self.status is Status.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentState:
    """What has happened so far: a fold of the stream."""

    created_at: datetime | None = None
    begun: Mapping[str, EventState] = field(default_factory=dict)  # by command key, in order
    stop: Mapping[str, JSON] | None = None  # the data of the first stop signal
    rollback: Mapping[str, JSON] | None = None  # the data of the rollback signal
    continued: frozenset[str] = frozenset()  # the waits that ContinueDeployment ended
    status: str | None = None  # the final one
    concluded_at: datetime | None = None


class DeploymentProcess:
    """The process of one plan."""

    def __init__(self, plan: DeploymentPlan) -> None:
        """Take the plan; the strategy follows from its configuration."""
        self.plan = plan
        make = STRATEGIES.get(plan.config.strategy)
        self._strategy = make(plan.config.minimum_healthy_hosts, len(plan.targets))

    def initial(self) -> DeploymentState:
        """Nothing has happened."""
        return DeploymentState()

    def apply(self, state: DeploymentState, event: Event) -> DeploymentState:
        """Fold one event."""
        match event.kind:
            case EventKind.SUBMITTED:
                return replace(state, created_at=event.at)
            case EventKind.STARTED:
                return _with(state, event.key, EventState(started_at=event.at))
            case EventKind.FINISHED:
                outcome = decode(Outcome, event.data["outcome"])
                began = state.begun[event.key]
                return _with(
                    state, event.key, replace(began, finished_at=event.at, outcome=outcome)
                )
            case EventKind.SIGNALLED:
                return _signalled(state, event)
            case EventKind.CONCLUDED:
                return replace(state, status=str(event.data["status"]), concluded_at=event.at)

    def in_flight(self, state: DeploymentState) -> tuple[Command, ...]:
        """Give the lifecycle events that began and did not end."""
        commands: list[Command] = []
        for target in self.plan.instances:
            commands += (*self._commands(target.id), TerminateInstance(target=target.id))
        return tuple(
            command
            for command in commands
            if command.key in state.begun and state.begun[command.key].outcome is None
        )

    def decide(self, state: DeploymentState, now: datetime) -> Decision:
        """
        Begin what may begin.

        A target that began goes on to its end even when the deployment is doomed;
        after a stop nothing begins on any target.
        """
        if self.plan.blue_green is not None:
            return blue_green.decide(self.plan, state, now)
        progress = self.progress(state)
        running = bool(self.in_flight(state))
        move = self._strategy.next(progress)
        if isinstance(move, Done) and move.succeeded:
            return Decision(conclude=DeploymentStatus.SUCCEEDED)
        if state.stop is not None:
            return Decision() if running else Decision(conclude=DeploymentStatus.STOPPED)
        start = [self._next(state, target) for target in progress.running]
        match move:
            case Take():
                start += [self._next(state, target) for target in move.targets]
            case Done() | Doomed() if not progress.running:
                return Decision(conclude=DeploymentStatus.FAILED)
            case Wait() | Done() | Doomed():
                pass
        return Decision(start=tuple(command for command in start if command is not None))

    def progress(self, state: DeploymentState) -> Progress:
        """Sort the targets by how far they are."""
        places: dict[Status, list[str]] = {status: [] for status in Status}
        for target in self.plan.targets:
            places[self._target_status(state, target.id)].append(target.id)
        return Progress(
            waiting=tuple(places[Status.PENDING]),
            running=tuple(places[Status.IN_PROGRESS]),
            succeeded=tuple(places[Status.SUCCEEDED]),
            failed=tuple(places[Status.FAILED]),
        )

    def target_status(self, state: DeploymentState, target: str) -> Status:
        """Give a target's status; one that never began is Skipped once all is over."""
        status = self._target_status(state, target)
        if status is Status.IN_PROGRESS and self._waits(state, target):
            return Status.READY
        if state.status is None or status in (Status.SUCCEEDED, Status.FAILED):
            return status
        # A target stopped half-way stays half-deployed, and is not a success.
        return Status.SKIPPED if status is Status.PENDING else Status.FAILED

    def event_status(self, state: DeploymentState, target: str, event: LifecycleEvent) -> Status:
        """Give the status of one lifecycle event of one target."""
        began = state.begun.get(RunLifecycleEvent(target=target, event=event).key)
        if began is not None:
            return began.status
        over = state.status is not None or self._target_status(state, target) is Status.FAILED
        return Status.SKIPPED if over else Status.PENDING

    def stage(self, state: DeploymentState) -> blue_green.Stage | None:
        """Say how far a blue/green deployment is; None: it is another one."""
        if self.plan.blue_green is None:
            return None
        return blue_green.position(self.plan, state).stage

    def doom(self, state: DeploymentState) -> str | None:
        """Give the deployment's error code when it failed, or must."""
        if self.plan.blue_green is not None:
            return blue_green.position(self.plan, state).error
        move = self._strategy.next(self.progress(state))
        if isinstance(move, Doomed):
            return move.code
        return "HEALTH_CONSTRAINTS" if isinstance(move, Done) and not move.succeeded else None

    def _commands(self, target: str) -> tuple[RunLifecycleEvent, ...]:
        return tuple(
            RunLifecycleEvent(target=target, event=event) for event in self.plan.events_of(target)
        )

    def _target_status(self, state: DeploymentState, target: str) -> Status:
        began = [state.begun.get(command.key) for command in self._commands(target)]
        for event, entry in zip(self.plan.events_of(target), began, strict=True):
            if entry is not None and entry.has_failed and not self.plan.ignores(event):
                return Status.FAILED
        if all(entry is not None and entry.outcome is not None for entry in began):
            return Status.SUCCEEDED
        return Status.IN_PROGRESS if any(began) else Status.PENDING

    def _waits(self, state: DeploymentState, target: str) -> bool:
        """Tell whether a replacement is installed, and its deployment waits to be continued."""
        replacement = {each.id for each in self.plan.targets}
        return (
            state.status is None
            and target in replacement
            and self.stage(state) is blue_green.Stage.READY
        )

    def _next(self, state: DeploymentState, target: str) -> RunLifecycleEvent | None:
        for command in self._commands(target):
            began = state.begun.get(command.key)
            if began is None:
                return command
            if began.outcome is None:
                return None
        return None


def _with(state: DeploymentState, key: str, entry: EventState) -> DeploymentState:
    return replace(state, begun=MappingProxyType({**state.begun, key: entry}))


def _signalled(state: DeploymentState, event: Event) -> DeploymentState:
    match event.data.get("signal"):
        case "stop" if state.stop is None and state.status is None:
            return replace(state, stop=event.data)
        case "rollback":
            return replace(state, rollback=event.data)
        case "continue":
            waited = str(event.data.get("deploymentWaitType"))
            return replace(state, continued=state.continued | {waited})
        case _:
            return state
