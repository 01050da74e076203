"""Template + parameters → values without intrinsic functions. Pure; nothing is guessed."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from cicd.document.cloudformation import functions
from cicd.document.cloudformation.budget import Budget
from cicd.document.cloudformation.conditions import Conditions
from cicd.document.cloudformation.intrinsics import SUBSTITUTED, Call, attribute_of, call_of
from cicd.document.cloudformation.names import (
    NAMES,
    NO_VALUE,
    NOTIFICATION_ARNS,
    OF_PROPERTIES,
    PSEUDO,
    REFERRED_BY_ARN,
    REFERRED_BY_ID,
    around_name,
)
from cicd.document.cloudformation.parameters import Given, parameter_value
from cicd.document.cloudformation.template import text_of
from cicd.document.cloudformation.values import (
    UNRESOLVED,
    joined,
    list_node,
    moved,
    text_node,
    unresolved,
)
from cicd.document.node import Entry, Node, NodeKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.cloudformation.template import Template

NOTHING_GIVEN = Given()


class Resolver:
    """One template under one set of parameters."""

    def __init__(self, template: Template, given: Given = NOTHING_GIVEN) -> None:
        """Hold a template, and the values that its user gives."""
        self._template = template
        self._given = given
        self._budget = Budget()
        self._conditions = Conditions(template.conditions, self.value, self._budget)
        self._names: dict[str, Node] = {}

    def value(self, node: Node) -> Node | None:
        """
        Resolve a value; ``None``: ``AWS::NoValue`` took it away.

        What is not known is a scalar with the tag ``UNRESOLVED``.

        Raises:
            DocumentError: Something refers to itself, or the result is too large.

        """
        self._budget.go_in(node)
        call = call_of(node)
        if call is not None:
            found = self._call(call, node)
        elif node.kind is NodeKind.SEQUENCE:
            found = replace(node, items=self._items(node))
        elif node.kind is NodeKind.MAPPING:
            entries: dict[str, Entry] = {}
            for key, entry in node.entries.items():
                inner = self.value(entry.value)
                if inner is not None:
                    entries[key] = replace(entry, value=inner)
            found = replace(node, entries=MappingProxyType(entries))
        else:
            found = node
        self._budget.come_out()
        return found

    def is_wanted(self, logical_id: str) -> bool:
        """Tell whether a resource is made; one whose condition is not known is."""
        return self.is_known_wanted(logical_id) is not False

    def is_known_wanted(self, logical_id: str) -> bool | None:
        """Tell whether a resource is made; None: its condition is not known."""
        condition = text_of(self._template.resources[logical_id].value, "Condition")
        return self._met(condition, self._template.node) if condition else True

    def chosen(self, argument: Node) -> Node | None:
        """Give the branch of ``Fn::If`` that counts, as written; ``None``: it is not known."""
        if len(argument.items) != 3:
            return None
        condition, yes, no = argument.items
        met = self._met(condition.text, condition)
        return None if met is None else (yes if met else no)

    def name_of(self, logical_id: str) -> Node:
        """
        Give a resource's name: the property that names it, else its logical id.

        Local rule: AWS makes a name of the stack, the logical id and a random suffix.
        """
        if logical_id not in self._names:
            key = NAMES.get(self._template.type_of(logical_id), "")
            name = self._property(logical_id, key) if key else None
            if name is None or not name.text:
                resource = self._template.resources[logical_id]
                at = Node(kind=NodeKind.SCALAR, span=resource.key_span)
                name = text_node(logical_id, at)
            self._names[logical_id] = name
        return self._names[logical_id]

    def substitutions(self, argument: Node, node: Node) -> Iterator[tuple[int, int, Node | None]]:
        """
        Give each variable of ``Fn::Sub``: where it begins and ends in the text, and its value.

        ``None``, as a value, is one that ``AWS::NoValue`` took away.
        """
        text = argument.items[0] if argument.items else argument
        own = argument.items[1].entries if len(argument.items) > 1 else {}
        for found in SUBSTITUTED.finditer(text.text):
            name = found[1].strip()
            if name.startswith("!"):
                value: Node | None = text_node(f"${{{name[1:]}}}", node)
            elif name in own:
                value = self.value(own[name].value)
            elif name:
                resource, dot, attribute = name.partition(".")
                value = (
                    self._attribute((resource, attribute), node) if dot else self._ref(name, node)
                )
            else:
                continue
            yield found.start(), found.end(), value

    def _items(self, node: Node) -> tuple[Node, ...]:
        return tuple(found for item in node.items if (found := self.value(item)) is not None)

    def _call(self, call: Call, node: Node) -> Node | None:
        argument = call.argument
        match call.name:
            case "Ref":
                return self._ref(argument.text, node)
            case "Fn::GetAtt":
                return self._attribute(attribute_of(argument), node)
            case "Fn::Sub":
                return self._sub(argument, node)
            case "Fn::If":
                branch = self.chosen(argument)
                if branch is not None:
                    return self.value(branch)
                named = argument.items[0].text if argument.items else ""
                return unresolved(named or "Fn.If", node)
            case "Fn::ImportValue":
                return self._import(argument, node)
        made = self._made(call.name, argument, node)
        return self._budget.made(made)

    def _made(self, name: str, argument: Node, node: Node) -> Node:
        """Call a function of values only."""
        match name:
            case "Fn::Join":
                return functions.join(self._items(argument), node)
            case "Fn::Select":
                return functions.select(self._items(argument), node)
            case "Fn::Split":
                return functions.split(self._items(argument), node)
            case "Fn::Cidr":
                return functions.cidr(self._items(argument), node)
            case "Fn::FindInMap":
                mappings = self._template.mappings
                return functions.find_in_map(self._items(argument), mappings, node)
        value = self.value(argument)
        if value is not None:
            match name:
                case "Fn::Base64":
                    return functions.base64(value, node)
                case "Fn::GetAZs":
                    return functions.zones(value, node)
                case "Fn::Length":
                    return functions.length(value, node)
                case "Fn::ToJsonString":
                    return functions.json_text(value, node)
        return unresolved(name.replace("::", "."), node)

    def _import(self, argument: Node, node: Node) -> Node:
        exported = self.value(argument)
        name = exported.text if exported is not None else ""
        if exported is not None and exported.tag != UNRESOLVED and name in self._given.imports:
            return text_node(self._given.imports[name], node)
        return unresolved(f"ImportValue.{name}", node)

    def _ref(self, name: str, node: Node) -> Node | None:
        if name == NO_VALUE:
            return None
        if name in PSEUDO:
            return text_node(PSEUDO[name], node)
        if name == NOTIFICATION_ARNS:
            return list_node((), node)
        if name in self._template.parameters:
            declared = self._template.parameters[name].value
            return self._budget.made(parameter_value(name, declared, self._given, node))
        if name in self._template.resources and self.is_wanted(name):
            if self._template.type_of(name) in REFERRED_BY_ARN:
                return self._attribute((name, "Arn"), node)
            if self._template.type_of(name) in REFERRED_BY_ID:
                return self._budget.made(text_node(str(uuid5(NAMESPACE_URL, name)), node))
            return self._budget.made(moved(self.name_of(name), node))
        return unresolved(name.replace("::", "."), node)

    def _attribute(self, named: tuple[str, str] | None, node: Node) -> Node:
        if named is None:
            return unresolved("Fn.GetAtt", node)
        resource, attribute = named
        if resource in self._template.resources and self.is_wanted(resource):
            kind = self._template.type_of(resource)
            around = around_name(kind, attribute)
            if around is not None:
                before, after = (text_node(text, node) for text in around)
                return self._budget.made(joined([before, self.name_of(resource), after], "", node))
            written = OF_PROPERTIES.get((kind, attribute))
            value = self._property(resource, written) if written else None
            if value is not None:
                return self._budget.made(moved(value, node))
        return unresolved(f"{resource}.{attribute}", node)

    def _property(self, logical_id: str, key: str) -> Node | None:
        properties = self._template.properties(logical_id)
        entry = properties.entries.get(key) if properties is not None else None
        if entry is None:
            return None
        self._budget.begin(logical_id, entry.value)
        value = self.value(entry.value)
        self._budget.end(logical_id)
        return value

    def _sub(self, argument: Node, node: Node) -> Node:
        text = argument.items[0] if argument.items else argument
        if text.kind is not NodeKind.SCALAR:
            return unresolved("Fn.Sub", node)
        parts: list[Node] = []
        at = 0
        for start, end, value in self.substitutions(argument, node):
            parts.append(text_node(text.text[at:start], node))
            if value is not None:
                parts.append(self._budget.made(value))
            at = end
        parts.append(text_node(text.text[at:], node))
        return self._budget.made(joined(parts, "", node))

    def _met(self, name: str, node: Node) -> bool | None:
        return self._conditions.is_met(name, node)
