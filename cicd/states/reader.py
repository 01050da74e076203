"""Node → a state machine: its states, and whether those that are named are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.fields import Fields
from cicd.document.node import NodeKind
from cicd.document.problem import Severity
from cicd.nearest import closest
from cicd.states.machine import Machine, State
from cicd.states.reading import INVALID, ROOM, UNREACHABLE, json_path_alone, seconds
from cicd.states.state_reader import StateReader

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.document.position import Span
    from cicd.document.problem import Problems


def read_machine(
    node: Node, problems: Problems, what: str = "the state machine"
) -> Machine | None:
    """
    Read a definition in the States Language; None where it is not one.

    Source: Step Functions Developer Guide, "Using Amazon States Language".
    """
    fields = Fields(node, problems, room=ROOM, what=what)
    readable = json_path_alone(fields, problems, what)
    fields.text("Comment")
    fields.text("Version")
    start = fields.text("StartAt", default=None) if fields.required("StartAt") else None
    timeout = seconds(fields, "TimeoutSeconds", None)
    if what != "the state machine":
        fields.mapping("ProcessorConfig")
    states = fields.mapping("States", what=f"the states of {what}")
    fields.unknown(Severity.ERROR)
    if states is None:
        fields.required("States")
        return None
    found: dict[str, State] = {}
    for entry in states.entries() if readable else ():
        state = StateReader(entry.key, entry.value, problems, entry.key_span, read_machine).state()
        if state is not None:
            found[entry.key] = state
    names = [entry.key for entry in states.entries()]
    _check_names(node, names, start, fields.span("StartAt"), problems)
    if len(found) == len(names) or not readable:
        _check_ways(node.entries["States"].value, start, what, problems)
    return Machine(start_at=start or "", states=found, timeout=timeout)


def _check_names(
    node: Node, names: list[str], start: str | None, span: Span, problems: Problems
) -> None:
    """See that every state that is named is there."""
    if start is not None and start not in names:
        _missing(start, names, span, problems)
    states = node.entries["States"].value
    for entry in states.entries.values():
        for wanted in _named(entry.value):
            if wanted.text not in names:
                _missing(wanted.text, names, wanted.span, problems)


def _check_ways(states: Node, start: str | None, what: str, problems: Problems) -> None:
    """See that an end can be come to, and every state."""
    if not any(_ends(entry.value) for entry in states.entries.values()):
        problems.error(
            INVALID,
            f"no state of {what} is an end (MISSING_END_STATE)",
            states.span,
            hint="write End: true in the last one",
        )
    if start is None or start not in states.entries:
        return
    reached, front = {start}, [start]
    while front:
        for wanted in _named(states.entries[front.pop()].value):
            if wanted.text in states.entries and wanted.text not in reached:
                reached.add(wanted.text)
                front.append(wanted.text)
    for name, entry in states.entries.items():
        if name not in reached:
            problems.warning(
                UNREACHABLE, f"no state leads to '{name}'", entry.key_span, hint="remove it"
            )


def _ends(state: Node) -> bool:
    kind, end = state.entries.get("Type"), state.entries.get("End")
    return (kind is not None and kind.value.text in {"Succeed", "Fail"}) or (
        end is not None and end.value.text == "true"
    )


def _named(state: Node) -> list[Node]:
    """Give the names of other states that a state has, of its own machine."""
    found = [state.entries[key].value for key in ("Next", "Default") if key in state.entries]
    for key in ("Choices", "Catch"):
        listed = state.entries[key].value.items if key in state.entries else ()
        found += [each.entries["Next"].value for each in listed if "Next" in each.entries]
    return [each for each in found if each.kind is NodeKind.SCALAR]


def _missing(name: str, names: list[str], span: Span, problems: Problems) -> None:
    near = closest(name, names)
    problems.error(
        INVALID,
        f"there is no state '{name}' (MISSING_TRANSITION_TARGET)",
        span,
        hint=f"did you mean '{near}'?" if near else None,
    )
