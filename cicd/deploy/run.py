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
    from cicd.deploy.compile import PlannedDeployment
    from cicd.deploy.forecast import Forecast
    from cicd.deploy.plan import DeploymentPlan
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


def get_deployment(deployment_id: str, services: Services) -> DeploymentResult:
    """Say how a deployment ended, or how far it is; raises UsageError when there is none."""
    from cicd.deploy.carry_through import find_deployment

    _, plan = find_deployment(deployment_id, services)
    return deployment_result(plan, services)
