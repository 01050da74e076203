"""The rules of a deployment to servers: which lifecycle event begins on which target, and when."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.deploy import limits
from cicd.deploy.alarms import watching
from cicd.deploy.lifecycle import LifecycleEvent
from cicd.deploy.plan import DeploymentPlan, RunLifecycleEvent
from cicd.deploy.standings import Standings
from cicd.deploy.state import (
    DeploymentState,
    DeploymentStatus,
    EventState,
    Status,
    signalled,
    with_command,
)
from cicd.deploy.strategies import strategy_for
from cicd.deploy.strategies.rolling_window import Done, Doomed, Move, Progress, Take, Wait
from cicd.deploy.traffic import blue_green
from cicd.engine.codec import decode
from cicd.engine.process import Decision, Outcome
from cicd.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cicd.engine.process import Command
    from cicd.event import Event


class DeploymentProcess:
    """The process of one plan."""

    def __init__(self, plan: DeploymentPlan) -> None:
        """Take the plan; the strategy follows from its configuration."""
        self.plan = plan
        self._strategy = strategy_for(
            plan.config, {target.id: target.zone for target in plan.targets}
        )
        self._standings = Standings(plan)
        self._sorted: tuple[Mapping[str, Status], Progress] | None = None

    @property
    def minimum(self) -> int:
        """How many targets must stay in service."""
        return self._strategy.minimum

    def serving(self, state: DeploymentState) -> int:
        """
        Count the instances that serve.

        In place: all but those that are being deployed to, or have failed. Blue/green: those that
        have been given traffic, and the original ones until it is taken from them.
        """
        original = None if self.plan.blue_green is None else self.plan.blue_green.original
        if original is None:
            progress = self.progress(state)
            return len(self.plan.targets) - len(progress.running) - len(progress.failed)
        allowed = LifecycleEvent.ALLOW_TRAFFIC
        return sum(
            self.event_status(state, target.id, allowed) is Status.SUCCEEDED
            for target in self.plan.targets
        ) + sum(
            RunLifecycleEvent(target=target.id, event=LifecycleEvent.BLOCK_TRAFFIC).key
            not in state.begun
            for target in original
        )

    def initial(self) -> DeploymentState:
        """Nothing has happened."""
        return DeploymentState()

    def apply(self, state: DeploymentState, event: Event) -> DeploymentState:
        """Fold one event."""
        match event.kind:
            case EventKind.SUBMITTED:
                return replace(state, created_at=event.at)
            case EventKind.STARTED:
                began = EventState(started_at=event.at)
                return self._stood(with_command(state, event.key, began), event.key)
            case EventKind.FINISHED:
                outcome = decode(Outcome, event.data["outcome"])
                began = (state.begun if "/" in event.key else state.watched)[event.key]
                ended = replace(began, finished_at=event.at, outcome=outcome)
                return self._stood(with_command(state, event.key, ended), event.key)
            case EventKind.SIGNALLED:
                return signalled(state, event)
            case EventKind.CONCLUDED:
                status = decode(DeploymentStatus, event.data["status"])
                return replace(state, status=status, concluded_at=event.at)

    def in_flight(self, state: DeploymentState) -> tuple[Command, ...]:
        """Give what began and did not end: lifecycle events, and the watch over the alarms."""
        return (*self._events_in_flight(state), *watching.in_flight(state))

    def decide(self, state: DeploymentState, now: datetime) -> Decision:
        """
        Begin what may begin.

        A target that began goes on to its end even when the deployment is doomed;
        after a stop, an alarm, or the end of its time, nothing begins on any target.
        """
        checking = watching.first_look(self.plan, state)
        if checking is not None:
            return checking
        if self.plan.blue_green is None:
            decision = self._in_place(state, now)
        else:
            decision = self._blue_green(state, now)
        return watching.with_watch(self.plan, state, decision)

    def progress(self, state: DeploymentState, now: datetime | None = None) -> Progress:
        """Sort the targets by how far they are."""
        zonal = self.plan.config.zonal is not None
        # Most events change no target's place: the last answer is still true.
        if not zonal and self._sorted is not None and self._sorted[0] is state.targets:
            return self._sorted[1]
        standings = [
            (target.id, self._standings.of(state, target.id)) for target in self.plan.targets
        ]

        def are(wanted: Status) -> tuple[str, ...]:
            return tuple(target for target, status in standings if status is wanted)

        succeeded, failed = are(Status.SUCCEEDED), are(Status.FAILED)
        # Only zones ask when: to be monitored.
        over = (*succeeded, *failed) if zonal else ()
        progress = Progress(
            waiting=are(Status.PENDING),
            running=are(Status.IN_PROGRESS),
            succeeded=succeeded,
            failed=failed,
            ended={target: self._standings.end(state, target) for target in over},
            now=now if zonal else None,
        )
        self._sorted = (state.targets, progress)
        return progress

    def status(self, state: DeploymentState) -> str:
        """Give the deployment's status; it succeeded when traffic is moved, whatever runs on."""
        if state.status is not None:
            return state.status
        stage = self.stage(state)
        if stage in (blue_green.Stage.TERMINATION_WAIT, blue_green.Stage.OVER):
            return DeploymentStatus.SUCCEEDED
        if stage is blue_green.Stage.READY:
            return DeploymentStatus.READY
        if not state.begun:
            return DeploymentStatus.CREATED
        bakes = self.monitored_until(state) is not None
        return DeploymentStatus.BAKING if bakes else DeploymentStatus.IN_PROGRESS

    def monitored_until(self, state: DeploymentState) -> datetime | None:
        """Say until when a zone is monitored while nothing runs; None: nothing waits for that."""
        if self.plan.config.zonal is None or not state.begun or self._events_in_flight(state):
            return None
        if state.stop is not None or state.alarm is not None:
            return None
        ends = [entry.finished_at for entry in state.begun.values() if entry.finished_at]
        move = self._strategy.next(self.progress(state, max(ends)))
        return move.until if isinstance(move, Wait) else None

    def waits_until(self, state: DeploymentState) -> datetime | None:
        """Say when the wait ends by itself that a deployment is in; None: it is in none."""
        if state.status is not None or state.stop is not None or state.begun.running:
            return None
        if self.plan.blue_green is None:
            return self.monitored_until(state)
        return blue_green.position(self.plan, state).until

    def target_status(self, state: DeploymentState, target: str) -> Status:
        """Give a target's status; one that never began is Skipped once all is over."""
        status = self._standings.of(state, target)
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
        over = state.status is not None or self._standings.of(state, target) is Status.FAILED
        return Status.SKIPPED if over else Status.PENDING

    def stage(self, state: DeploymentState) -> blue_green.Stage | None:
        """Say how far a blue/green deployment is; None: it is another one."""
        if self.plan.blue_green is None:
            return None
        return blue_green.position(self.plan, state).stage

    def doom(self, state: DeploymentState) -> str | None:
        """Give the deployment's error code when it failed, or must."""
        if self.plan.blue_green is not None:
            error = blue_green.position(self.plan, state).error
            return error or ("TIMEOUT" if state.status == DeploymentStatus.FAILED else None)
        move = self._strategy.next(self.progress(state))
        if isinstance(move, Doomed):
            return move.code
        if isinstance(move, Done):
            return None if move.succeeded else "HEALTH_CONSTRAINTS"
        return "TIMEOUT" if state.status == DeploymentStatus.FAILED else None

    def _in_place(self, state: DeploymentState, now: datetime) -> Decision:
        progress = self.progress(state, now)
        move = self._strategy.next(progress)
        running = self._events_in_flight(state)
        ending = self._ending(state, move, now)
        if ending is None and isinstance(move, Done | Doomed) and not progress.running:
            ending = DeploymentStatus.FAILED
        late, wake = limits.late(self.plan, state, now)
        if ending is not None:
            return Decision(cancel=late, wake_at=wake, conclude=None if running else ending)
        start = [self._standings.next(state, target) for target in progress.running]
        if isinstance(move, Take):
            start += self._standings.first(move.targets)
        elif isinstance(move, Wait) and move.until is not None:
            wake = move.until if wake is None else min(wake, move.until)
        begin = tuple(command for command in start if command is not None)
        return Decision(start=begin, cancel=late, wake_at=wake)

    def _blue_green(self, state: DeploymentState, now: datetime) -> Decision:
        """Have the rules of blue/green decide, within the limits of its events and its own."""
        decision = blue_green.decide(self.plan, self._stopped(state), now)
        late, wake = limits.late(self.plan, state, now)
        wakes = [moment for moment in (decision.wake_at, wake) if moment is not None]
        decision = replace(
            decision, cancel=(*decision.cancel, *late), wake_at=min(wakes, default=None)
        )
        limit = limits.of_plan(self.plan, state)
        if limit is None or now < limit or decision.conclude is not None:
            return decision
        if self.stage(state) in (blue_green.Stage.TERMINATION_WAIT, blue_green.Stage.OVER):
            return decision  # it has succeeded
        failed = None if self._events_in_flight(state) else DeploymentStatus.FAILED
        return replace(decision, start=(), wake_at=wake, conclude=failed)

    def _stopped(self, state: DeploymentState) -> DeploymentState:
        """Have an alarm stop a blue/green deployment, unless it has succeeded already."""
        over = self.stage(state) is blue_green.Stage.TERMINATION_WAIT
        if state.alarm is None or state.stop is not None or over:
            return state
        return replace(state, stop=state.alarm)

    def _ending(self, state: DeploymentState, move: Move, now: datetime) -> str | None:
        """Say how the deployment ends once nothing runs; None: it goes on."""
        if state.alarm is not None:
            return DeploymentStatus.STOPPED
        if isinstance(move, Done) and move.succeeded:
            return DeploymentStatus.SUCCEEDED
        if state.stop is not None:
            return DeploymentStatus.STOPPED
        limit = limits.of_plan(self.plan, state)
        return DeploymentStatus.FAILED if limit is not None and now >= limit else None

    def _events_in_flight(self, state: DeploymentState) -> tuple[Command, ...]:
        return tuple(self._standings.command(key) for key in state.begun.running)

    def _stood(self, state: DeploymentState, key: str) -> DeploymentState:
        """Note how the target of a command stands now."""
        return self._standings.noted(state, key)

    def _waits(self, state: DeploymentState, target: str) -> bool:
        """Tell whether a replacement is installed, and its deployment waits to be continued."""
        replacement = {each.id for each in self.plan.targets}
        return (
            state.status is None
            and target in replacement
            and self.stage(state) is blue_green.Stage.READY
        )
