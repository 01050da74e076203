"""
Deployments from the outside: plan one, run it, look at it, stop it, take it up again.

A deployment that ends badly is a result; an automatic rollback is another deployment, made here.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.deploy.config import DeploymentConfig
from cicd.deploy.group import DeploymentGroup
from cicd.deploy.lifecycle import LifecycleEvent
from cicd.deploy.plan import BundleType
from cicd.deploy.result import DeploymentResult, deployment_result
from cicd.deploy.spec import FileExistsBehavior
from cicd.errors import UsageError
from cicd.event import JSON, Event, EventKind
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.deploy.compile import PlannedDeployment
    from cicd.deploy.forecast import Forecast
    from cicd.deploy.plan import DeploymentPlan
    from cicd.ports import CancelToken, ExecutionRecord, Services

_FINAL: Final = ("Succeeded", "Failed", "Stopped")


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
    refuse_invalid: bool = True  # False: an invalid AppSpec fails the deployment, as in the cloud


def plan_deployment(request: DeploymentRequest) -> PlannedDeployment:
    """Check everything that can be checked before, and say what would be done; keeps nothing."""
    from cicd.deploy.compile import compile_plan

    return compile_plan(request)


def forecast_deployment(
    request: DeploymentRequest, services: Services | None, *, failures: int = 0, jobs: int = 8
) -> tuple[DeploymentPlan, Forecast, bool]:
    """
    Say how a deployment would go: its plan, the forecast, and whether earlier ones tell the times.

    Args:
        request: The deployment, as it would be asked for.
        services: Where earlier deployments are; None: there are none.
        failures: So many targets fail.
        jobs: Lifecycle events at once.

    """
    from cicd.deploy.compile import compile_plan
    from cicd.deploy.forecast import durations, forecast
    from cicd.deploy.history import (
        earlier_events,
        in_order_of_health,
        only_outdated,
        settle_environments,
    )

    plan = compile_plan(request).plan
    known = durations(())
    if services is not None:
        plan = in_order_of_health(settle_environments(plan, services), services)
        if request.update_outdated_instances_only:
            plan = only_outdated(plan, services)
        known = durations(earlier_events(plan, services))
    return plan, forecast(plan, known, failures=failures, jobs=jobs), bool(known.by_event)


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
    from cicd.deploy.compile import compile_plan, deployment_id
    from cicd.deploy.fleet.copies import provision
    from cicd.deploy.history import (
        admit,
        in_order_of_health,
        only_outdated,
        settle_environments,
    )
    from cicd.deploy.revision import store

    plan = settle_environments(compile_plan(request).plan, services)
    plan = in_order_of_health(plan, services)
    if request.update_outdated_instances_only:
        plan = only_outdated(plan, services)
    digest = store(request.revision, plan.revision.bundle_type, services)
    plan = replace(
        plan,
        deployment_id=request.deployment_id or deployment_id(services.new_id()),
        revision=replace(plan.revision, digest=digest),
    )
    admit(plan, services)
    plan = provision(plan, services)
    _submit(plan, services, parent=request.parent)
    return _drive(plan, services, cancel or services.cancel)


def run_plan(plan: DeploymentPlan, services: Services, *, parent: str) -> DeploymentResult:
    """Carry out a plan whose revision is in the store already; ``parent`` asked for it."""
    _submit(plan, services, parent=parent)
    return _drive(plan, services, services.cancel)


def resume_deployment(
    deployment_id: str, services: Services, *, cancel: CancelToken | None = None
) -> DeploymentResult:
    """
    Go on with a deployment whose driver died; a concluded one gives its result.

    The lifecycle events that were running are run again. An automatic rollback that is due
    and was not begun, or not ended, is carried out now.
    """
    from cicd.deploy.fleet.late import update_late

    record, plan = _find(deployment_id, services)
    token = cancel or services.cancel
    if record.status in _FINAL:
        if record.status == "Succeeded":
            update_late(plan, services)
        rollback = _roll_back(plan, services, token)
        return replace(deployment_result(plan, services), rollback=rollback)
    return _drive(plan, services, token)


def stop_deployment(
    deployment_id: str, services: Services, *, auto_rollback: bool | None = None
) -> Mapping[str, JSON]:
    """
    Ask a deployment to stop; gives StopDeployment's answer.

    Running lifecycle events finish, none begins. One that nobody drives is concluded here.

    Args:
        deployment_id: Or the beginning of it.
        services: The services.
        auto_rollback: Whether to roll back; None: as the group says.

    Raises:
        UsageError: There is none, or it is over.

    """
    from cicd.engine.signals import send
    from cicd.ports import CancelToken

    record, plan = _find(deployment_id, services)
    if record.status in _FINAL:
        raise UsageError(
            f"deployment {plan.deployment_id} is over: {record.status} "
            "(DeploymentAlreadyCompletedException)"
        )
    wish: dict[str, JSON] = {"reason": "STOPPED"}
    if auto_rollback is not None:
        wish["autoRollbackEnabled"] = auto_rollback
    send(services.log, services.clock, record.stream, "stop", **wish)
    if record.driven:
        return {
            "status": "Pending",
            "statusMessage": "Lifecycle events that run will finish; no new one begins.",
        }
    _drive(plan, services, CancelToken(), rerun=False)
    return {"status": "Succeeded", "statusMessage": "No lifecycle event will begin."}


def roll_back_deployment(
    deployment_id: str, services: Services, *, cancel: CancelToken | None = None
) -> DeploymentResult:
    """
    Deploy the revision of the last deployment that Succeeded before this one; creator ``user``.

    Raises:
        UsageError: It is not over, nothing before it Succeeded, or the group is being deployed to.

    """
    from cicd.deploy.compile import deployment_id as make_id
    from cicd.deploy.fleet.copies import provision, with_members
    from cicd.deploy.fleet.hooks import BY_ITSELF
    from cicd.deploy.history import admit, has_ended_original, last_succeeded, stream_of
    from cicd.deploy.rollback import plan_rollback
    from cicd.engine.signals import send

    record, plan = _find(deployment_id, services)
    if plan.creator in BY_ITSELF:
        raise UsageError(
            f"deployment {plan.deployment_id} was made by a fleet itself ({plan.creator}): there "
            "is no way back from it",
            hint="name the deployment of a user, 'cicd deploy list' shows them",
        )
    if record.status not in _FINAL:
        raise UsageError(
            f"deployment {plan.deployment_id} is not over",
            hint=f"'cicd deploy stop {plan.deployment_id} --rollback' stops it and rolls back",
        )
    wish = plan_rollback(
        plan,
        last_succeeded(plan, services),
        make_id(services.new_id()),
        original_ended=has_ended_original(plan, services),
    )
    if wish.plan is None:
        raise UsageError(wish.message, hint="'cicd deploy list' shows what there is")
    wanted = with_members(replace(wish.plan, creator="user"), services)
    admit(wanted, services)
    wanted = provision(wanted, services)
    _submit(wanted, services, parent=stream_of(plan.deployment_id))
    said: dict[str, JSON] = {
        "rollbackMessage": wish.message,
        "rollbackDeploymentId": wanted.deployment_id,
    }
    send(services.log, services.clock, stream_of(plan.deployment_id), "rollback", **said)
    return _drive(wanted, services, cancel or services.cancel)


def get_deployment(deployment_id: str, services: Services) -> DeploymentResult:
    """Say how a deployment ended, or how far it is; raises UsageError when there is none."""
    _, plan = _find(deployment_id, services)
    return deployment_result(plan, services)


def _find(deployment_id: str, services: Services) -> tuple[ExecutionRecord, DeploymentPlan]:
    from cicd.deploy.history import KIND, read_plan

    record = services.executions.find(KIND, deployment_id)
    plan = None if record is None else read_plan(record.stream, services)
    if record is None or plan is None:
        raise UsageError(
            f"no deployment '{deployment_id}' (DeploymentDoesNotExistException)",
            hint="'cicd deploy list' shows what there is",
        )
    return record, plan


def _submit(plan: DeploymentPlan, services: Services, *, parent: str | None) -> None:
    from cicd.deploy.history import KIND, admit, read_plan, stream_of
    from cicd.engine.codec import encode

    admit(plan, services)
    now = services.clock.now()
    stream = stream_of(plan.deployment_id)
    # Each step may have been done by a driver that died after it.
    if read_plan(stream, services) is None:
        submitted = Event(kind=EventKind.SUBMITTED, at=now, data={"plan": encode(plan)})
        services.log.append(stream, (submitted,), expected=0)
    if services.executions.find(KIND, plan.deployment_id) is None:
        services.executions.submit(
            stream,
            kind=KIND,
            name=plan.deployment_group_name,
            status="Created",
            parent=parent,
            at=now,
        )


def _drive(
    plan: DeploymentPlan, services: Services, cancel: CancelToken, *, rerun: bool = True
) -> DeploymentResult:
    from cicd.deploy.describe import describe
    from cicd.deploy.effects import DeploymentEffects
    from cicd.deploy.fleet.copies import swap
    from cicd.deploy.fleet.late import update_late
    from cicd.deploy.history import stream_of
    from cicd.deploy.process import DeploymentProcess
    from cicd.deploy.teller import Teller
    from cicd.engine.loop import drive
    from cicd.engine.signals import send

    stream = stream_of(plan.deployment_id)
    process = DeploymentProcess(plan)
    state = process.initial()
    teller = Teller(process, services)
    # The first event is there before anybody drives: it has not been told.
    earlier = len(services.log.read(stream))
    untold = 0 if earlier == 1 else earlier

    def tell(event: Event) -> None:
        nonlocal state, untold
        state = process.apply(state, event)
        untold -= 1
        if untold < 0:
            teller.event(state, event)
        said = describe(process, state, event)
        for reporter in services.reporters:
            reporter.event(stream, event, said)

    with services.executions.drive(stream), closing(teller):
        if untold and rerun:
            send(services.log, services.clock, stream, "resumed")
        services.executions.update(stream, "InProgress", services.clock.now())
        status = drive(
            process,
            DeploymentEffects(plan, services, rerun=rerun),
            stream=stream,
            log=services.log,
            clock=services.clock,
            cancel=cancel,
            # The watch over the alarms is not to take the place of a target.
            jobs=services.jobs + int(plan.alarms is not None),
            on_event=tell,
        )
        if status == "Succeeded":
            swap(plan, services)
        services.executions.update(stream, status, services.clock.now())
    if status == "Succeeded":
        update_late(plan, services)
    rollback = _roll_back(plan, services, cancel)
    return replace(deployment_result(plan, services), rollback=rollback)


def _roll_back(
    plan: DeploymentPlan, services: Services, cancel: CancelToken
) -> DeploymentResult | None:
    """Carry out what the stream says is still to be done about a rollback; None: nothing."""
    from cicd.deploy.fleet.copies import with_members
    from cicd.deploy.history import stream_of
    from cicd.ports import CancelToken

    if cancel.reason == "KILLED":
        return None  # a resume finds it due
    # The token that stopped the deployment would stop its rollback, too.
    token = cancel if cancel.reason is None else CancelToken()
    begun = _begun_rollback(plan, services)
    if begun is not None:
        record, wish = begun
        if record.status in _FINAL or record.driven:
            return None
        return _drive(wish, services, token)
    with services.executions.drive(stream_of(plan.deployment_id)):
        wanted = _due_rollback(plan, services)
        if wanted is None:
            return None
        wanted = with_members(wanted, services)
        _submit(wanted, services, parent=stream_of(plan.deployment_id))
    return _drive(wanted, services, token)


def _begun_rollback(
    plan: DeploymentPlan, services: Services
) -> tuple[ExecutionRecord, DeploymentPlan] | None:
    from cicd.deploy.history import KIND, fold, read_plan
    from cicd.deploy.process import DeploymentProcess

    noted = fold(DeploymentProcess(plan), services).rollback
    if noted is None or "rollbackDeploymentId" not in noted:
        return None
    record = services.executions.find(KIND, str(noted["rollbackDeploymentId"]))
    wish = None if record is None else read_plan(record.stream, services)
    return None if record is None or wish is None else (record, wish)


def _due_rollback(plan: DeploymentPlan, services: Services) -> DeploymentPlan | None:
    """Note which rollback is made, or why there is none; one that was noted is planned again."""
    from cicd.deploy.compile import deployment_id
    from cicd.deploy.describe import describe
    from cicd.deploy.history import fold, last_succeeded, overtaken_by, stream_of
    from cicd.deploy.process import DeploymentProcess
    from cicd.deploy.rollback import is_wanted, plan_rollback
    from cicd.engine.signals import send

    process = DeploymentProcess(plan)
    state = fold(process, services)
    noted = state.rollback
    if not is_wanted(plan, state) or (noted is not None and "rollbackDeploymentId" not in noted):
        return None
    fresh = deployment_id(services.new_id()) if noted is None else noted["rollbackDeploymentId"]
    wish = plan_rollback(
        plan,
        last_succeeded(plan, services),
        str(fresh),
        overtaken_by=overtaken_by(plan, services, besides=str(fresh)),
    )
    if noted is None or wish.plan is None:
        stream = stream_of(plan.deployment_id)
        said: dict[str, JSON] = {"rollbackMessage": wish.message}
        if wish.plan is not None:
            said["rollbackDeploymentId"] = wish.plan.deployment_id
        version = send(services.log, services.clock, stream, "rollback", **said)
        for _, event in services.log.read(stream, after=version - 1):
            for reporter in services.reporters:
                reporter.event(stream, event, describe(process, state, event))
    return wish.plan
