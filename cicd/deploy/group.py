"""DeploymentGroup: where a deployment goes, and how."""

from __future__ import annotations

import re
import uuid
from enum import StrEnum
from typing import Final

from cicd.deploy.alarms.alarm import AlarmWatch
from cicd.deploy.config import DEFAULT, PREDEFINED, DeploymentConfig
from cicd.deploy.plan import RollbackEvent
from cicd.deploy.selection import TagSelection
from cicd.deploy.shift.config import ShiftConfig
from cicd.deploy.shift.service_reader import ServiceGroup
from cicd.deploy.traffic.plan import BlueGreenOptions, LoadBalancer
from cicd.deploy.trigger import Trigger
from cicd.document.problem import Problem
from cicd.ports import TargetSpec
from cicd.record import dataclass

NAME: Final = re.compile(r"[A-Za-z0-9._+=,@-]{1,100}")
"""What groups and instances may be called."""


class OutdatedStrategy(StrEnum):
    """``outdatedInstancesStrategy``: what becomes of members launched during a deployment."""

    UPDATE = "UPDATE"
    IGNORE = "IGNORE"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentGroup:
    """A deployment group whose instances are on this machine."""

    application_name: str
    name: str
    id: str  # keys all state on an instance
    config: DeploymentConfig = PREDEFINED[DEFAULT]
    targets: tuple[TargetSpec, ...] = ()
    selections: tuple[TagSelection, ...] = ()  # tags of more instances
    rollback_events: tuple[RollbackEvent, ...] = ()
    load_balancers: tuple[LoadBalancer, ...] = ()  # none: WITHOUT_TRAFFIC_CONTROL
    blue_green: BlueGreenOptions | None = None  # None: IN_PLACE
    green: tuple[TargetSpec, ...] = ()  # the other environment of a blue/green deployment
    notes: tuple[Problem, ...] = ()  # what is worth a word about it
    alarms: AlarmWatch | None = None
    triggers: tuple[Trigger, ...] = ()
    auto_scaling_groups: tuple[str, ...] = ()  # fleets whose members are its instances, too
    termination_hook: bool = False  # a member that is to end runs the termination hooks
    service: ServiceGroup | None = None  # None: not of ECS
    shift: ShiftConfig | None = None  # of ECS and Lambda, in place of ``config``
    suspended_processes: tuple[str, ...] = ()  # of its fleets, while it is deployed to
    update_outdated: bool = True  # ``outdatedInstancesStrategy`` is UPDATE


def group_id(application: str, name: str) -> str:
    """Make the id of a group that has none; it is the same wherever the group is read."""
    # The cloud's is random, and made once.
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"codedeploy:{application}/{name}"))
