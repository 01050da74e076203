"""What a deployment will do: complete, and serialisable as its first event."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from cicd.deploy.alarms.alarm import AlarmWatch
from cicd.deploy.config import DeploymentConfig
from cicd.deploy.lifecycle import BLUE_BLOCK, IGNORABLE, LifecycleEvent
from cicd.deploy.shift.plan import ShiftPlan
from cicd.deploy.spec import DEFAULT_NAME, FileExistsBehavior
from cicd.deploy.traffic.plan import BlueGreenPlan, TrafficPlan
from cicd.deploy.trigger import Trigger
from cicd.ports import TargetSpec
from cicd.record import dataclass

TERMINATE: Final = "Terminate"
CREATOR: Final = "codeDeployRollback"
"""Of a rollback that nobody asked for."""


class BundleType(StrEnum):
    """What a revision is packed as."""

    DIRECTORY = "directory"
    ZIP = "zip"
    TAR = "tar"
    TGZ = "tgz"


class RollbackEvent(StrEnum):
    """When a deployment is rolled back without being asked."""

    DEPLOYMENT_FAILURE = "DEPLOYMENT_FAILURE"
    DEPLOYMENT_STOP_ON_ALARM = "DEPLOYMENT_STOP_ON_ALARM"
    DEPLOYMENT_STOP_ON_REQUEST = "DEPLOYMENT_STOP_ON_REQUEST"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionPlan:
    """A revision in the artifact store. A tar is kept inside a zip of its own."""

    digest: str
    bundle_type: BundleType
    name: str  # how people know it: a path, an artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentPlan:
    """Everything a deployment needs to know, so that it can be taken up again later."""

    deployment_id: str
    application_name: str
    deployment_group_name: str
    deployment_group_id: str
    config: DeploymentConfig
    targets: tuple[TargetSpec, ...]  # in the order they are taken
    events: tuple[LifecycleEvent, ...]
    revision: RevisionPlan
    appspec: str = DEFAULT_NAME
    file_exists_behavior: FileExistsBehavior = FileExistsBehavior.DISALLOW
    ignore_application_stop_failures: bool = False
    creator: str = "user"
    description: str = ""
    rollback_events: tuple[RollbackEvent, ...] = ()
    rollback_of: str | None = None  # the deployment whose failure this one answers
    traffic: TrafficPlan | None = None  # None: WITHOUT_TRAFFIC_CONTROL
    blue_green: BlueGreenPlan | None = None  # None: IN_PLACE
    alarms: AlarmWatch | None = None  # None: no alarm stops it
    triggers: tuple[Trigger, ...] = ()  # who is told what happens
    update_outdated_instances_only: bool = False  # ``targets`` are the outdated ones
    auto_scaling_groups: tuple[str, ...] = ()  # the fleets that its targets come from
    update_outdated: bool = True  # members launched meanwhile get the revision afterwards, too
    updates: str = ""  # the deployment whose late members this one is for
    shift: ShiftPlan | None = None  # of ECS and Lambda; None: to servers
    suspended_processes: tuple[str, ...] = ()  # of its fleets, while it lasts
    restart: bool = False  # deploymentMode RESTART: what an instance has unpacked will do

    @property
    def instances(self) -> tuple[TargetSpec, ...]:
        """Every instance that has events: the targets, and the original environment's."""
        return self.targets + (() if self.blue_green is None else self.blue_green.original)

    def events_of(self, target: str) -> tuple[LifecycleEvent, ...]:
        """Give the lifecycle events of one instance, in order."""
        original = () if self.blue_green is None else self.blue_green.original
        return BLUE_BLOCK if target in {each.id for each in original} else self.events

    def ignores(self, event: LifecycleEvent) -> bool:
        """Whether an event may fail, and its target go on."""
        return self.ignore_application_stop_failures and event in IGNORABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLifecycleEvent:
    """Carry out one lifecycle event on one target: nearly all that a deployment does."""

    target: str
    event: LifecycleEvent

    @property
    def key(self) -> str:
        """Unique within the deployment: "web-1/AfterInstall"."""
        return f"{self.target}/{self.event}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminateInstance:
    """End an instance of the original environment, after a blue/green deployment."""

    target: str

    @property
    def key(self) -> str:
        """Unique within the deployment: "web-1/Terminate"; no lifecycle event is called so."""
        return f"{self.target}/{TERMINATE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchAlarms:
    """Look at the alarms once, before the first target; or for as long as the deployment lasts."""

    once: bool

    @property
    def key(self) -> str:
        """Differs from every lifecycle event's: it has no "/"."""
        return "alarms-at-start" if self.once else "alarms"
