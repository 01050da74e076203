"""What is known of a deployment: the fold of its events, and the steps of folding. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cicd.deploy.begun import Begun
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.event import JSON
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.event import Event

_ALARMING: Final = (OutcomeStatus.FAILED, OutcomeStatus.FAULT)


class Status(StrEnum):
    """Of a target and of a lifecycle event. Source: CodeDeploy API Reference."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"
    READY = "Ready"  # of a replacement that is installed and waits for traffic


class DeploymentStatus(StrEnum):
    """Of a deployment; the last three never change."""

    CREATED = "Created"
    IN_PROGRESS = "InProgress"
    READY = "Ready"
    BAKING = "Baking"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"


FINAL: Final = (DeploymentStatus.SUCCEEDED, DeploymentStatus.FAILED, DeploymentStatus.STOPPED)
"""The statuses of a deployment that is over, its waits included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventState:
    """One lifecycle event of one target that has begun."""

    started_at: datetime
    finished_at: datetime | None = None
    outcome: Outcome | None = None

    @property
    def status(self) -> Status:
        """Give the event's own status."""
        if self.outcome is None:
            return Status.IN_PROGRESS
        if self.outcome.status is OutcomeStatus.DONE:
            return Status.SUCCEEDED
        return Status.SKIPPED if self.outcome.detail.get("unreached") else Status.FAILED

    @property
    def has_failed(self) -> bool:
        """Whether it is over, and did not succeed."""
        return self.outcome is not None and self.outcome.status is not OutcomeStatus.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentState:
    """What has happened so far: a fold of the stream."""

    created_at: datetime | None = None
    begun: Begun = field(default_factory=Begun)  # by command key
    targets: Mapping[str, Status] = field(default_factory=dict)  # of those that began, by id
    watched: Mapping[str, EventState] = field(default_factory=dict)  # WatchAlarms, by key
    stop: Mapping[str, JSON] | None = None  # the data of the first stop signal
    rollback: Mapping[str, JSON] | None = None  # the data of the rollback signal
    updated_by: tuple[str, ...] = ()  # the deployments to members that were launched meanwhile
    continued: frozenset[str] = frozenset()  # the waits that ContinueDeployment ended
    resumed_at: datetime | None = None  # by the last driver that followed a dead one
    status: str | None = None  # the final one
    concluded_at: datetime | None = None

    def counted_from(self, moment: datetime) -> datetime:
        """Say from when a limit that began at ``moment`` counts: nobody's time does not."""
        return moment if self.resumed_at is None else max(moment, self.resumed_at)

    @property
    def alarm(self) -> Mapping[str, JSON] | None:
        """What the watch found: an alarm that went off, or that could not be read."""
        for entry in self.watched.values():
            outcome = entry.outcome
            if outcome is not None and outcome.status in _ALARMING:
                return outcome.detail
        return None


def with_command(state: DeploymentState, key: str, entry: EventState) -> DeploymentState:
    """Note how a command stands: a lifecycle event, or, without a "/", the watch over alarms."""
    if "/" not in key:
        return replace(state, watched=MappingProxyType({**state.watched, key: entry}))
    return replace(state, begun=state.begun.with_event(key, entry))


def signalled(state: DeploymentState, event: Event) -> DeploymentState:
    """Fold what somebody asked for."""
    match event.data.get("signal"):
        case "stop" if state.stop is None and state.status is None:
            return replace(state, stop=event.data)
        case "resumed":
            return replace(state, resumed_at=event.at)
        case "rollback":
            return replace(state, rollback=event.data)
        case "auto-update":
            updated_by = (*state.updated_by, str(event.data["deploymentId"]))
            return replace(state, updated_by=updated_by)
        case "continue":
            waited = str(event.data.get("deploymentWaitType"))
            return replace(state, continued=state.continued | {waited})
        case _:
            return state
