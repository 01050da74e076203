"""What an execution is told to do, and what an action's outcome says beside its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import TypeAlias

from cicd.pipeline.condition import ConditionPlan
from cicd.pipeline.result import StoredArtifact
from cicd.record import dataclass


def numbered(key: str, attempt: int) -> str:
    """Give the key of a command's attempt: "Build/Compile", and, of a retry, "Build/Compile#2"."""
    return key if attempt == 1 else f"{key}#{attempt}"


def unnumbered(key: str) -> str:
    """Give what a key was made of: no name of a stage or an action has a "#"."""
    return key.partition("#")[0]


def attempt_of(key: str) -> int:
    """Give the attempt that a key is of, counted from 1."""
    return int(key.partition("#")[2] or 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterStage:
    """Wait until the stage is ours, or until a newer execution took our place before it."""

    key: str  # "enter:Build"
    stage: str
    again: bool = False  # for a retry: whoever was let in once does not ask the transition


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveStage:
    """Let the next execution in."""

    key: str  # "leave:Build"
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAction:
    """Run one action with what it takes, as it is now."""

    key: str  # "Build/Compile"; of its second attempt "Build/Compile#2"
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


class RetryMode(StrEnum):
    """What a retried stage runs again."""

    FAILED_ACTIONS = "FAILED_ACTIONS"
    ALL_ACTIONS = "ALL_ACTIONS"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryStage:
    """Begin a failed stage again, as its ``onFailure`` asks."""

    key: str  # "retry:Build"
    stage: str
    mode: RetryMode


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCondition:
    """Ask a rule of a stage's condition, with the variables and artifacts as they are now."""

    key: str  # "check:Build/beforeEntry/0"
    stage: str
    condition: ConditionPlan
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    inputs: tuple[StoredArtifact, ...] = ()
    rule: int | None = None  # its place; None: all of them, one after another

    def places(self) -> tuple[int, ...]:
        """Give the places of the rules that are asked."""
        return tuple(range(len(self.condition.rules))) if self.rule is None else (self.rule,)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginRollback:
    """Submit an execution that runs a failed stage again as an earlier one left it."""

    key: str  # "rollback:Prod"
    stage: str


PipelineCommand: TypeAlias = (
    EnterStage
    | LeaveStage
    | RunAction
    | ExpireApproval
    | RetryStage
    | CheckCondition
    | BeginRollback
)
