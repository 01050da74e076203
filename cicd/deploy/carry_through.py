"""A deployment that is written down, carried to its end, and the rollback that follows from it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.deploy.admission import admit, overtaken_by
from cicd.deploy.compile import deployment_id
from cicd.deploy.describe import describe
from cicd.deploy.effects import DeploymentEffects
from cicd.deploy.fleet.hooks import BY_ITSELF
from cicd.deploy.history import KIND, Folded, had_before, last_succeeded, read_plan, stream_of
from cicd.deploy.processes import process_of
from cicd.deploy.result import DeploymentResult, deployment_result
from cicd.deploy.rollback import is_wanted, plan_rollback
from cicd.deploy.shift.history import with_task_set
from cicd.deploy.state import FINAL
from cicd.deploy.teller import Teller
from cicd.engine.codec import encode
from cicd.engine.loop import drive
from cicd.engine.signals import send
from cicd.errors import UsageError
from cicd.event import JSON, Event, EventKind
from cicd.ports import CancelToken

if TYPE_CHECKING:
    from cicd.deploy.plan import DeploymentPlan
    from cicd.deploy.state import DeploymentState
    from cicd.engine.process import Effects
    from cicd.ports import ExecutionRecord, Services


def find_deployment(wanted: str, services: Services) -> tuple[ExecutionRecord, DeploymentPlan]:
    """Find a deployment by its id, or the beginning of it; raises UsageError for none."""
    record = services.executions.find(KIND, wanted)
    plan = None if record is None else read_plan(record.stream, services)
    if record is None or plan is None:
        raise UsageError(
            f"no deployment '{wanted}' (DeploymentDoesNotExistException)",
            hint="'cicd deploy list' shows what there is",
        )
    return record, plan


def submit(plan: DeploymentPlan, services: Services, *, parent: str | None) -> None:
    """Write a deployment down, as its group's next; raises UsageError when another is active."""
    admit(plan, services)
    now = services.clock.now()
    stream = stream_of(plan.deployment_id)
    if read_plan(stream, services) is not None:
        return  # by a driver that died after it
    submitted = Event(kind=EventKind.SUBMITTED, at=now, data={"plan": encode(plan)})
    with services.executions.submission(
        stream,
        kind=KIND,
        name=plan.deployment_group_name,
        status="Created",
        parent=parent,
        at=now,
    ):
        services.log.append(stream, (submitted,), expected=0)


def carry_through(
    plan: DeploymentPlan, services: Services, cancel: CancelToken, *, rerun: bool = True
) -> DeploymentResult:
    """Drive a deployment that is written down to its end, and then the rollback it asks for."""
    stream = stream_of(plan.deployment_id)
    process = process_of(plan)
    folded = Folded(process)
    teller = Teller(process, services)
    # The first event is there before anybody drives: it has not been told.
    earlier = len(services.log.read(stream))
    told = 0 if earlier == 1 else earlier
    seen = 0

    def tell(_: DeploymentState, event: Event, state: DeploymentState) -> None:
        nonlocal seen
        folded.saw(state)
        seen += 1
        if seen <= told:
            return  # by the driver that died
        teller.event(state, event)
        said = describe(process, state, event)
        for reporter in services.reporters:
            reporter.event(stream, event, said)

    with services.executions.drive(stream), closing(teller):
        if told and rerun:
            send(services.log, services.clock, stream, "resumed")
        services.executions.update(stream, "InProgress", services.clock.now())
        status = drive(
            process,
            _effects(plan, services, rerun=rerun),
            stream=stream,
            log=services.log,
            clock=services.clock,
            cancel=cancel,
            # The watch over the alarms is not to take the place of a target.
            jobs=services.jobs + int(plan.alarms is not None) + int(plan.shift is not None),
            on_fold=tell,
        )
        if status == "Succeeded" and plan.blue_green is not None:
            from cicd.deploy.fleet.copies import swap

            swap(plan, services)
        services.executions.update(stream, status, services.clock.now())
    if status == "Succeeded" and plan.auto_scaling_groups:
        from cicd.deploy.fleet.late import update_late

        update_late(plan, services)
    rollback = roll_back(plan, services, cancel, folded)
    result = deployment_result(plan, services, folded)
    good = "" if rollback is not None else _last_good(plan, result, services)
    left = () if status == "Succeeded" else _copied_for(plan)
    return replace(result, rollback=rollback, last_good=good, left_fleets=left)


