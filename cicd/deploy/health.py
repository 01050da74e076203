"""Which instances go first, and which are outdated: what earlier deployments say of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.deploy.fleet.hooks import BY_ITSELF, TERMINATION
from cicd.deploy.history import KIND, LOOKED_BACK, fold, read_plan
from cicd.deploy.plan import DeploymentPlan
from cicd.deploy.processes import process_of
from cicd.deploy.state import DeploymentStatus, Status
from cicd.errors import CicdError, UsageError
from cicd.ports import TargetKind
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cicd.deploy.plan import RevisionPlan
    from cicd.ports import Services, TargetSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An earlier deployment of the group."""

    plan: DeploymentPlan
    status: str
    targets: Mapping[str, Status]


def stopped(plan: DeploymentPlan, services: Services) -> frozenset[str]:
    """Give the targets of a plan that are containers and do not run: each counts as failed."""
    return frozenset(
        target.id
        for target in plan.targets
        if target.kind is TargetKind.CONTAINER and not _runs(target, services)
    )


def by_health(plan: DeploymentPlan, services: Services) -> DeploymentPlan:
    """Order a plan's targets as they are to be taken now."""
    return in_order_of_health(plan, services, stopped(plan, services))


def _runs(target: TargetSpec, services: Services) -> bool:
    try:
        services.target(target).check()
    except CicdError:
        return False
    return True


def in_order_of_health(
    plan: DeploymentPlan, services: Services, down: frozenset[str] = frozenset()
) -> DeploymentPlan:
    """
    Order a plan's targets as ``health_order`` says, by the group's last deployments.

    Those that are ``down`` go before all others: so none of them is the last one, which may fail,
    and nobody else is taken out of service if too many are.
    """
    targets = [target.id for target in plan.targets]
    attempts: list[Attempt] = []
    for attempt in _attempts(plan, services):
        attempts.append(attempt)
        if _is_enough(targets, attempts):
            break
    order = {target: place for place, target in enumerate(health_order(targets, attempts))}
    ordered = sorted(plan.targets, key=lambda t: (t.id not in down, order[t.id]))
    return replace(plan, targets=tuple(ordered))


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
        kind=KIND, name=plan.deployment_group_name, limit=LOOKED_BACK
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
