"""How a deployment ended, or how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from cicd.event import JSON
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.deploy.history import Folded
    from cicd.deploy.plan import DeploymentPlan
    from cicd.deploy.state import DeploymentState
    from cicd.ports import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentResult:
    """How a deployment ended, or how far it is."""

    deployment_id: str  # "d-ABCDEFGHI"
    stream: str  # "deployment/d-ABCDEFGHI"
    status: str  # "Succeeded", "Failed", "Stopped"; before that "Created", "InProgress"
    deployment: Mapping[str, JSON]  # {"deploymentInfo": …, "deploymentTargets": […]}
    endpoints: Mapping[str, str]  # of the targets that have one, by target
    load_balancers: Mapping[str, str] = field(default_factory=dict)  # where each listens
    failure: str | None = None  # the first cause, in one or more lines; None: there is none
    # of the failure: targetId, lifecycleEventName, diagnostics
    detail: Mapping[str, JSON] = field(default_factory=dict)
    left: str = ""  # of the wait that it is in: "9:47 until it stops"; "": it is in none
    last_good: str = ""  # the deployment that a rollback by hand goes back to; "": none is due
    left_fleets: tuple[str, ...] = ()  # that were copied for it, and outlive its failure
    rollback: DeploymentResult | None = None  # the automatic rollback, when one was run just now
    targets: tuple[tuple[str, str], ...] = ()  # (target, status), in order
    events: tuple[tuple[str, str, str], ...] = ()  # (target, lifecycle event, status), in order


def deployment_result(
    plan: DeploymentPlan, services: Services, folded: Folded | None = None
) -> DeploymentResult:
    """Fold a deployment's stream into its result; ``folded`` has read a part of it."""
    from cicd.deploy.history import Folded, last_succeeded, stream_of
    from cicd.deploy.processes import process_of
    from cicd.deploy.shapes import deployment_info, deployment_targets, first_failure
    from cicd.deploy.waits import waiting

    process = process_of(plan)
    state = (folded or Folded(process)).read_on(services)
    failure, detail = first_failure(process, state)
    wait = waiting(process, state)
    before = last_succeeded(plan, services)
    ended = _ended(plan, state)
    return DeploymentResult(
        deployment_id=plan.deployment_id,
        stream=stream_of(plan.deployment_id),
        status=process.status(state),
        deployment={
            "deploymentInfo": deployment_info(
                process, state, None if before is None else before.revision
            ),
            "deploymentTargets": deployment_targets(process, state),
        },
        load_balancers={
            each.group: f"http://{route.listen}"
            for each in (plan.traffic.load_balancers if plan.traffic is not None else ())
            for route in each.router.routes
        },
        endpoints={
            target.id: target.endpoint
            for target in plan.instances
            if target.endpoint is not None and target.id not in ended
        },
        failure=failure,
        detail=detail,
        left="" if wait is None else wait.left(services.clock.now()),
        targets=tuple(
            (target.id, str(process.target_status(state, target.id))) for target in plan.instances
        ),
        events=tuple(
            (target.id, str(event), str(process.event_status(state, target.id, event)))
            for target in plan.instances
            for event in plan.events_of(target.id)
        ),
    )


def _ended(plan: DeploymentPlan, state: DeploymentState) -> frozenset[str]:
    """Give the instances of the original environment that were ended: nothing listens there."""
    from cicd.deploy.plan import TerminateInstance
    from cicd.deploy.state import Status

    if plan.blue_green is None:
        return frozenset()
    keys = {each.id: TerminateInstance(target=each.id).key for each in plan.blue_green.original}
    return frozenset(
        target
        for target, key in keys.items()
        if key in state.begun and state.begun[key].status is Status.SUCCEEDED
    )
