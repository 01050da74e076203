"""What people ask of a deployment that is there: that it stop, and the way back from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.deploy.result import DeploymentResult, deployment_result
from cicd.deploy.run import get_deployment, resume_deployment
from cicd.deploy.state import FINAL, DeploymentStatus
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.deploy.plan import DeploymentPlan
    from cicd.deploy.process import DeploymentProcess
    from cicd.deploy.state import DeploymentState
    from cicd.event import JSON
    from cicd.ports import CancelToken, Services


def stop_deployment(
    deployment_id: str, services: Services, *, auto_rollback: bool | None = None
) -> Mapping[str, JSON]:
    """
    Ask a deployment to stop; gives StopDeployment's answer.

    Running lifecycle events finish, none begins: ``Pending`` where some run, else ``Succeeded``.
    One that nobody drives is concluded here.

    Args:
        deployment_id: Or the beginning of it.
        services: The services.
        auto_rollback: Whether to roll back; None: as the group says.

    Raises:
        UsageError: There is none, or it is over.

    """
    from cicd.deploy.carry_through import carry_through, find_deployment
    from cicd.deploy.history import fold
    from cicd.deploy.processes import process_of
    from cicd.engine.signals import send
    from cicd.ports import CancelToken

    record, plan = find_deployment(deployment_id, services)
    if record.status in FINAL:
        raise UsageError(
            f"deployment {plan.deployment_id} is over: {record.status} "
            "(DeploymentAlreadyCompletedException)"
        )
    wish: dict[str, JSON] = {"reason": "STOPPED"}
    if auto_rollback is not None:
        wish["autoRollbackEnabled"] = auto_rollback
    send(services.log, services.clock, record.stream, "stop", **wish)
    if not record.driven:
        carry_through(plan, services, CancelToken(), rerun=False)
    elif fold(process_of(plan), services).begun.running:
        return {
            "status": "Pending",
            "statusMessage": "Lifecycle events that run will finish; no new one begins.",
        }
    return {"status": "Succeeded", "statusMessage": "No lifecycle event will begin."}


def roll_back_deployment(
    deployment_id: str,
    services: Services,
    *,
    cancel: CancelToken | None = None,
    ignore_application_stop_failures: bool = False,
) -> DeploymentResult:
    """
    Deploy the revision of the last deployment that Succeeded before this one; creator ``user``.

    ``ignore_application_stop_failures``: also where the deployment itself did not.

    Raises:
        UsageError: It is not over, nothing before it Succeeded, or the group is being deployed to;
            or it shifted traffic, and has no scripts whose failures could be ignored.

    """
    from cicd.deploy.admission import admit
    from cicd.deploy.carry_through import carry_through, find_deployment, submit
    from cicd.deploy.compile import deployment_id as make_id
    from cicd.deploy.fleet.copies import provision, with_members
    from cicd.deploy.fleet.hooks import BY_ITSELF
    from cicd.deploy.health import by_health
    from cicd.deploy.history import fold, had_before, stream_of
    from cicd.deploy.processes import process_of
    from cicd.deploy.rollback import has_begun_to_end, plan_rollback
    from cicd.deploy.shift.history import settle_service, with_task_set
    from cicd.deploy.traffic.blue_green import Stage
    from cicd.engine.signals import send

    record, plan = find_deployment(deployment_id, services)
    if plan.creator in BY_ITSELF:
        raise UsageError(
            f"deployment {plan.deployment_id} was made by a fleet itself ({plan.creator}): there "
            "is no way back from it",
            hint="name the deployment of a user, 'cicd deploy list' shows them",
        )
    if ignore_application_stop_failures and plan.shift is not None:
        raise UsageError(
            f"deployment {plan.deployment_id} is not of instances, and runs no ApplicationStop",
            hint="leave --ignore-application-stop-failures out "
            "(InvalidIgnoreApplicationStopFailuresValueException)",
        )
    _refuse_what_failed(plan, services)
    if record.status not in FINAL and plan.shift is not None:
        return _turn_back(plan, services)
    process = process_of(plan)
    state = fold(process, services)
    if record.status not in FINAL and process.stage(state) is Stage.TERMINATION_WAIT:
        state = _keep_original(process, services)
    elif record.status not in FINAL:
        raise UsageError(
            f"deployment {plan.deployment_id} is not over",
            hint=f"'cicd deploy stop {plan.deployment_id} --rollback' stops it and rolls back",
        )
    wish = plan_rollback(
        plan,
        had_before(plan, services),
        make_id(services.new_id()),
        original_ended=has_begun_to_end(plan, state),
    )
    if wish.plan is None:
        raise UsageError(wish.message, hint="'cicd deploy list' shows what there is")
    ignore = ignore_application_stop_failures or wish.plan.ignore_application_stop_failures
    by_user = replace(wish.plan, creator="user", ignore_application_stop_failures=ignore)
    wanted = with_members(by_user, services)
    wanted = with_task_set(settle_service(wanted, services), wanted.deployment_id)
    wanted = by_health(wanted, services)
    admit(wanted, services)
    wanted = provision(wanted, services)
    submit(wanted, services, parent=stream_of(plan.deployment_id))
    said: dict[str, JSON] = {
        "rollbackMessage": wish.message,
        "rollbackDeploymentId": wanted.deployment_id,
    }
    send(services.log, services.clock, stream_of(plan.deployment_id), "rollback", **said)
    return carry_through(wanted, services, cancel or services.cancel)


def _refuse_what_failed(plan: DeploymentPlan, services: Services) -> None:
    """Give no traffic to an environment that it was taken from because it was not good."""
    from cicd.deploy.carry_through import find_deployment

    if plan.blue_green is None or not plan.blue_green.rollback or plan.rollback_of is None:
        return
    undone = find_deployment(plan.rollback_of, services)[0].status
    if undone != DeploymentStatus.SUCCEEDED:
        raise UsageError(
            f"deployment {plan.deployment_id} took the traffic from what {plan.rollback_of} made, "
            f"which {undone}: that is nothing to go back to",
            hint="mend the revision, and deploy it: cicd deploy",
        )


def _keep_original(process: DeploymentProcess, services: Services) -> DeploymentState:
    """End the wait for the original environment's end, and give the state after it."""
    from cicd.deploy.history import fold

    _stop_and_wait(process.plan.deployment_id, services, auto_rollback=False)
    return fold(process, services)


def _stop_and_wait(deployment_id: str, services: Services, *, auto_rollback: bool) -> None:
    from cicd.deploy.carry_through import find_deployment

    stop_deployment(deployment_id, services, auto_rollback=auto_rollback)
    inbox = services.clock.inbox()
    while find_deployment(deployment_id, services)[0].driven:
        inbox.take(None)


def _turn_back(plan: DeploymentPlan, services: Services) -> DeploymentResult:
    """Stop a shift of traffic with a rollback, and wait until both are over."""
    from cicd.deploy.carry_through import find_deployment

    _stop_and_wait(plan.deployment_id, services, auto_rollback=True)
    inbox = services.clock.inbox()
    result = deployment_result(plan, services)
    info = result.deployment["deploymentInfo"]
    back = info.get("rollbackInfo") if isinstance(info, dict) else None
    found = back.get("rollbackDeploymentId") if isinstance(back, dict) else None
    if not isinstance(found, str):
        return result
    while (record := find_deployment(found, services)[0]).status not in FINAL:
        if not record.driven:
            return resume_deployment(found, services)
        inbox.take(None)
    return get_deployment(found, services)