def _copied_for(plan: DeploymentPlan) -> tuple[str, ...]:
    """Name the fleets that a blue/green deployment has had copied, which outlive its failure."""
    fleets = dict.fromkeys(each.fleet for each in plan.targets if plan.blue_green is not None)
    return tuple(fleet for fleet in fleets if plan.deployment_id in fleet)


def _last_good(plan: DeploymentPlan, result: DeploymentResult, services: Services) -> str:
    """Name what a person could go back to from instances that a deployment has left mixed."""
    if plan.shift is not None or plan.blue_green is not None or plan.creator in BY_ITSELF:
        return ""
    touched = any(status not in ("Skipped", "Pending") for _, status in result.targets)
    if result.status == "Succeeded" or not touched or plan.rollback_of is not None:
        return ""
    good = last_succeeded(plan, services)
    return "" if good is None else good.deployment_id


def _effects(plan: DeploymentPlan, services: Services, *, rerun: bool) -> Effects:
    if plan.shift is None:
        return DeploymentEffects(plan, services, rerun=rerun)
    if plan.shift.function is not None:
        from cicd.deploy.shift.function_effects import FunctionEffects

        return FunctionEffects(plan, services, rerun=rerun)
    from cicd.deploy.shift.effects import ServiceEffects

    return ServiceEffects(plan, services, rerun=rerun)


def roll_back(
    plan: DeploymentPlan, services: Services, cancel: CancelToken, folded: Folded | None = None
) -> DeploymentResult | None:
    """
    Carry out what the stream says is still to be done about a rollback; None: nothing.

    Args:
        plan: The deployment.
        services: The services.
        cancel: What may have stopped it.
        folded: Its stream, as far as it was read; None: not at all.

    """
    if cancel.reason == "KILLED":
        return None  # a resume finds it due
    # The token that stopped the deployment would stop its rollback, too.
    token = cancel if cancel.reason is None else CancelToken()
    folded = folded or Folded(process_of(plan))
    begun = _begun_rollback(folded, services)
    if begun is not None:
        record, wish = begun
        if record.status in FINAL or record.driven:
            return None
        return carry_through(wish, services, token)
    with services.executions.drive(stream_of(plan.deployment_id)):
        wanted = _due_rollback(plan, folded, services)
        if wanted is None:
            return None
        from cicd.deploy.fleet.copies import with_members
        from cicd.deploy.health import by_health

        wanted = with_task_set(with_members(wanted, services), wanted.deployment_id)
        wanted = by_health(wanted, services)
        submit(wanted, services, parent=stream_of(plan.deployment_id))
    return carry_through(wanted, services, token)


def _begun_rollback(
    folded: Folded, services: Services
) -> tuple[ExecutionRecord, DeploymentPlan] | None:
    noted = folded.read_on(services).rollback
    if noted is None or "rollbackDeploymentId" not in noted:
        return None
    record = services.executions.find(KIND, str(noted["rollbackDeploymentId"]))
    wish = None if record is None else read_plan(record.stream, services)
    return None if record is None or wish is None else (record, wish)


def _due_rollback(
    plan: DeploymentPlan, folded: Folded, services: Services
) -> DeploymentPlan | None:
    """Note which rollback is made, or why there is none; one that was noted is planned again."""
    process = process_of(plan)
    state = folded.read_on(services)
    noted = state.rollback
    if not is_wanted(plan, state) or (noted is not None and "rollbackDeploymentId" not in noted):
        return None
    fresh = deployment_id(services.new_id()) if noted is None else noted["rollbackDeploymentId"]
    wish = plan_rollback(
        plan,
        had_before(plan, services),
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
