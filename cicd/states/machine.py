"""A state machine: its states, and what each of them does. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from cicd.event import JSON
from cicd.record import dataclass


class ErrorName(StrEnum):
    """
    Errors that the service itself reports.

    Source: Step Functions Developer Guide, "Handling errors in Step Functions workflows".
    """

    ALL = "States.ALL"
    TASK_FAILED = "States.TaskFailed"
    TIMEOUT = "States.Timeout"
    RUNTIME = "States.Runtime"
    BRANCH_FAILED = "States.BranchFailed"
    NO_CHOICE_MATCHED = "States.NoChoiceMatched"
    RESULT_PATH = "States.ResultPathMatchFailure"
    PARAMETER_PATH = "States.ParameterPathFailure"
    INTRINSIC = "States.IntrinsicFailure"
    DATA_LIMIT = "States.DataLimitExceeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A payload whose keys that end in ".$" are paths, or intrinsic functions."""

    value: JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrier:
    """One element of ``Retry``. Times are seconds."""

    error_equals: tuple[str, ...]
    interval: float = 1.0
    max_attempts: int = 3
    backoff_rate: float = 2.0
    max_delay: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catcher:
    """One element of ``Catch``."""

    error_equals: tuple[str, ...]
    next: str
    result_path: str | None = "$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Hands its input on, or a fixed result."""

    result: Template | None = None  # as it is: nothing in it is a path


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Invokes a function of this machine."""

    function: str  # "" where ``Parameters`` name it: the resource is lambda:invoke
    timeout: float | None = None  # seconds
    timeout_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Waits for a time, or until a moment: exactly one of the four is there."""

    seconds: float | None = None
    seconds_path: str | None = None
    timestamp: str | None = None
    timestamp_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Goes on by its first rule that holds."""

    rules: tuple[tuple[Mapping[str, JSON], str], ...]  # a rule, and the next state
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeed:
    """Ends its machine, or its branch, well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail:
    """Ends its machine with an error; the paths win over the words."""

    error: str = ""
    cause: str = ""
    error_path: str | None = None
    cause_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallel:
    """Runs machines side by side, each with the same input."""

    branches: tuple[Machine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """Runs a machine for each item of a list."""

    processor: Machine
    items_path: str = "$"
    selector: Template | None = None
    max_concurrency: int = 0  # 0: all at once


Work: TypeAlias = Pass | Task | Wait | Choice | Succeed | Fail | Parallel | Map


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state: its work, what comes in and out of it, and where it goes on."""

    name: str
    work: Work
    input_path: str | None = "$"  # None: nothing, which is {}
    parameters: Template | None = None
    result_selector: Template | None = None
    result_path: str | None = "$"  # None: the result is dropped
    output_path: str | None = "$"
    next: str | None = None  # None: it is the last one
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """States by name, and the one to begin with."""

    start_at: str
    states: Mapping[str, State]
    timeout: float | None = None  # seconds of a whole execution
