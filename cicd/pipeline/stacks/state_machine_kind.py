"""State machines of a stack: each is a definition under its name, which pipelines start."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cicd.document.load import load_text
from cicd.errors import Conflict, DocumentError, UsageError
from cicd.event import Event, EventKind
from cicd.pipeline.state_machines import StateMachine, of_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.pipeline.stacks.stack import StackResource
    from cicd.ports import Services

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_SIGNAL: Final = "state-machine"
_MEANT: Final = frozenset(
    {
        *("Definition", "DefinitionString", "DefinitionSubstitutions"),
        *("StateMachineName", "StateMachineType"),
    }
)


class StateMachineKind:
    """
    AWS::StepFunctions::StateMachine: a definition that is kept in a stream of its own.

    Source: CloudFormation Template Reference, "AWS::StepFunctions::StateMachine".
    """

    replacing = frozenset({"StateMachineName", "StateMachineType"})
    named_by = "StateMachineName"
    late: tuple[str, ...] = ()

    def make(self, resource: StackResource, services: Services) -> Mapping[str, str]:
        """Keep its definition; one that is not carried out here is refused."""
        if made_machine(resource.name, services) is not None:
            raise Conflict(f"{resource.name} already exists")
        return self.change(resource, services)

    def change(self, resource: StackResource, services: Services) -> Mapping[str, str]:
        """Keep another definition."""
        from cicd.states.run import check

        try:
            check(_read(resource.name, resource.properties).definition)
        except DocumentError as refused:
            first = refused.problems[0]
            raise UsageError(
                f"Invalid State Machine Definition: {first.message}", hint=first.hint
            ) from None
        _write(resource.name, resource.properties, services)
        return _NOTHING

    def remove(self, resource: StackResource, services: Services) -> None:
        """Forget it."""
        if made_machine(resource.name, services) is not None:
            _write(resource.name, "", services)

    def without_effect(self, resource: StackResource) -> tuple[str, ...]:
        """Roles, logs, tracing and tags."""
        return tuple(key for key in json.loads(resource.properties) if key not in _MEANT)


def made_machine(name: str, services: Services) -> StateMachine | None:
    """Give a state machine that a stack made, as it is now; None: there is none of that name."""
    events = services.log.read(_stream(name))
    properties = str(events[-1][1].data["properties"]) if events else ""
    return _read(name, properties) if properties else None


def _read(name: str, properties: str) -> StateMachine:
    return of_template(name, load_text(properties, f"the properties of {name}", json=True))


def _write(name: str, properties: str, services: Services) -> None:
    stream = _stream(name)
    kept = Event(
        kind=EventKind.SIGNALLED,
        at=services.clock.now(),
        data={"signal": _SIGNAL, "properties": properties},
    )
    version = max((version for version, _ in services.log.read(stream)), default=0)
    services.log.append(stream, (kept,), expected=version)


def _stream(name: str) -> str:
    return f"stateMachine/{name}"
