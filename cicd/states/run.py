"""The room's public face: executions of state machines are started, taken up, and looked at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.engine.codec import decode, encode
from cicd.engine.loop import drive
from cicd.event import JSON, Event, EventKind
from cicd.record import dataclass
from cicd.states.effects import StatesEffects
from cicd.states.ending import Done, Failed
from cicd.states.process import ExecutionPlan, StatesProcess, Status
from cicd.states.reader import read_machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.document.node import Node
    from cicd.ports import Services
    from cicd.states.machine import Machine
    from cicd.states.process import ExecutionState

KIND: Final = "state-machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionEnd:
    """How an execution of a state machine ended."""

    status: Status
    output: JSON = None
    error: str = ""
    cause: str = ""


def stream_of(plan: ExecutionPlan) -> str:
    """Name the stream of an execution."""
    return f"{KIND}/{plan.machine}:{plan.name}"


def start_states(
    plan: ExecutionPlan,
    services: Services,
    say: Callable[[str], None],
    ready: Callable[[str], None],
    *,
    parent: str,
) -> ExecutionEnd:
    """
    Start an execution, and drive it to its end; one of that name that began is taken up.

    Args:
        plan: What is to run.
        services: Its functions, its log, and the token that stops it.
        say: Gets a line for whatever happens, and what the functions print.
        ready: Is given the name of each function before it is invoked, to make it if need be.
        parent: What began it.

    Raises:
        DocumentError: The definition is not one that is carried out here.
        Conflict: Somebody else drives it.

    """
    stream = stream_of(plan)
    known = services.log.read(stream)
    if known:
        plan = decode(ExecutionPlan, known[0][1].data["plan"])
    else:
        now = services.clock.now()
        with services.executions.submission(
            stream, kind=KIND, name=plan.machine, status=Status.RUNNING, parent=parent, at=now
        ):
            submitted = Event(kind=EventKind.SUBMITTED, at=now, data={"plan": encode(plan)})
            services.log.append(stream, (submitted,), expected=0)
    process = StatesProcess(plan, _machine_of(plan))
    with services.executions.drive(stream):
        told, count = len(known), 0

        def follow(event: Event) -> None:
            nonlocal count
            count += 1
            if count > told and (words := _words(event)):
                say(words)

        status = drive(
            process,
            StatesEffects(services, say, ready),
            stream=stream,
            log=services.log,
            clock=services.clock,
            cancel=services.cancel,
            jobs=services.jobs,
            on_event=follow,
        )
        services.executions.update(stream, status, services.clock.now())
    return execution_end(stream, services)


def check(definition: Node) -> Machine:
    """Read a definition; raises ``DocumentError`` with all that is not carried out here."""
    problems = Problems()
    machine = read_machine(definition, problems)
    problems.raise_errors()
    assert machine is not None, "what has no problem is a machine"
    return machine


def execution_end(stream: str, services: Services) -> ExecutionEnd:
    """Say how an execution ended, or that it is RUNNING."""
    events = [event for _, event in services.log.read(stream)]
    plan = decode(ExecutionPlan, events[0].data["plan"])
    process = StatesProcess(plan, _machine_of(plan))
    state: ExecutionState = process.initial()
    for event in events:
        state = process.apply(state, event)
    if state.status == Status.RUNNING:
        return ExecutionEnd(status=Status.RUNNING)
    ended = process.standing(state, events[-1].at)[1]
    status = Status(state.status)
    match ended:
        case Done(output=output) if status is Status.SUCCEEDED:
            return ExecutionEnd(status=status, output=output)
        case Failed(error=error, cause=cause):
            return ExecutionEnd(status=status, error=error, cause=cause)
    return ExecutionEnd(status=status)


def _machine_of(plan: ExecutionPlan) -> Machine:
    return check(load_text(plan.definition, plan.origin, json=True))


def _words(event: Event) -> str:
    """Say what happened, in a line; "" for what needs no words."""
    match event.kind:
        case EventKind.STARTED:
            command = event.data["command"]
            assert isinstance(command, dict), "a command is written as a mapping"
            return f"{event.key}: {command['function']} is invoked"
        case EventKind.FINISHED:
            outcome = event.data["outcome"]
            assert isinstance(outcome, dict), "an outcome is written as a mapping"
            detail = outcome.get("detail") or {}
            assert isinstance(detail, dict), "a detail is a mapping"
            if outcome["status"] == "DONE":
                return f"{event.key}: {json.dumps(detail.get('output'))}"
            why = detail.get("error") or detail.get("message") or outcome.get("reason")
            return f"{event.key}: {why}"
    return ""
