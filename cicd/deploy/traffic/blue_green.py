"""
The rules of a blue/green deployment to servers: which instance does what, and when. Pure.

Install on green, wait to be told to go on, register green, deregister blue, wait, end blue.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from cicd.deploy.lifecycle import GREEN_ALLOW, LifecycleEvent
from cicd.deploy.plan import RunLifecycleEvent, TerminateInstance
from cicd.deploy.strategies import STRATEGIES
from cicd.deploy.strategies.rolling_window import Done, Doomed, Progress, Take
from cicd.deploy.traffic.plan import BlueAction, BlueGreenPlan, ReadyAction, WaitType
from cicd.engine.process import Decision
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.deploy.plan import DeploymentPlan
    from cicd.deploy.state import DeploymentState
    from cicd.deploy.strategies.rolling_window import Strategy
    from cicd.engine.process import Command


class Stage(StrEnum):
    """How far a blue/green deployment is."""

    INSTALL = "INSTALL"
    READY = "READY"  # installed, and waiting to be told to go on
    ALLOW = "ALLOW"
    BLOCK = "BLOCK"
    TERMINATION_WAIT = "TERMINATION_WAIT"  # succeeded; blue still runs
    TERMINATE = "TERMINATE"
    OVER = "OVER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The stage, and what the rules say in it."""

    stage: Stage
    progress: Progress | None = None  # of the stage's targets
    error: str | None = None  # the deployment's code, when it can only fail
    until: datetime | None = None  # when a wait ends by itself


def position(plan: DeploymentPlan, state: DeploymentState) -> Position:
    """Say how far it is."""
    blue_green = _options(plan)
    installing = [event for event in plan.events if event not in GREEN_ALLOW]
    green = [target.id for target in plan.targets]
    installed = green
    if installing:
        made = _progress(plan, state, green, installing)
        unfinished = _unfinished(plan, Stage.INSTALL, made, len(green))
        if unfinished is not None:
            return unfinished
        installed = list(made.succeeded)
        if _is_waiting(blue_green, state):
            ended = _ended(state, green, installing)
            assert ended is not None, "something was installed"
            until = ended + blue_green.options.ready_wait
            return Position(stage=Stage.READY, progress=made, until=until)
    allowed = _progress(plan, state, installed, GREEN_ALLOW)
    unfinished = _unfinished(plan, Stage.ALLOW, allowed, len(installed))
    if unfinished is not None:
        return unfinished
    blue = [target.id for target in blue_green.original]
    blue_events = plan.events_of(blue[0]) if blue else ()
    blocked = _progress(plan, state, blue, blue_events)
    if blocked.failed:
        return Position(stage=Stage.BLOCK, progress=blocked, error="HEALTH_CONSTRAINTS")
    if blocked.waiting or blocked.running:
        return Position(stage=Stage.BLOCK, progress=blocked)
    if blue_green.rollback or blue_green.options.blue_action is BlueAction.KEEP_ALIVE:
        return Position(stage=Stage.OVER)
    ended = _ended(state, blue, blue_events) or _ended(state, green, plan.events)
    ending = any(TerminateInstance(target=target).key in state.begun for target in blue)
    if ended is None or ending or WaitType.TERMINATION_WAIT in state.continued:
        return Position(stage=Stage.TERMINATION_WAIT)
    until = ended + blue_green.options.termination_wait
    return Position(stage=Stage.TERMINATION_WAIT, until=until)


def _unfinished(
    plan: DeploymentPlan, stage: Stage, progress: Progress, total: int
) -> Position | None:
    """Say how far a stage is that is not over, or is over and failed; None: it succeeded."""
    move = _strategy(plan, total).next(progress)
    if isinstance(move, Done):
        error = None if move.succeeded else "HEALTH_CONSTRAINTS"
        return Position(stage=stage, progress=progress, error=error) if error else None
    code = move.code if isinstance(move, Doomed) else None
    return Position(stage=stage, progress=progress, error=code)


def decide(plan: DeploymentPlan, state: DeploymentState, now: datetime) -> Decision:
    """Begin what may begin; a target that began a stage goes on to the stage's end."""
    at = position(plan, state)
    running = bool(state.begun.running)
    if at.stage is Stage.OVER:
        return Decision(conclude="Succeeded")
    if at.stage is Stage.TERMINATION_WAIT:
        return _terminate(plan, state, at, now)
    if state.stop is not None:
        return Decision() if running else Decision(conclude="Stopped")
    match at.stage:
        case Stage.READY:
            return _wait(at, now)
        case Stage.BLOCK:
            return _block(plan, state, at)
        case _:
            return _take(plan, state, at)


