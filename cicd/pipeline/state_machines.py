"""State machines that pipelines start: of ``local.stateMachines``, a template, or a stack."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cicd.document.cloudformation.values import UNRESOLVED, is_known
from cicd.document.load import load, load_text
from cicd.document.node import Node, NodeKind
from cicd.errors import UsageError
from cicd.nearest import closest
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.document.resources import Resources

_ARN: Final = re.compile(r"arn:[a-z-]+:states:[a-z0-9-]*:\d{12}:stateMachine:([^:]{1,80})")
_SUBSTITUTED: Final = re.compile(r"\$\{([A-Za-z0-9_-]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMachine:
    """A state machine as it is written."""

    name: str
    definition: Node
    express: bool = False


def find_state_machine(
    arn: str, resources: Resources, *, made: Callable[[str], StateMachine | None]
) -> StateMachine:
    """
    Find a state machine by its ARN: of ``cicd.yml``, else of the template, else of a stack.

    ``made`` gives the one of a name that a stack made here.

    Raises:
        UsageError: It is no ARN of one, or there is none of that name.
        DocumentError: Its definition cannot be read.

    """
    match = _ARN.fullmatch(arn)
    if match is None:
        raise UsageError(
            f"Invalid Arn: '{arn}' (InvalidArn)",
            hint="write arn:aws:states:us-east-1:123456789012:stateMachine:NAME",
        )
    name = match[1]
    local = local_machines(resources)
    if name in local:
        return of_file(name, local[name], resources)
    resource = resources.find("stateMachines", name)
    if resource is not None:
        return of_template(name, resource)
    of_stack = made(name)
    if of_stack is not None:
        return of_stack
    near = closest(name, [*local, *resources.section("stateMachines")])
    raise UsageError(
        f"State Machine Does Not Exist: '{arn}' (StateMachineDoesNotExist)",
        hint=f"did you mean '{near}'?"
        if near
        else f"write 'local: {{stateMachines: {{{name}: machine.asl.json}}}}' in cicd.yml",
    )


def local_machines(resources: Resources) -> dict[str, Node]:
    """Give what ``local.stateMachines`` of ``cicd.yml`` says, by name."""
    entry = None if resources.local is None else resources.local.entries.get("stateMachines")
    return {} if entry is None else {key: e.value for key, e in entry.value.entries.items()}


def of_file(name: str, written: Node, resources: Resources) -> StateMachine:
    """
    Read one of ``cicd.yml``: a file, or a mapping with ``definition`` and ``type``.

    Raises as ``find_state_machine`` does.
    """
    file, kind = written.text, ""
    if written.kind is NodeKind.MAPPING:
        file, kind = (
            written.entries[key].value.text if key in written.entries else ""
            for key in ("definition", "type")
        )
    if not file:
        raise UsageError(
            f"the state machine '{name}' of cicd.yml has no definition",
            hint="name its file, which stands beside cicd.yml",
        )
    place = Path(resources.root) / file
    return StateMachine(name=name, definition=load(place, file), express=kind == "EXPRESS")


def of_template(name: str, resource: Node) -> StateMachine:
    """
    Read the properties of one of a template; raises as ``find_state_machine`` does.

    Source: CloudFormation Template Reference, "AWS::StepFunctions::StateMachine".
    """
    given = {key: entry.value for key, entry in resource.entries.items()}
    definition, text = given.get("Definition"), given.get("DefinitionString")
    values = _substitutions(resource)
    if definition is not None:
        definition = _with_substitutions(definition, values)
    elif text is not None:
        written = _with_substitutions(text, values).text
        definition = load_text(written, f"{name} DefinitionString", json=True)
    if definition is None:
        raise UsageError(
            f"the state machine '{name}' has its definition in a bucket, which is not read here",
            hint="write 'Definition' or 'DefinitionString', or name a file under local: "
            "stateMachines of cicd.yml",
        )
    if not is_known(definition):
        raise UsageError(
            f"the definition of the state machine '{name}' waits for what is not known here",
            hint=f"name a file under 'local: {{stateMachines: {{{name}: …}}}}' of cicd.yml",
        )
    kind = given.get("StateMachineType")
    return StateMachine(
        name=name, definition=definition, express=kind is not None and kind.text == "EXPRESS"
    )


def _substitutions(resource: Node) -> Mapping[str, Node]:
    """Give ``DefinitionSubstitutions``: values for the placeholders of a definition."""
    entry = resource.entries.get("DefinitionSubstitutions")
    return {} if entry is None else {key: e.value for key, e in entry.value.entries.items()}


def _with_substitutions(node: Node, values: Mapping[str, Node]) -> Node:
    """
    Put values in the place of ``${name}`` in all texts; a text is as unknown as they are.

    Source: CloudFormation Template Reference, "AWS::StepFunctions::StateMachine":
    ``DefinitionSubstitutions`` means ``Definition`` as well as ``DefinitionString``.
    """
    if not values:
        return node
    used = [values[name] for name in _SUBSTITUTED.findall(node.text) if name in values]
    if used:
        node = replace(
            node,
            text=_SUBSTITUTED.sub(
                lambda found: values[found[1]].text if found[1] in values else found[0], node.text
            ),
            tag=node.tag if all(is_known(value) for value in used) else UNRESOLVED,
        )
    return replace(
        node,
        items=tuple(_with_substitutions(item, values) for item in node.items),
        entries=MappingProxyType(
            {
                key: replace(entry, value=_with_substitutions(entry.value, values))
                for key, entry in node.entries.items()
            }
        ),
    )
