"""What a group's earlier deployments say: who may be next, what is good, who goes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.fleet.hooks import BY_ITSELF, TERMINATION
from cicd.deploy.plan import TERMINATE, DeploymentPlan
from cicd.deploy.processes import process_of
from cicd.deploy.state import DeploymentStatus, Status
from cicd.engine.codec import decode
from cicd.errors import Conflict, UsageError
from cicd.event import Event, EventKind
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cicd.deploy.plan import RevisionPlan
    from cicd.deploy.process import DeploymentProcess
    from cicd.deploy.state import DeploymentState
    from cicd.ports import Services

KIND: Final = "deployment"
_BEGINNING: Final = timedelta(minutes=1)  # an admitted deployment without events died at its birth
_LOOKED_BACK: Final = 20  # deployments


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An earlier deployment of the group."""

    plan: DeploymentPlan
    status: str
    targets: Mapping[str, Status]


def stream_of(deployment_id: str) -> str:
    """Name a deployment's stream."""
    return f"{KIND}/{deployment_id}"


def read_plan(stream: str, services: Services) -> DeploymentPlan | None:
    """Read a deployment's plan; None when the stream is empty."""
    for _, event in services.log.read(stream):
        if event.kind is EventKind.SUBMITTED:
            return decode(DeploymentPlan, event.data["plan"])
    return None


def fold(process: DeploymentProcess, services: Services) -> DeploymentState:
    """Give the state of a deployment: its events, folded."""
    state = process.initial()
    for _, event in services.log.read(stream_of(process.plan.deployment_id)):
        state = process.apply(state, event)
    return state


def admit(plan: DeploymentPlan, services: Services) -> None:
    """
    Keep a group to one active deployment: who appends to the group's stream is the next.

    One that was admitted and died before it began may begin now.
    Those that a fleet makes by itself are not counted: each goes to instances of its own.

    Raises:
        UsageError: Another one is active.

    """
    if plan.creator in BY_ITSELF:
        return
    stream = _admissions(plan)
    while True:
        admissions = services.log.read(stream)
        version, last = admissions[-1] if admissions else (0, None)
        holder = None if last is None else last.data["deploymentId"]
        if holder == plan.deployment_id:
            return
        if last is not None and _is_active(last, services):
            raise UsageError(
                f"The Deployment Group '{plan.deployment_group_name}' already has an active "
                f"Deployment '{holder}' (DeploymentLimitExceededException)",
                hint=f"wait for it; 'cicd deploy stop {holder}' ends it, and "
                f"'cicd deploy resume {holder}' takes it up again",
            )
        admitted = Event(
            kind=EventKind.SIGNALLED,
            at=services.clock.now(),
            data={"signal": "admitted", "deploymentId": plan.deployment_id},
        )
        try:
            services.log.append(stream, (admitted,), expected=version)
        except Conflict:
            continue
        return


def overtaken_by(plan: DeploymentPlan, services: Services, *, besides: str) -> str | None:
    """Give the group's last deployment if it came after ``plan`` and is not ``besides``."""
    events = services.log.read(_admissions(plan))
    last = str(events[-1][1].data["deploymentId"]) if events else plan.deployment_id
    return None if last in (plan.deployment_id, besides) else last


def _admissions(plan: DeploymentPlan) -> str:
    return f"deployment-group/{plan.deployment_group_id}"


def _is_active(admitted: Event, services: Services) -> bool:
    events = services.log.read(stream_of(str(admitted.data["deploymentId"])))
    if not events:
        return services.clock.now() - admitted.at < _BEGINNING
    return not any(event.kind is EventKind.CONCLUDED for _, event in events)


def last_succeeded(plan: DeploymentPlan, services: Services) -> DeploymentPlan | None:
    """Give the group's last deployment before ``plan`` that Succeeded: its last known good."""
    return last_good(
        plan.deployment_group_name,
        plan.deployment_group_id,
        services,
        before=stream_of(plan.deployment_id),
    )


def last_good(
    group: str, group_id: str, services: Services, *, before: str | None = None
) -> DeploymentPlan | None:
    """
    Give a group's last deployment that Succeeded; those that a fleet made by itself are none.

    Args:
        group: Its name.
        group_id: Its id.
        services: The services.
        before: Only those that were made before this stream; None, or one not made yet: all.

    """
    records = services.executions.list(kind=KIND, name=group)
    streams = [record.stream for record in records]
    # The newest come first.
    for record in records[streams.index(before) + 1 if before in streams else 0 :]:
        if record.status == DeploymentStatus.SUCCEEDED:
            earlier = read_plan(record.stream, services)
            if (
                earlier is not None
                and earlier.deployment_group_id == group_id
                and earlier.creator not in BY_ITSELF
            ):
                return earlier
    return None


def has_ended_original(plan: DeploymentPlan, services: Services) -> bool:
    """Tell whether a blue/green deployment began to end its original environment."""
    state = fold(process_of(plan), services)
    if plan.shift is not None and state.status == DeploymentStatus.SUCCEEDED:
        return True
    return any(key.endswith(f"/{TERMINATE}") for key in state.begun)


