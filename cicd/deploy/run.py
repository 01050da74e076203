"""
Deployments from the outside: plan one, run it, look at it, stop it, take it up again.

A deployment that ends badly is a result; an automatic rollback is another deployment, made here.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.deploy.config import DeploymentConfig
from cicd.deploy.group import DeploymentGroup
from cicd.deploy.lifecycle import LifecycleEvent
from cicd.deploy.plan import BundleType
from cicd.deploy.result import DeploymentResult, deployment_result
from cicd.deploy.shift.config import ShiftConfig
from cicd.deploy.spec import FileExistsBehavior
from cicd.deploy.state import FINAL
from cicd.errors import UsageError
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.deploy.compile import PlannedDeployment
    from cicd.deploy.forecast import Forecast
    from cicd.deploy.plan import DeploymentPlan
    from cicd.deploy.process import DeploymentProcess
    from cicd.deploy.state import DeploymentState
    from cicd.event import JSON
    from cicd.ports import CancelToken, Services

_LONGEST_DESCRIPTION: Final = 256  # characters. Source: CodeDeploy User Guide, "Quotas"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRequest:
    """What CreateDeployment takes."""

    group: DeploymentGroup  # cicd.deploy.find_group(resources, ...) makes one
    revision: Path  # a directory, or a zip, tar or tgz file
    bundle_type: BundleType | None = None  # None: a directory, or what the file's first bytes say
    appspec: str = "appspec.yml"  # relative to the revision's root
    config: DeploymentConfig | None = None  # None: the group's
    file_exists_behavior: FileExistsBehavior | None = None  # None: DISALLOW
    ignore_application_stop_failures: bool = False
    description: str = ""
    creator: str = "user"
    parent: str | None = None  # the stream that asked for it, such as "pipeline/<uuid>"
    revision_name: str = ""  # how people know the revision; "": the path
    auto_rollback: bool | None = None  # None: as the group says
    ignore_alarms: bool = False  # to deploy the mending while an alarm is on
    deployment_id: str = ""  # "": a fresh one; else asking twice makes one deployment
    update_outdated_instances_only: bool = False  # those without the last good revision
    events: tuple[LifecycleEvent, ...] = ()  # codedeploy-local's; (): what the style asks for
    shift: ShiftConfig | None = None  # for a service; None: the group's
    images: tuple[tuple[str, str], ...] = ()  # (container or placeholder, image) of a service
    restart: bool = False  # deploymentMode RESTART: the group's last good revision, once more
    refuse_invalid: bool = True  # False: an invalid AppSpec fails the deployment, as in the cloud


def plan_deployment(
    request: DeploymentRequest, services: Services | None = None
) -> PlannedDeployment:
    """
    Check everything that can be checked before, and say what would be done; keeps nothing.

    ``services`` are for a restart: where earlier deployments are; None: there are none.
    """
    from cicd.deploy.compile import PlannedDeployment, compile_plan
    from cicd.deploy.restart import plan_restart

    if len(request.description) > _LONGEST_DESCRIPTION:
        raise UsageError(
            f"the description has {len(request.description)} characters, and may have "
            f"{_LONGEST_DESCRIPTION} (DescriptionTooLongException)"
        )
    if request.restart:
        plan = plan_restart(request, services)
        return PlannedDeployment(plan=plan, problems=request.group.notes, appspec=None)
    return compile_plan(request)


def forecast_deployment(
    request: DeploymentRequest, services: Services | None, *, failures: int = 0, jobs: int = 8
) -> tuple[DeploymentPlan, Forecast]:
    """
    Say how a deployment would go: its plan, and the forecast.

    Args:
        request: The deployment, as it would be asked for.
        services: Where earlier deployments are; None: there are none.
        failures: So many targets fail.
        jobs: Lifecycle events at once.

    """
    from cicd.deploy.forecast import durations, forecast
    from cicd.deploy.health import in_order_of_health, only_outdated, stopped
    from cicd.deploy.history import earlier_events, settle_environments

    plan = plan_deployment(request, services).plan
    known = durations(())
    down: frozenset[str] = frozenset()
    if services is not None:
        plan = settle_environments(plan, services)
        down = stopped(plan, services)
        plan = in_order_of_health(plan, services, down)
        if request.update_outdated_instances_only:
            plan = only_outdated(plan, services)
        known = durations(earlier_events(plan, services))
    return plan, forecast(plan, known, failures=failures, jobs=jobs, down=down)


def run_deployment(
    request: DeploymentRequest, services: Services, *, cancel: CancelToken | None = None
) -> DeploymentResult:
    """
    Deploy, and return when it is over; ``cancel`` is the asker's, else ``services.cancel``.

    Raises:
        UsageError: The group has an active deployment; the revision is not one.
        DocumentError: The AppSpec is invalid, and the request does not leave that to the agent.
        Unavailable: The AppSpec is for ECS or Lambda; the disk is full.

    """
    from cicd.deploy.admission import admit
    from cicd.deploy.carry_through import carry_through, submit
    from cicd.deploy.compile import deployment_id
    from cicd.deploy.health import by_health, only_outdated
    from cicd.deploy.history import settle_environments
    from cicd.deploy.revision import store
    from cicd.deploy.shift.history import settle_service, with_task_set

    plan = plan_deployment(request, services).plan
    plan = settle_service(settle_environments(plan, services), services)
    _check_hooks(plan, services)
    plan = by_health(plan, services)
    if request.update_outdated_instances_only:
        plan = only_outdated(plan, services)
    digest = plan.revision.digest or store(request.revision, plan.revision.bundle_type, services)
    plan = replace(
        plan,
        deployment_id=request.deployment_id or deployment_id(services.new_id()),
        revision=replace(plan.revision, digest=digest),
    )
    admit(plan, services)
    if plan.blue_green is not None:
        from cicd.deploy.fleet.copies import provision

        plan = provision(plan, services)
    plan = with_task_set(plan, plan.deployment_id)
    submit(plan, services, parent=request.parent)
    return carry_through(plan, services, cancel or services.cancel)


def _check_hooks(plan: DeploymentPlan, services: Services) -> None:
    """Refuse hooks that would call nothing: success is not to be made up."""
    if plan.shift is None:
        return
    functions = services.hook_functions()
    for event, name in plan.shift.hooks:
        if event in plan.events and (functions is None or not functions.has(name)):
            raise UsageError(
                f"{event} calls the function '{name}', and there is none of that name here",
                hint=f"make it with 'cicd function create {name}', or leave the hook out",
            )


def run_plan(plan: DeploymentPlan, services: Services, *, parent: str) -> DeploymentResult:
    """Carry out a plan whose revision is in the store already; ``parent`` asked for it."""
    from cicd.deploy.carry_through import carry_through, submit

    submit(plan, services, parent=parent)
    return carry_through(plan, services, services.cancel)


def resume_deployment(
    deployment_id: str, services: Services, *, cancel: CancelToken | None = None
) -> DeploymentResult:
    """
    Go on with a deployment whose driver died; a concluded one gives its result.

    The lifecycle events that were running are run again. An automatic rollback that is due
    and was not begun, or not ended, is carried out now.
    """
    from cicd.deploy.carry_through import carry_through, find_deployment, roll_back
    from cicd.deploy.fleet.late import update_late

    record, plan = find_deployment(deployment_id, services)
    token = cancel or services.cancel
    if record.status in FINAL:
        if record.status == "Succeeded":
            update_late(plan, services)
        rollback = roll_back(plan, services, token)
        return replace(deployment_result(plan, services), rollback=rollback)
    return carry_through(plan, services, token)


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
    deployment_id: str, services: Services, *, cancel: CancelToken | None = None
) -> DeploymentResult:
    """
    Deploy the revision of the last deployment that Succeeded before this one; creator ``user``.

    Raises:
        UsageError: It is not over, nothing before it Succeeded, or the group is being deployed to.

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
    wanted = with_members(replace(wish.plan, creator="user"), services)
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


def get_deployment(deployment_id: str, services: Services) -> DeploymentResult:
    """Say how a deployment ended, or how far it is; raises UsageError when there is none."""
    from cicd.deploy.carry_through import find_deployment

    _, plan = find_deployment(deployment_id, services)
    return deployment_result(plan, services)
