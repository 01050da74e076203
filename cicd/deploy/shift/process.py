"""
The rules of a deployment that shifts traffic: which lifecycle event, which step, and when. Pure.

Its one target is a service, or a function. AllowTraffic is no command of its own: it is the steps
of the configuration, each a ``SetWeights``, with waits between them in which it can be stopped.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cicd.deploy import limits
from cicd.deploy.alarms import watching
from cicd.deploy.lifecycle import LifecycleEvent
from cicd.deploy.plan import RunLifecycleEvent, TerminateInstance
from cicd.deploy.process import DeploymentProcess
from cicd.deploy.shift.plan import SetWeights, ShiftPlan, WatchHealth
from cicd.deploy.state import DeploymentState, DeploymentStatus, EventState, Status
from cicd.deploy.strategies.traffic_shift import SetWeight, WaitUntil, next_step
from cicd.deploy.traffic.blue_green import Stage
from cicd.deploy.traffic.plan import BlueAction, ReadyAction, WaitType
from cicd.engine.process import Cancel, Decision, Outcome, OutcomeStatus
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.deploy.plan import DeploymentPlan
    from cicd.engine.process import Command
    from cicd.event import Event

_OVER = Outcome(status=OutcomeStatus.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Position:
    """How far it is: the event that is next, runs or failed; None: all are over."""

    stage: Stage
    event: LifecycleEvent | None = None
    entry: EventState | None = None  # of the event; None: it has not begun
    until: datetime | None = None  # when a wait ends by itself


class ShiftProcess(DeploymentProcess):
    """The process of one plan that shifts traffic."""

    def __init__(self, plan: DeploymentPlan) -> None:
        """Take the plan; the steps follow from its configuration."""
        super().__init__(plan)
        assert plan.shift is not None
        self.shift: ShiftPlan = plan.shift
        self.target = plan.targets[0].id
        self.steps = plan.shift.steps

    def done_steps(self, state: DeploymentState) -> list[tuple[SetWeights, EventState]]:
        """Give the steps of AllowTraffic that have begun, in order."""
        found = []
        for step in self.steps:
            command = SetWeights(target=self.target, weight=step.weight)
            entry = state.begun.get(command.key)
            if entry is None:
                break
            found.append((command, entry))
        return found

    def weight(self, state: DeploymentState) -> int:
        """Give the replacement's weight: the last step that succeeded."""
        done = [c.weight for c, e in self.done_steps(state) if e.status is Status.SUCCEEDED]
        return 0 if self._health_failed(state) else (done[-1] if done else 0)

    def next_step_at(self, state: DeploymentState, now: datetime) -> tuple[int, datetime] | None:
        """Give the next step's weight and moment; None: none is being waited for."""
        done = self.done_steps(state)
        move = self._move(state, now)
        if not done or not isinstance(move, WaitUntil):
            return None
        return self.steps[len(done)].weight, move.moment

    def is_shifted(self, state: DeploymentState) -> bool:
        """Tell whether the replacement has all of the traffic: it is the primary one then."""
        return self._allow_traffic(state) is Status.SUCCEEDED and not self._health_failed(state)

    def apply(self, state: DeploymentState, event: Event) -> DeploymentState:
        """Fold one event; waits of a dead driver whose clock ran ahead count from the resume."""
        folded = super().apply(state, event)
        if event.data.get("signal") != "resumed":
            return folded
        begun = folded.begun
        for command, entry in self.done_steps(folded):
            if entry.started_at > event.at:
                begun = begun.with_event(command.key, replace(entry, started_at=event.at))
        return replace(folded, begun=begun)

    # ── What the rules are asked ──────────────────────────────────────────────────────────────

    def decide(self, state: DeploymentState, now: datetime) -> Decision:
        """Begin what may begin; a stop, an alarm or an ill replacement ends shifting at once."""
        checking = watching.first_look(self.plan, state)
        if checking is not None:
            return checking
        late, wake = limits.late(self.plan, self._without_health(state), now)
        decision = self._decide(state, now)
        wakes = [moment for moment in (decision.wake_at, wake) if moment is not None]
        decision = replace(
            decision, cancel=(*decision.cancel, *late), wake_at=min(wakes, default=None)
        )
        if decision.conclude is not None and self._health_runs(state):
            over = Cancel(key=WatchHealth(target=self.target).key, reason="OVER")
            decision = replace(decision, cancel=(*decision.cancel, over))
        return watching.with_watch(self.plan, state, decision)

    def in_flight(self, state: DeploymentState) -> tuple[Command, ...]:
        """Give what began and did not end."""
        commands: list[Command] = [
            RunLifecycleEvent(target=self.target, event=event) for event in self.plan.events
        ]
        commands += [SetWeights(target=self.target, weight=step.weight) for step in self.steps]
        commands += [WatchHealth(target=self.target), TerminateInstance(target=self.target)]
        running = tuple(each for each in commands if each.key in state.begun.running)
        return (*running, *watching.in_flight(state))

    def status(self, state: DeploymentState) -> str:
        """Give the deployment's status; while the original is kept it bakes."""
        if state.status is not None:
            return state.status
        stage = self._position(state).stage
        if stage is Stage.READY:
            return DeploymentStatus.READY
        if not state.begun:
            return DeploymentStatus.CREATED
        waits = stage is Stage.TERMINATION_WAIT and not self._busy(state)
        return DeploymentStatus.BAKING if waits else DeploymentStatus.IN_PROGRESS

    def waits_until(self, state: DeploymentState) -> datetime | None:
        """Say when the wait ends by itself that a deployment is in; None: it is in none."""
        if state.status is not None or state.stop is not None or self._busy(state):
            return None
        return self._position(state).until

    def target_status(self, state: DeploymentState, target: str) -> Status:
        """Give the service's, or the function's, status."""
        del target
        position = self._position(state)
        if self._error(state) is not None:
            return Status.FAILED
        if position.event is None:
            return Status.SUCCEEDED
        if state.status is None and position.stage is Stage.READY:
            return Status.READY
        if not state.begun:
            return Status.PENDING if state.status is None else Status.SKIPPED
        return Status.IN_PROGRESS if state.status is None else Status.FAILED

    def event_status(self, state: DeploymentState, target: str, event: LifecycleEvent) -> Status:
        """Give the status of one lifecycle event; AllowTraffic's is that of its steps."""
        if event is LifecycleEvent.ALLOW_TRAFFIC:
            found: Status | None = self._allow_traffic(state)
        else:
            entry = state.begun.get(RunLifecycleEvent(target=target, event=event).key)
            found = None if entry is None else entry.status
        if found is not None:
            return found
        return Status.PENDING if state.status is None else Status.SKIPPED

    def event_state(self, state: DeploymentState, event: LifecycleEvent) -> EventState | None:
        """Give when a lifecycle event began and ended, and how; None: it has not begun."""
        if event is not LifecycleEvent.ALLOW_TRAFFIC:
            return state.begun.get(RunLifecycleEvent(target=self.target, event=event).key)
        done = self.done_steps(state)
        if not done:
            return None
        last = done[-1][1]
        over = self._allow_traffic(state) is not Status.IN_PROGRESS
        return replace(last, started_at=done[0][1].started_at) if over else done[0][1]

    def stage(self, state: DeploymentState) -> Stage | None:
        """Say how far it is."""
        return self._position(state).stage

    def doom(self, state: DeploymentState) -> str | None:
        """Give the deployment's error code when it failed, or must."""
        return self._error(state) or (
            "TIMEOUT" if state.status == DeploymentStatus.FAILED else None
        )

    # ── The rules ─────────────────────────────────────────────────────────────────────────────

    def _decide(self, state: DeploymentState, now: datetime) -> Decision:
        busy = self._busy(state)
        if state.stop is not None or state.alarm is not None:
            return self._stop(state) if busy else Decision(conclude=DeploymentStatus.STOPPED)
        if self._error(state) is not None:
            return Decision() if busy else Decision(conclude=DeploymentStatus.FAILED)
        limit = limits.of_plan(self.plan, state)
        position = self._position(state)
        if limit is not None and now >= limit and position.stage is not Stage.TERMINATE:
            return Decision() if busy else Decision(conclude=DeploymentStatus.FAILED)
        if busy:
            return Decision()
        match position.stage:
            case Stage.READY:
                if position.until is not None and now < position.until:
                    return Decision(wake_at=position.until)
                return Decision(conclude=DeploymentStatus.STOPPED)
            case Stage.ALLOW if position.event is LifecycleEvent.ALLOW_TRAFFIC:
                return self._step(state, now)
            case Stage.TERMINATION_WAIT:
                return self._terminate(state, position, now)
            case Stage.OVER:
                return Decision(conclude=DeploymentStatus.SUCCEEDED)
            case _:
                assert position.event is not None
                command = RunLifecycleEvent(target=self.target, event=position.event)
                return Decision(start=(command,))

    def _stop(self, state: DeploymentState) -> Decision:
        """Cut short what waits: the replacement to become healthy, a hook to report."""
        waits = {
            RunLifecycleEvent(target=self.target, event=event).key for event in self.plan.events
        }
        running = [key for key in state.begun.running if key in waits]
        return Decision(cancel=tuple(Cancel(key=key, reason="STOPPED") for key in running))

    def _step(self, state: DeploymentState, now: datetime) -> Decision:
        match self._move(state, now):
            case SetWeight(weight=weight):
                command = SetWeights(target=self.target, weight=weight)
                watch = WatchHealth(target=self.target)
                watched = (
                    watch.key in state.begun
                    or self.shift.rollback
                    or self.shift.service is None  # nobody checks a function's health
                )
                return Decision(start=(command,) if watched else (watch, command))
            case WaitUntil(moment=moment):
                return Decision(wake_at=moment)
            case _:
                return Decision()

    def _terminate(self, state: DeploymentState, position: _Position, now: datetime) -> Decision:
        """End the original once its wait is over; that it cannot be ended changes nothing."""
        command = TerminateInstance(target=self.target)
        if command.key in state.begun:
            return Decision(conclude=DeploymentStatus.SUCCEEDED)
        if position.until is not None and now < position.until:
            return Decision(wake_at=position.until)
        return Decision(start=(command,))

    def _position(self, state: DeploymentState) -> _Position:
        ended: datetime | None = None
        for event in self.plan.events:
            entry = self.event_state(state, event)
            if event is LifecycleEvent.ALLOW_TRAFFIC:
                if entry is None and self._is_waiting(state):
                    until = _after(ended or state.created_at, self.shift.options.ready_wait)
                    return _Position(stage=Stage.READY, event=event, until=until)
                if self._allow_traffic(state) is not Status.SUCCEEDED:
                    return _Position(stage=Stage.ALLOW, event=event, entry=entry)
            elif entry is None or entry.outcome is None:
                return _Position(stage=Stage.INSTALL, event=event, entry=entry)
            ended = entry.finished_at if entry is not None else ended
        options = self.shift.options
        kept = options.blue_action is BlueAction.KEEP_ALIVE and not self.shift.rollback
        if kept or not self._has_original:
            return _Position(stage=Stage.OVER)
        if WaitType.TERMINATION_WAIT in state.continued or self.shift.rollback:
            return _Position(stage=Stage.TERMINATION_WAIT)
        until = _after(ended, options.termination_wait)
        return _Position(stage=Stage.TERMINATION_WAIT, until=until)

    @property
    def _has_original(self) -> bool:
        service = self.shift.service
        return service is not None and bool(service.original.id)

    def _is_waiting(self, state: DeploymentState) -> bool:
        return (
            self.shift.options.ready_action is ReadyAction.STOP_DEPLOYMENT
            and WaitType.READY_WAIT not in state.continued
            and not self.shift.rollback
        )

    def _move(self, state: DeploymentState, now: datetime) -> SetWeight | WaitUntil | None:
        began = [entry.started_at for _, entry in self.done_steps(state)]
        move = next_step(self.steps, began, now)
        return move if isinstance(move, SetWeight | WaitUntil) else None

    def _allow_traffic(self, state: DeploymentState) -> Status | None:
        done = self.done_steps(state)
        if not done:
            return None
        if self._health_failed(state) or any(entry.has_failed for _, entry in done):
            return Status.FAILED
        over = len(done) == len(self.steps) and done[-1][1].outcome is not None
        if not over and state.status is not None:
            return Status.FAILED  # stopped half-way
        return Status.SUCCEEDED if over else Status.IN_PROGRESS

    def _error(self, state: DeploymentState) -> str | None:
        """Give the deployment's code when it can only fail."""
        if self._health_failed(state):
            return "CUSTOMER_APPLICATION_UNHEALTHY"
        for event in self.plan.events:
            entry = self.event_state(state, event)
            if entry is not None and entry.has_failed:
                said = None if entry.outcome is None else entry.outcome.detail.get("code")
                usual = "ECS_UPDATE_ERROR" if self.shift.service is not None else "INTERNAL_ERROR"
                return str(said or usual)
        return None

    def _health_failed(self, state: DeploymentState) -> bool:
        entry = state.begun.get(WatchHealth(target=self.target).key)
        if entry is None or entry.outcome is None:
            return False
        return entry.outcome.status not in (OutcomeStatus.DONE, OutcomeStatus.CANCELLED)

    def _health_runs(self, state: DeploymentState) -> bool:
        return WatchHealth(target=self.target).key in state.begun.running

    def _busy(self, state: DeploymentState) -> bool:
        """Tell whether something runs that ends by itself."""
        return len(state.begun.running) > int(self._health_runs(state))

    def _without_health(self, state: DeploymentState) -> DeploymentState:
        """Leave out the watch, which has no hour: it lasts as long as the deployment."""
        watch = WatchHealth(target=self.target).key
        if watch not in state.begun.running:
            return state
        entry = state.begun[watch]
        ended = replace(entry, outcome=_OVER)
        return replace(state, begun=state.begun.with_event(watch, ended))

    def _stood(self, state: DeploymentState, key: str) -> DeploymentState:
        """Note nothing: there is one target, and how it stands is asked for when it matters."""
        del key
        return state


def _after(ended: datetime | None, wait: timedelta) -> datetime | None:
    return None if ended is None else ended + wait
