"""Request + group + configuration → DeploymentPlan; all that can be checked before it runs."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from cicd.deploy.agent import bundle
from cicd.deploy.agent.packing import belongs
from cicd.deploy.lifecycle import GREEN, IN_PLACE, IN_PLACE_WITH_TRAFFIC
from cicd.deploy.plan import BundleType, DeploymentPlan, RevisionPlan, RollbackEvent
from cicd.deploy.revision import load_appspec
from cicd.deploy.rules import check_appspec, refuse_platform
from cicd.deploy.rules.revision import check_revision
from cicd.deploy.spec import AppSpec, ComputePlatform, FileExistsBehavior
from cicd.deploy.traffic.plan import BlueGreenPlan, plan_traffic
from cicd.document.problem import Problem, Problems
from cicd.errors import DocumentError, UsageError
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cicd.deploy.group import DeploymentGroup
    from cicd.deploy.lifecycle import LifecycleEvent
    from cicd.deploy.run import DeploymentRequest

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDeployment:
    """What would be done, and what is worth a warning. ``appspec`` None: it cannot be read."""

    plan: DeploymentPlan
    problems: tuple[Problem, ...]
    appspec: AppSpec | None


def compile_plan(request: DeploymentRequest) -> PlannedDeployment:
    """
    Make the plan, its id and its revision's digest still empty.

    Raises:
        UsageError: The revision is not one, or has no AppSpec; an instance does not say where
            a load balancer finds it.
        DocumentError: The AppSpec is invalid, and ``refuse_invalid`` is set.
        Unavailable: The AppSpec is for ECS or Lambda.

    """
    kind = request.bundle_type or bundle.bundle_type(request.revision)
    if kind is BundleType.DIRECTORY and not request.revision.is_dir():
        raise UsageError(f"the revision '{request.revision}' is not a directory")
    group = request.group
    if group.service is not None:
        from cicd.deploy.shift.compile import compile_service

        return compile_service(request, group.service, kind)
    from cicd.deploy.shift.platform import platform_of

    if platform_of(group, request.revision, kind, request.appspec) is ComputePlatform.LAMBDA:
        from cicd.deploy.shift.function_compile import compile_function

        return compile_function(request, kind)
    appspec, problems = _check(request, kind)
    name = request.revision_name or str(request.revision)
    revision = RevisionPlan(digest="", bundle_type=kind, name=name)
    plan = plan_for_servers(request, revision)
    return PlannedDeployment(plan=plan, problems=(*group.notes, *problems), appspec=appspec)


def plan_for_servers(request: DeploymentRequest, revision: RevisionPlan) -> DeploymentPlan:
    """Plan the deployment of a revision to a group's servers; raises as ``compile_plan``."""
    group = request.group
    plan = DeploymentPlan(
        deployment_id="",
        application_name=group.application_name,
        deployment_group_name=group.name,
        deployment_group_id=group.id,
        config=request.config or group.config,
        targets=group.targets,
        events=IN_PLACE,
        revision=revision,
        appspec=request.appspec,
        file_exists_behavior=request.file_exists_behavior or FileExistsBehavior.DISALLOW,
        ignore_application_stop_failures=request.ignore_application_stop_failures,
        creator=request.creator,
        description=request.description,
        rollback_events=rollback_events(request),
        alarms=None if request.ignore_alarms else group.alarms,
        triggers=group.triggers,
        auto_scaling_groups=group.auto_scaling_groups,
        update_outdated=group.update_outdated,
        suspended_processes=group.suspended_processes,
        update_outdated_instances_only=request.update_outdated_instances_only,
    )
    plan = _with_traffic(plan, group)
    if request.events:
        plan = replace(plan, events=_asked_for(request, plan))
    return plan


def _with_traffic(plan: DeploymentPlan, group: DeploymentGroup) -> DeploymentPlan:
    if not group.load_balancers:
        return plan
    if group.blue_green is None:
        traffic = plan_traffic(group.load_balancers, group.targets)
        return replace(plan, events=IN_PLACE_WITH_TRAFFIC, traffic=traffic)
    if plan.config.zonal is not None:
        raise UsageError(
            f"'{plan.config.name}' goes from zone to zone, and a BLUE_GREEN deployment cannot "
            "(InvalidZonalDeploymentConfigurationException)",
            hint="deploy IN_PLACE, or with a configuration without 'zonalConfig'",
        )
    traffic = plan_traffic(group.load_balancers, (*group.targets, *group.green))
    return replace(
        plan,
        targets=group.green,
        events=GREEN,
        traffic=traffic,
        blue_green=BlueGreenPlan(original=group.targets, options=group.blue_green),
    )


def _asked_for(request: DeploymentRequest, plan: DeploymentPlan) -> tuple[LifecycleEvent, ...]:
    if plan.traffic is not None:
        raise UsageError(
            f"the group '{plan.deployment_group_name}' has a load balancer: its events are fixed",
            hint="name instances with --instance, and events with --events",
        )
    return request.events


def rollback_events(request: DeploymentRequest) -> tuple[RollbackEvent, ...]:
    """Take the group's, where the deployment does not say otherwise."""
    if request.auto_rollback is None:
        return request.group.rollback_events
    if not request.auto_rollback:
        return ()
    return request.group.rollback_events or tuple(RollbackEvent)


def _check(
    request: DeploymentRequest, kind: BundleType
) -> tuple[AppSpec | None, tuple[Problem, ...]]:
    problems = Problems()
    try:
        node = load_appspec(request.revision, kind, request.appspec)
    except (DocumentError, UsageError):
        # The agent finds that out for itself, at BeforeInstall.
        if request.refuse_invalid:
            raise
        return None, ()
    refuse_platform(node)
    appspec = check_appspec(node, problems)
    if request.refuse_invalid:
        problems.raise_errors()
    if appspec is not None:
        check_revision(appspec, _content(request.revision, kind), problems)
    return appspec, tuple(problems)


def _content(path: Path, kind: BundleType) -> Callable[[str], bool]:
    """Give what tells whether a revision holds something."""
    if kind is BundleType.DIRECTORY:
        return lambda name: belongs(name) and os.path.lexists(path / name)
    names = set(bundle.names(path, kind))
    # The directories of an archive need not be entries of it.
    names.update(str(above) for name in tuple(names) for above in PurePosixPath(name).parents)
    return names.__contains__


def deployment_id(fresh: str) -> str:
    """Make an id of AWS's form, "d-" and nine capitals or digits, of a fresh UUID."""
    number = int.from_bytes(hashlib.sha256(os.fsencode(fresh)).digest())
    letters = []
    for _ in range(9):
        number, index = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[index])
    return f"d-{''.join(letters)}"
