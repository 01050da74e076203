"""The rules of an execution of a state machine: which function is invoked next, and when. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cicd.engine.codec import decode
from cicd.engine.process import Cancel, Decision, OutcomeStatus
from cicd.event import JSON, Event, EventKind
from cicd.record import dataclass
from cicd.states.ending import Answer, Done, Failed, InvokeFunction, Waiting, World
from cicd.states.machine import ErrorName
from cicd.states.moments import written
from cicd.states.walk import Walk

if TYPE_CHECKING:
    from cicd.states.ending import Ending
    from cicd.states.machine import Machine


class Status(StrEnum):
    """How an execution stands. Source: Step Functions API Reference, "DescribeExecution"."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionPlan:
    """What an execution of a machine is told when it begins."""

    name: str  # of the execution
    machine: str  # its name
    definition: str  # as JSON, as it was when this began
    origin: str  # where the definition stands, for people
    input: JSON
    execution_arn: str
    machine_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionState:
    """What is known of an execution."""

    began: datetime | None = None
    started: Mapping[str, datetime] = field(default_factory=dict)
    running: Mapping[str, InvokeFunction] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    stopped: bool = False
    status: str = Status.RUNNING


_NOTHING: Final[Mapping[str, JSON]] = MappingProxyType({})


class StatesProcess:
    """The ``Process`` of one execution."""

    def __init__(self, plan: ExecutionPlan, machine: Machine) -> None:
        """Take the plan, and its definition as it was read."""
        self.plan = plan
        self._machine = machine

    def initial(self) -> ExecutionState:
        """Know nothing yet."""
        return ExecutionState()

    def apply(self, state: ExecutionState, event: Event) -> ExecutionState:
        """Fold one event in."""
        match event.kind:
            case EventKind.SUBMITTED:
                return replace(state, began=event.at)
            case EventKind.STARTED:
                command = decode(InvokeFunction, event.data["command"])
                return replace(
                    state,
                    started={**state.started, event.key: event.at},
                    running={**state.running, event.key: command},
                )
            case EventKind.FINISHED:
                left = {key: each for key, each in state.running.items() if key != event.key}
                answer = _answer(event)
                answers = state.answers if answer is None else {**state.answers, event.key: answer}
                return replace(state, running=left, answers=answers)
            case EventKind.SIGNALLED:
                return replace(state, stopped=state.stopped or event.data["signal"] == "stop")
            case EventKind.CONCLUDED:
                return replace(state, status=str(event.data["status"]))

    def decide(self, state: ExecutionState, now: datetime) -> Decision:
        """Say which functions are invoked now, and which are waited for no more."""
        status, ended = self.standing(state, now)
        if status is not Status.RUNNING:
            cancel = tuple(Cancel(key=key, reason="STOPPED") for key in state.running)
            return Decision(cancel=cancel, conclude=status)
        assert isinstance(ended, Waiting), "what is RUNNING waits for something"
        wanted = {command.key for command in ended.commands}
        moments = [each for each in (ended.until, self._deadline(state)) if each is not None]
        return Decision(
            start=tuple(each for each in ended.commands if each.key not in state.started),
            cancel=tuple(
                Cancel(key=key, reason="STOPPED") for key in state.running if key not in wanted
            ),
            wake_at=min(moments, default=None),
        )

    def in_flight(self, state: ExecutionState) -> tuple[InvokeFunction, ...]:
        """Give the invocations whose answers were not seen."""
        return tuple(state.running.values())

    def standing(self, state: ExecutionState, now: datetime) -> tuple[Status, Ending]:
        """Give the status that follows from what is known, and how far the machine has come."""
        began = state.began
        assert began is not None, "an execution is decided on once it is submitted"
        ended = self._walked(state, began, now)
        deadline = self._deadline(state)
        over = ended.at if isinstance(ended, Done | Failed) else now
        if deadline is not None and over >= deadline:
            late = Failed(at=deadline, error=ErrorName.TIMEOUT, cause="")
            return Status.TIMED_OUT, late
        if isinstance(ended, Done):
            return Status.SUCCEEDED, ended
        if isinstance(ended, Failed):
            return Status.FAILED, ended
        return (Status.ABORTED if state.stopped else Status.RUNNING), ended

    def _deadline(self, state: ExecutionState) -> datetime | None:
        if self._machine.timeout is None or state.began is None:
            return None
        return state.began + timedelta(seconds=self._machine.timeout)

    def _walked(self, state: ExecutionState, began: datetime, now: datetime) -> Ending:
        plan = self.plan
        context: Mapping[str, JSON] = {
            "Execution": {
                "Id": plan.execution_arn,
                "Input": plan.input,
                "Name": plan.name,
                "StartTime": written(began),
            },
            "StateMachine": {"Id": plan.machine_arn, "Name": plan.machine},
        }
        world = World(now=now, answers=state.answers, started=state.started, context=context)
        return Walk(world).through(self._machine, plan.input, began)


def _answer(event: Event) -> Answer | None:
    """Read what became of a command; one that was cancelled has no answer."""
    outcome = event.data["outcome"]
    assert isinstance(outcome, dict), "an outcome is written as a mapping"
    detail = outcome.get("detail") or _NOTHING
    assert isinstance(detail, dict | MappingProxyType), "a detail is a mapping"
    if outcome.get("status") == OutcomeStatus.DONE:
        return Answer(at=event.at, output=detail.get("output"))
    if outcome.get("status") == OutcomeStatus.CANCELLED:
        return None
    return Answer(
        at=event.at,
        error=str(detail.get("error") or ErrorName.TASK_FAILED),
        cause=str(detail.get("cause") or detail.get("message") or ""),
    )