def settle_environments(plan: DeploymentPlan, services: Services) -> DeploymentPlan:
    """
    Deploy to the environment that has no traffic: after a success the replacement is the next
    deployment's original, whichever of the two was written down as such.

    Source: CodeDeploy User Guide, "Overview of a blue/green deployment".
    """
    blue_green = plan.blue_green
    if blue_green is None:
        return plan
    earlier = last_succeeded(plan, services)
    live = set() if earlier is None else {target.id for target in earlier.targets}
    if not live or live != {target.id for target in plan.targets}:
        return plan
    return replace(
        plan,
        targets=blue_green.original,
        blue_green=replace(blue_green, original=plan.targets),
    )


def earlier_events(plan: DeploymentPlan, services: Services) -> Iterator[Event]:
    """Give the events of the group's last deployments, one deployment after the other."""
    for record in services.executions.list(
        kind=KIND, name=plan.deployment_group_name, limit=_LOOKED_BACK
    ):
        for _, event in services.log.read(record.stream):
            yield event


def in_order_of_health(plan: DeploymentPlan, services: Services) -> DeploymentPlan:
    """Order a plan's targets as ``health_order`` says, by the group's last deployments."""
    targets = [target.id for target in plan.targets]
    attempts: list[Attempt] = []
    for attempt in _attempts(plan, services):
        attempts.append(attempt)
        if _is_enough(targets, attempts):
            break
    order = {target: place for place, target in enumerate(health_order(targets, attempts))}
    return replace(plan, targets=tuple(sorted(plan.targets, key=lambda t: order[t.id])))


def only_outdated(plan: DeploymentPlan, services: Services) -> DeploymentPlan:
    """
    Keep the targets that do not have the group's last good revision.

    Raises:
        UsageError: There is none.

    Source: CreateDeployment, "updateOutdatedInstancesOnly".
    """
    attempts = recent_attempts(plan, services)
    good = _last_good(attempts)
    outdated = tuple(
        target
        for target in plan.targets
        if good is None or installed_revision(target.id, attempts) != good
    )
    if not outdated:
        raise UsageError(
            f"every instance of '{plan.deployment_group_name}' has the last good revision "
            "(NO_INSTANCES)",
            hint="leave out --update-outdated-instances-only to deploy to all of them",
        )
    return replace(plan, targets=outdated)


def _last_good(attempts: Sequence[Attempt]) -> RevisionPlan | None:
    return next((a.plan.revision for a in attempts if _is_good(a)), None)


def _is_good(attempt: Attempt) -> bool:
    return attempt.status == DeploymentStatus.SUCCEEDED and attempt.plan.creator not in BY_ITSELF


def installed_revision(target: str, attempts: Sequence[Attempt]) -> RevisionPlan | None:
    """Give the revision that was last deployed to a target with success."""
    return next(
        (
            a.plan.revision
            for a in attempts
            if a.targets.get(target) is Status.SUCCEEDED and a.plan.creator != TERMINATION
        ),
        None,
    )


def _is_enough(targets: Sequence[str], attempts: Sequence[Attempt]) -> bool:
    """Tell whether earlier deployments than these could say nothing more about health."""
    good = any(_is_good(attempt) for attempt in attempts)
    return good and all(
        any(attempt.targets.get(target) is Status.SUCCEEDED for attempt in attempts)
        for target in targets
    )


def recent_attempts(plan: DeploymentPlan, services: Services) -> tuple[Attempt, ...]:
    """Give the last deployments to a plan's group, the newest first."""
    return tuple(_attempts(plan, services))


def _attempts(plan: DeploymentPlan, services: Services) -> Iterator[Attempt]:
    for record in services.executions.list(
        kind=KIND, name=plan.deployment_group_name, limit=_LOOKED_BACK
    ):
        earlier = read_plan(record.stream, services)
        if earlier is None or earlier.deployment_group_id != plan.deployment_group_id:
            continue
        process = process_of(earlier)
        state = fold(process, services)
        yield Attempt(
            plan=earlier,
            status=state.status or "",
            targets={t.id: process.target_status(state, t.id) for t in earlier.targets},
        )


def health_order(targets: Sequence[str], attempts: Sequence[Attempt]) -> list[str]:
    """
    Order targets: unhealthy ones first, then by revision unknown, old, current; then by id.

    Healthy: the last attempt on it succeeded. Current: what it has is the group's last good
    revision.

    Args:
        targets: Their ids.
        attempts: Earlier deployments, the newest first.

    Source: CodeDeploy User Guide, "Instance health".
    """
    good = _last_good(attempts)

    def key(target: str) -> tuple[bool, int, str]:
        tried = [a for a in attempts if a.targets.get(target) in (Status.SUCCEEDED, Status.FAILED)]
        healthy = bool(tried) and tried[0].targets[target] is Status.SUCCEEDED
        installed = installed_revision(target, tried)
        rank = 0 if installed is None else 1 + int(installed == good)
        return healthy, rank, target

    return sorted(targets, key=key)
