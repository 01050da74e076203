"""What was deployed before: a deployment's plan and state, and a group's last good one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cicd.deploy.fleet.hooks import BY_ITSELF
from cicd.deploy.lifecycle import LifecycleEvent
from cicd.deploy.plan import DeploymentPlan
from cicd.deploy.processes import process_of
from cicd.deploy.state import FINAL, DeploymentStatus
from cicd.engine.codec import decode
from cicd.event import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.deploy.process import DeploymentProcess
    from cicd.deploy.state import DeploymentState
    from cicd.ports import ExecutionRecord, Services

KIND: Final = "deployment"
LOOKED_BACK: Final = 20  # deployments


def stream_of(deployment_id: str) -> str:
    """Name a deployment's stream."""
    return f"{KIND}/{deployment_id}"


def read_plan(stream: str, services: Services) -> DeploymentPlan | None:
    """Read a deployment's plan; None when the stream is empty."""
    for _, event in services.log.read(stream):
        if event.kind is EventKind.SUBMITTED:
            return decode(DeploymentPlan, event.data["plan"])
    return None


def status_of(record: ExecutionRecord, services: Services) -> str:
    """Give a deployment's status: the index knows of one that runs only that it does."""
    plan = None if record.status in FINAL else read_plan(record.stream, services)
    if plan is None:
        return record.status
    process = process_of(plan)
    return process.status(fold(process, services))


class Folded:
    """A deployment's events, folded as far as they were seen; what came since is read on."""

    def __init__(self, process: DeploymentProcess) -> None:
        """Have seen nothing."""
        self.state = process.initial()
        self._process = process
        self._seen = 0  # events

    def saw(self, state: DeploymentState) -> None:
        """Take over what the next event led to."""
        self.state = state
        self._seen += 1

    def read_on(self, services: Services) -> DeploymentState:
        """Fold what is new in the log, and give the state."""
        stream = stream_of(self._process.plan.deployment_id)
        for _, event in services.log.read(stream, after=self._seen):
            self.saw(self._process.apply(self.state, event))
        return self.state


def fold(process: DeploymentProcess, services: Services) -> DeploymentState:
    """Give the state of a deployment: its events, folded."""
    return Folded(process).read_on(services)


def last_succeeded(plan: DeploymentPlan, services: Services) -> DeploymentPlan | None:
    """Give the group's last deployment before ``plan`` that Succeeded: its last known good."""
    return last_good(
        plan.deployment_group_name,
        plan.deployment_group_id,
        services,
        before=stream_of(plan.deployment_id),
    )


def had_before(plan: DeploymentPlan, services: Services) -> DeploymentPlan | None:
    """
    Give the deployment whose revision the group had before ``plan``; None: it had none.

    A rollback that only moved traffic came after what it rolled back, which may have Failed.
    """
    if plan.rollback_of is not None and LifecycleEvent.INSTALL not in plan.events:
        return read_plan(stream_of(plan.rollback_of), services)
    return last_succeeded(plan, services)


def last_good(
    group: str, group_id: str, services: Services, *, before: str | None = None
) -> DeploymentPlan | None:
    """
    Give a group's last deployment that Succeeded; those that a fleet made by itself are none.

    Args:
        group: Its name.
        group_id: Its id.
        services: The services.
        before: Only those that were made before this stream; None, or one not made yet: all.

    """
    records = services.executions.list(kind=KIND, name=group)
    streams = [record.stream for record in records]
    # The newest come first.
    for record in records[streams.index(before) + 1 if before in streams else 0 :]:
        if record.status == DeploymentStatus.SUCCEEDED:
            earlier = read_plan(record.stream, services)
            if (
                earlier is not None
                and earlier.deployment_group_id == group_id
                and earlier.creator not in BY_ITSELF
            ):
                return earlier
    return None


def settle_environments(plan: DeploymentPlan, services: Services) -> DeploymentPlan:
    """
    Deploy to the environment that has no traffic: after a success the replacement is the next
    deployment's original, whichever of the two was written down as such.

    Source: CodeDeploy User Guide, "Overview of a blue/green deployment".
    """
    blue_green = plan.blue_green
    if blue_green is None:
        return plan
    earlier = last_succeeded(plan, services)
    live = set() if earlier is None else {target.id for target in earlier.targets}
    if not live or live != {target.id for target in plan.targets}:
        return plan
    return replace(
        plan,
        targets=blue_green.original,
        blue_green=replace(blue_green, original=plan.targets),
    )


def earlier_events(plan: DeploymentPlan, services: Services) -> Iterator[Event]:
    """Give the events of the group's last deployments, one deployment after the other."""
    for record in services.executions.list(
        kind=KIND, name=plan.deployment_group_name, limit=LOOKED_BACK
    ):
        for _, event in services.log.read(record.stream):
            yield event
