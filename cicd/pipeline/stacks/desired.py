"""A template's text and parameters → what its stack is to be. Pure; nothing is guessed."""

from __future__ import annotations

import hashlib
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cicd.document.cloudformation.checks.cycles import needs_of
from cicd.document.cloudformation.parameters import Given, check_given, is_hidden, masked
from cicd.document.cloudformation.resolve import Resolver
from cicd.document.cloudformation.template import read_template, text_of
from cicd.document.cloudformation.values import UNRESOLVED, text_node
from cicd.document.node import Node, NodeKind
from cicd.engine.graph import Dag
from cicd.errors import UsageError
from cicd.pipeline.stacks.as_meant import of_stack
from cicd.pipeline.stacks.kinds import KINDS
from cicd.pipeline.stacks.stack import Desired, StackResource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cicd.document.cloudformation.template import Template

NAMED_IAM: Final = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}
_IAM: Final = (
    *NAMED_IAM,
    "AWS::IAM::AccessKey",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::Policy",
    "AWS::IAM::UserToGroupAddition",
)
SIMULATED: Final = "simulated:"


class TemplateInvalid(Exception):
    """What CloudFormation would say of a template. Caught in the action."""


def desired_of(
    text: str,
    node: Node,
    stack: str,
    *,
    parameters: Mapping[str, str],
    capabilities: frozenset[str],
    simulate: bool,
) -> tuple[Desired, tuple[str, ...]]:
    """
    Say what a template makes, and which of its outputs are not known here.

    Args:
        text: The template, to be told from others.
        node: It, read.
        stack: The stack's name.
        parameters: Values that were given, each of a parameter that the template has.
        capabilities: What the user agrees to.
        simulate: Whether resources of kinds that there are not may exist in words only.

    Raises:
        TemplateInvalid: In CloudFormation's words where there are such.
        DocumentError: Something in it refers to itself.

    """
    template = read_template(of_stack(node, stack))
    _check(template, parameters)
    _check_capabilities(template, capabilities)
    resolver = Resolver(template, Given(parameters=parameters))
    wanted = [name for name in template.resources if resolver.is_wanted(name)]
    if not simulate:
        _check_conditions(template, resolver, wanted)
    _check_kinds(template, wanted, simulate=simulate)
    resources = tuple(
        _resource(template, resolver, logical_id, simulate=simulate)
        for logical_id in _in_order(read_template(node), wanted)
    )
    outputs, unknown = _outputs(template, resolver, simulate=simulate)
    return Desired(
        resources=resources,
        outputs=outputs,
        parameters=masked(template, parameters),
        template=hashlib.sha256(text.encode()).hexdigest(),
    ), unknown


def _check(template: Template, parameters: Mapping[str, str]) -> None:
    if not template.resources:
        raise TemplateInvalid(
            "Template format error: At least one Resources member must be defined."
        )
    for name, entry in template.resources.items():
        if not text_of(entry.value, "Type"):
            raise TemplateInvalid(
                f"Template format error: [/Resources/{name}] Every Resources object must contain "
                "a Type member."
            )
    try:
        check_given(template, parameters, whole=True)
    except UsageError as refused:
        raise TemplateInvalid(refused.message) from None


def _check_capabilities(template: Template, capabilities: frozenset[str]) -> None:
    """
    Ask for what the user must agree to beforehand.

    Source: CloudFormation API Reference, "CreateStack": Capabilities.
    """
    needed = None
    for logical_id in template.resources:
        kind = template.type_of(logical_id)
        if kind not in _IAM:
            continue
        properties = template.properties(logical_id)
        named = properties is not None and NAMED_IAM.get(kind, "") in properties.entries
        if named:
            needed = "CAPABILITY_NAMED_IAM"
            break
        needed = "CAPABILITY_IAM"
    given = set(capabilities)
    if "CAPABILITY_NAMED_IAM" in given:
        given.add("CAPABILITY_IAM")
    if needed is not None and needed not in given:
        raise TemplateInvalid(f"InsufficientCapabilities: Requires capabilities : [{needed}]")
    if template.transformed and "CAPABILITY_AUTO_EXPAND" not in capabilities:
        raise TemplateInvalid(
            "InsufficientCapabilities: Requires capabilities : [CAPABILITY_AUTO_EXPAND]"
        )


