"""What a deployment would do, event by event: its own process, on a clock that jumps. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from statistics import median_low
from typing import TYPE_CHECKING, Final

from cicd.deploy.plan import RunLifecycleEvent, WatchAlarms
from cicd.deploy.process import DeploymentProcess
from cicd.engine.codec import encode
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.engine.rehearse import rehearse
from cicd.event import EventKind
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.deploy.plan import DeploymentPlan
    from cicd.deploy.state import DeploymentState
    from cicd.engine.process import Command
    from cicd.event import Event

UNKNOWN: Final = timedelta(seconds=1)
"""How long a lifecycle event takes of which no earlier deployment tells."""
_START: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """How long lifecycle events take; the target's own time first, then all targets' of it."""

    by_key: Mapping[str, timedelta]  # "web-1/Install"
    by_event: Mapping[str, timedelta]

    def of(self, command: RunLifecycleEvent) -> timedelta:
        """Give one event's time."""
        known = self.by_key.get(command.key)
        return known or self.by_event.get(command.event, UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetForecast:
    """What one target does, and when, counted from the beginning of the deployment."""

    target: str
    status: str
    begins: timedelta | None  # None: it is never begun
    ends: timedelta | None
    events: tuple[tuple[str, timedelta, timedelta], ...] = ()  # (lifecycle event, from, to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """How a deployment would go. Capacity counts the hosts that serve."""

    status: str
    takes: timedelta
    minimum: int
    targets: tuple[TargetForecast, ...]
    capacity: tuple[tuple[timedelta, int], ...]  # (from when, hosts), in order
    lowest: int
    failed: tuple[str, ...]  # the targets that were made to fail
    down: tuple[str, ...]  # those that do not run
    code: str | None  # the deployment's, when it fails
    learned: bool  # whether earlier deployments tell the times


def durations(events: Iterable[Event]) -> Durations:
    """Learn from the events of earlier deployments how long things take: the median."""
    began: dict[str, datetime] = {}
    by_key: dict[str, list[timedelta]] = {}
    by_event: dict[str, list[timedelta]] = {}
    for event in events:
        if event.kind is EventKind.STARTED:
            began[event.key] = event.at
        elif event.kind is EventKind.FINISHED and event.key in began and "/" in event.key:
            took = event.at - began.pop(event.key)
            by_key.setdefault(event.key, []).append(took)
            by_event.setdefault(event.key.rpartition("/")[2], []).append(took)
    return Durations(
        by_key={key: median_low(each) for key, each in by_key.items()},
        by_event={name: median_low(each) for name, each in by_event.items()},
    )


def forecast(
    plan: DeploymentPlan,
    known: Durations,
    *,
    failures: int = 0,
    jobs: int = 8,
    down: frozenset[str] = frozenset(),
) -> Forecast:
    """
    Say how a deployment would go.

    Args:
        plan: The deployment.
        known: How long its lifecycle events take.
        failures: So many targets fail, at their last lifecycle event: the first that are taken,
            which is the worst that as many failures can do.
        jobs: Lifecycle events at once.
        down: The targets that do not run: each fails at once.

    """
    process = DeploymentProcess(plan)
    able = [target.id for target in plan.targets if target.id not in down]
    failing = tuple(able[:failures])
    events = rehearse(
        process,
        encode(plan),
        start=_START,
        jobs=jobs + int(plan.alarms is not None),
        perform=lambda command: _perform(plan, known, failing, down, command),
    )
    state = process.initial()
    capacity: list[tuple[timedelta, int]] = []
    for event in events:
        state = process.apply(state, event)
        capacity.append((event.at - _START, process.serving(state)))
    return Forecast(
        status=str(state.status),
        takes=events[-1].at - _START,
        minimum=process.minimum,
        targets=tuple(_target(process, state, target.id) for target in plan.instances),
        capacity=_steps(capacity),
        lowest=min(serving for _, serving in capacity),
        failed=failing,
        down=tuple(target.id for target in plan.targets if target.id in down),
        code=process.doom(state),
        learned=bool(known.by_event),
    )


def _target(process: DeploymentProcess, state: DeploymentState, target: str) -> TargetForecast:
    events = tuple(
        (str(event), began.started_at - _START, began.finished_at - _START)
        for event in process.plan.events_of(target)
        if (began := state.begun.get(RunLifecycleEvent(target=target, event=event).key))
        and began.finished_at
    )
    return TargetForecast(
        target=target,
        status=str(process.target_status(state, target)),
        begins=events[0][1] if events else None,
        ends=events[-1][2] if events else None,
        events=events,
    )


def _perform(
    plan: DeploymentPlan,
    known: Durations,
    failing: tuple[str, ...],
    down: frozenset[str],
    command: Command,
) -> tuple[timedelta, Outcome] | None:
    done = Outcome(status=OutcomeStatus.DONE)
    if isinstance(command, WatchAlarms):
        return (timedelta(0), done) if command.once else None
    if not isinstance(command, RunLifecycleEvent):
        return UNKNOWN, done
    if command.target in down:
        return timedelta(0), Outcome(status=OutcomeStatus.FAULT)
    fails = command.target in failing and command.event == plan.events[-1]
    outcome = Outcome(status=OutcomeStatus.FAILED) if fails else done
    return known.of(command), outcome


def _steps(capacity: list[tuple[timedelta, int]]) -> tuple[tuple[timedelta, int], ...]:
    """Keep the last number of each moment, where it differs from the one before."""
    steps: list[tuple[timedelta, int]] = []
    for at, serving in capacity:
        if steps and steps[-1][0] == at:
            steps.pop()
        if not steps or steps[-1][1] != serving:
            steps.append((at, serving))
    return tuple(steps)