def _take(plan: DeploymentPlan, state: DeploymentState, at: Position) -> Decision:
    """Install or reroute by the pace of the configuration."""
    progress = at.progress or Progress()
    if at.error is not None and not progress.running:
        return Decision(conclude="Failed")
    begin = list(progress.running)
    installing = [event for event in plan.events if event not in GREEN_ALLOW]
    events: Sequence[LifecycleEvent] = installing
    total = len(plan.targets)
    if at.stage is Stage.ALLOW:
        events = GREEN_ALLOW
        total = sum(map(len, (progress.waiting, progress.running, progress.succeeded)))
        total += len(progress.failed)
    move = _strategy(plan, total).next(progress)
    if isinstance(move, Take):
        begin += move.targets
    return Decision(start=_next(state, begin, events))


def _block(plan: DeploymentPlan, state: DeploymentState, at: Position) -> Decision:
    """
    Deregister blue, all at once whatever the configuration; one failure is the deployment's.

    Source: CodeDeploy User Guide, "Deployment configurations on an EC2 compute platform".
    """
    progress = at.progress or Progress()
    if at.error is not None:
        # Those that began go on: half-way out they would have no requests and still be counted.
        start = _next(state, progress.running, _blue_events(plan))
        return Decision(start=start) if progress.running else Decision(conclude="Failed")
    return Decision(start=_next(state, (*progress.waiting, *progress.running), _blue_events(plan)))


def _blue_events(plan: DeploymentPlan) -> tuple[LifecycleEvent, ...]:
    original = _options(plan).original
    return plan.events_of(original[0].id) if original else ()


def _wait(at: Position, now: datetime) -> Decision:
    assert at.until is not None
    over = now >= at.until
    return Decision(conclude="Stopped") if over else Decision(wake_at=at.until)


def _terminate(
    plan: DeploymentPlan, state: DeploymentState, at: Position, now: datetime
) -> Decision:
    """End blue once its wait is over; that it cannot be ended changes nothing any more."""
    blue_green = _options(plan)
    commands = [TerminateInstance(target=target.id) for target in blue_green.original]
    left = [command for command in commands if command.key not in state.begun]
    if state.begun.running:
        return Decision()
    if state.stop is not None or not left:
        return Decision(conclude="Succeeded")
    if at.until is not None and now < at.until:
        return Decision(wake_at=at.until)
    return Decision(start=tuple(left))


def _is_waiting(blue_green: BlueGreenPlan, state: DeploymentState) -> bool:
    return (
        blue_green.options.ready_action is ReadyAction.STOP_DEPLOYMENT
        and WaitType.READY_WAIT not in state.continued
    )


def _options(plan: DeploymentPlan) -> BlueGreenPlan:
    assert plan.blue_green is not None
    return plan.blue_green


def _strategy(plan: DeploymentPlan, total: int) -> Strategy:
    make = STRATEGIES.get(plan.config.strategy)
    return make(plan.config.minimum_healthy_hosts, max(total, 1))


def _progress(
    plan: DeploymentPlan,
    state: DeploymentState,
    targets: Sequence[str],
    events: Sequence[LifecycleEvent],
) -> Progress:
    waiting, running, succeeded, failed = [], [], [], []
    for target in targets:
        began = [
            (event, state.begun.get(RunLifecycleEvent(target=target, event=event).key))
            for event in events
        ]
        if any(
            entry is not None and entry.has_failed and not plan.ignores(event)
            for event, entry in began
        ):
            failed.append(target)
        elif all(entry is not None and entry.outcome is not None for _, entry in began):
            succeeded.append(target)
        elif any(entry is not None for _, entry in began):
            running.append(target)
        else:
            waiting.append(target)
    return Progress(
        waiting=tuple(waiting),
        running=tuple(running),
        succeeded=tuple(succeeded),
        failed=tuple(failed),
    )


def _next(
    state: DeploymentState, targets: Sequence[str], events: Sequence[LifecycleEvent]
) -> tuple[Command, ...]:
    start: list[Command] = []
    for target in targets:
        for event in events:
            command = RunLifecycleEvent(target=target, event=event)
            began = state.begun.get(command.key)
            if began is None:
                start.append(command)
            if began is None or began.outcome is None:
                break
    return tuple(start)


def _ended(
    state: DeploymentState, targets: Sequence[str], events: Sequence[LifecycleEvent]
) -> datetime | None:
    """Say when the last of these events ended."""
    moments = [
        entry.finished_at
        for target in targets
        for event in events
        if (entry := state.begun.get(RunLifecycleEvent(target=target, event=event).key))
        and entry.finished_at is not None
    ]
    return max(moments, default=None)
