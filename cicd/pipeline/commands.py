"""What an execution is told to do, and what an action's outcome says beside its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from cicd.pipeline.result import StoredArtifact


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterStage:
    """Wait until the stage is ours, or until a newer execution took our place before it."""

    key: str  # "enter:Build"
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveStage:
    """Let the next execution in."""

    key: str  # "leave:Build"
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAction:
    """Run one action with what it takes, as it is now."""

    key: str  # "Build/Compile"
    inputs: tuple[StoredArtifact, ...] = ()
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """An action's configuration after replacement, as its outcome tells it."""

    configuration: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireApproval:
    """Note that nobody answered in time."""

    key: str  # "expire:Prod/Approve"
    action: str


PipelineCommand: TypeAlias = EnterStage | LeaveStage | RunAction | ExpireApproval
