"""What a deployment knows of a shift: its steps, its hooks, and what traffic is shifted to."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.lifecycle import SERVICE, LifecycleEvent
from cicd.deploy.shift.config import ShiftConfig, default_config
from cicd.deploy.strategies.time_based import steps_of
from cicd.deploy.taskdef.definition import TaskDefinition
from cicd.deploy.traffic.plan import DRAIN, BlueGreenOptions
from cicd.ports import RouterSpec
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.deploy.strategies.traffic_shift import Step

HEALTHY_WITHIN: Final = timedelta(minutes=60)
"""Source: CodeDeploy User Guide, "Troubleshoot Amazon ECS deployment issues"."""
PRODUCTION: Final = "production"
TEST: Final = "test"
_TEST_EVENTS: Final = (
    LifecycleEvent.ALLOW_TEST_TRAFFIC,
    LifecycleEvent.AFTER_ALLOW_TEST_TRAFFIC,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSetRef:
    """A task set of a service, and the target group that it is registered in."""

    id: str  # "" where there is none: before a service's first deployment
    target_group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlan:
    """A service of ECS: what is made of its task definition, and who routes to it."""

    name: str
    cluster: str
    definition: TaskDefinition
    container_name: str  # the one that the load balancer sends requests to
    container_port: int
    desired_count: int
    target_groups: tuple[str, str]
    router: RouterSpec  # its routes are PRODUCTION, and TEST where there is a test listener
    original: TaskSetRef
    replacement: TaskSetRef
    drain: timedelta = DRAIN
    healthy_within: timedelta = HEALTHY_WITHIN

    @property
    def has_test_listener(self) -> bool:
        """Whether there is a test listener."""
        return any(route.name == TEST for route in self.router.routes)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionPlan:
    """A function of Lambda: the alias whose traffic goes from one version to another."""

    name: str
    alias: str
    current_version: str
    target_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftPlan:
    """
    How traffic goes from one version to another.

    In a rollback ``service.replacement`` is what traffic goes back to, at once, and
    ``service.original`` what it is taken from; so it is with the versions of ``function``.
    """

    config: ShiftConfig
    options: BlueGreenOptions = BlueGreenOptions()
    hooks: tuple[tuple[LifecycleEvent, str], ...] = ()  # the function that each event calls
    service: ServicePlan | None = None
    function: FunctionPlan | None = None  # exactly one of the two is there
    rollback: bool = False

    @property
    def steps(self) -> tuple[Step, ...]:
        """Give the steps of AllowTraffic; where there is no original all goes at once."""
        first = self.service is not None and not self.service.original.id
        return steps_of(default_config(self.config.compute_platform) if first else self.config)

    def hook(self, event: LifecycleEvent) -> str | None:
        """Give the function that an event calls; None: it calls none."""
        return dict(self.hooks).get(event)


def service_events(shift: ShiftPlan) -> tuple[LifecycleEvent, ...]:
    """
    Give the events that happen: not hooks that call nothing, nor what takes a test listener.

    Source: CodeDeploy User Guide, "List of lifecycle event hooks for an Amazon ECS deployment".
    """
    assert shift.service is not None
    has_test = shift.service.has_test_listener
    own = (
        LifecycleEvent.INSTALL,
        LifecycleEvent.ALLOW_TEST_TRAFFIC,
        LifecycleEvent.ALLOW_TRAFFIC,
    )
    return tuple(
        event
        for event in SERVICE
        if (event in own or shift.hook(event)) and (has_test or event not in _TEST_EVENTS)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWeights:
    """One step of AllowTraffic: the replacement gets so many per cent of the requests."""

    target: str
    weight: int

    @property
    def key(self) -> str:
        """Unique within the deployment: "web/AllowTraffic/10"."""
        return f"{self.target}/{LifecycleEvent.ALLOW_TRAFFIC}/{self.weight}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchHealth:
    """See that the replacement can take requests, from the first step of the shift to the end."""

    target: str

    @property
    def key(self) -> str:
        """Unique within the deployment: "web/WatchHealth"; no lifecycle event is called so."""
        return f"{self.target}/{WATCH}"


WATCH: Final = "WatchHealth"