def _check_conditions(template: Template, resolver: Resolver, wanted: list[str]) -> None:
    """Refuse to guess whether a resource is made."""
    for name in wanted:
        if resolver.is_known_wanted(name) is None:
            condition = text_of(template.resources[name].value, "Condition")
            raise TemplateInvalid(
                f"whether '{name}' is made is not known here: its condition '{condition}' asks "
                "for what is not known, such as the value of a NoEcho parameter"
            )


def _check_kinds(template: Template, wanted: list[str], *, simulate: bool) -> None:
    if simulate:
        return
    if template.transformed:
        raise TemplateInvalid("the template has a Transform, and macros do not run here")
    other = sorted({template.type_of(name) for name in wanted} - set(KINDS))
    if other:
        raise TemplateInvalid(
            f"the template has resources that are not made here: {', '.join(other)}"
        )


def _in_order(template: Template, wanted: list[str]) -> tuple[str, ...]:
    """Give resources so that each comes after those that it needs."""
    edges = [
        (other, name)
        for name in wanted
        for other, _ in needs_of(name, template)
        if other in wanted
    ]
    if not edges:
        return tuple(wanted)
    dag = Dag(wanted, edges)
    circle = dag.cycle()
    if circle is not None:
        raise TemplateInvalid(f"Circular dependency between resources: [{', '.join(circle)}]")
    return dag.order()


def _resource(
    template: Template, resolver: Resolver, logical_id: str, *, simulate: bool
) -> StackResource:
    kind = template.type_of(logical_id)
    real = kind in KINDS
    properties = template.properties(logical_id)
    value = resolver.value(properties) if properties is not None else None
    unknown = [node.text for node in _unresolved(value)] if value is not None else []
    name = resolver.name_of(logical_id)
    if unknown and real and not simulate:
        raise TemplateInvalid(
            f"'{logical_id}' needs what is not known here: {', '.join(dict.fromkeys(unknown))}"
            f"{_hidden_in(unknown, template)}"
        )
    policy = text_of(template.resources[logical_id].value, "DeletionPolicy")
    return StackResource(
        logical_id=logical_id,
        type=kind,
        name=name.text,
        properties=json.dumps(value.plain() if value is not None else {}, sort_keys=True),
        retain=policy in ("Retain", "RetainExceptOnCreate"),
        simulated=not real or bool(unknown),
        policies=tuple(_policies(template.resources[logical_id].value)),
    )


def _hidden_in(unknown: list[str], template: Template) -> str:
    """Say which names in what is not known are parameters that nobody may see; "": none."""
    hidden = [
        name
        for name, entry in template.parameters.items()
        if is_hidden(entry.value) and any(name in text for text in unknown)
    ]
    return f" (the value of a NoEcho parameter is not kept: {', '.join(hidden)})" if hidden else ""


def _policies(resource: Node) -> Iterator[str]:
    for key in ("CreationPolicy", "UpdatePolicy"):
        given = resource.entries.get(key)
        for policy in given.value.entries if given is not None else ():
            yield f"{key}.{policy}"


def _outputs(
    template: Template, resolver: Resolver, *, simulate: bool
) -> tuple[Mapping[str, str], tuple[str, ...]]:
    section = template.node.entries.get("Outputs")
    found: dict[str, str] = {}
    unknown = []
    for name, entry in section.value.entries.items() if section is not None else ():
        given = entry.value.entries.get("Value")
        if given is None or not _is_wanted(entry.value, resolver):
            continue
        value = resolver.value(given.value)
        if value is None:
            continue
        if value.kind is NodeKind.SCALAR and value.tag != UNRESOLVED:
            found[name] = value.text
        elif simulate:
            found[name] = f"{SIMULATED}{value.text or name}"
        else:
            unknown.append(name)
    return MappingProxyType(found), tuple(unknown)


def _unresolved(node: Node) -> Iterator[Node]:
    if node.tag == UNRESOLVED:
        yield node
    for item in node.items:
        yield from _unresolved(item)
    for entry in node.entries.values():
        yield from _unresolved(entry.value)


def _is_wanted(output: Node, resolver: Resolver) -> bool:
    condition = output.entries.get("Condition")
    if condition is None:
        return True
    yes, no = (text_node(word, output) for word in ("yes", "no"))
    items = (condition.value, yes, no)
    asked = Node(kind=NodeKind.SEQUENCE, span=output.span, items=items, tag="!If")
    found = resolver.value(asked)
    return found is None or found.text != "no"
