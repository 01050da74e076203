"""One active deployment a group: who appends to the group's stream is the next."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.fleet.hooks import BY_ITSELF
from cicd.deploy.history import KIND, stream_of
from cicd.errors import Conflict, UsageError
from cicd.event import Event, EventKind

if TYPE_CHECKING:
    from cicd.deploy.plan import DeploymentPlan
    from cicd.ports import Services

_BEGINNING: Final = timedelta(minutes=1)  # an admitted deployment without events died at its birth


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
                hint=_way_on(str(holder), services),
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


def _way_on(holder: str, services: Services) -> str:
    record = services.executions.find(KIND, holder)
    if record is not None and record.driven:
        return f"wait for it, or end it: 'cicd deploy stop {holder}'"
    return (
        f"nobody drives it any more: 'cicd deploy resume {holder}' takes it up again, "
        f"'cicd deploy stop {holder}' ends it"
    )


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
