"""Triggers of a deployment group: who is told of which events, and in which words."""

from __future__ import annotations

from enum import StrEnum

from cicd.ports import Probe
from cicd.record import dataclass


class TriggerEvent(StrEnum):
    """What a subscriber may be told of. Source: CodeDeploy API Reference, "TriggerConfig"."""

    DEPLOYMENT_START = "DeploymentStart"
    DEPLOYMENT_SUCCESS = "DeploymentSuccess"
    DEPLOYMENT_FAILURE = "DeploymentFailure"
    DEPLOYMENT_STOP = "DeploymentStop"
    DEPLOYMENT_ROLLBACK = "DeploymentRollback"
    DEPLOYMENT_READY = "DeploymentReady"
    INSTANCE_START = "InstanceStart"
    INSTANCE_SUCCESS = "InstanceSuccess"
    INSTANCE_FAILURE = "InstanceFailure"
    INSTANCE_READY = "InstanceReady"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A trigger whose topic has a subscriber on this machine."""

    name: str
    events: tuple[TriggerEvent, ...]
    subscriber: Probe  # a command that reads JSON, or an address that it is posted to
