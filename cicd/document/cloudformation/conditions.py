"""Conditions of a template: met, not met, or hanging on something that is not known. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.cloudformation.intrinsics import call_of
from cicd.document.cloudformation.template import text_of
from cicd.document.cloudformation.values import UNRESOLVED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.document.cloudformation.budget import Budget
    from cicd.document.node import Entry, Node


class Conditions:
    """The conditions of one template; ``None``, as an answer, is "not known"."""

    def __init__(
        self,
        declared: Mapping[str, Entry],
        value: Callable[[Node], Node | None],
        budget: Budget,
    ) -> None:
        """Hold what is declared, and how values in it are resolved."""
        self._declared = declared
        self._value = value
        self._budget = budget
        self._known: dict[str, bool | None] = {}

    def is_met(self, name: str, node: Node) -> bool | None:
        """Evaluate the condition ``name``, which ``node`` asks for; raises on a circle."""
        entry = self._declared.get(name)
        if entry is None:
            return None
        if name not in self._known:
            self._budget.begin(f"the condition {name}", node)
            self._known[name] = self._met(entry.value)
            self._budget.end(f"the condition {name}")
        return self._known[name]

    def _met(self, node: Node) -> bool | None:
        self._budget.go_in(node)
        met = self._truth(node)
        self._budget.come_out()
        return met

    def _truth(self, node: Node) -> bool | None:
        call = call_of(node)
        if call is None:
            named = text_of(node, "Condition")
            return self.is_met(named, node) if named else None
        given = call.argument.items
        match call.name:
            case "Condition":
                return self.is_met(call.argument.text, node)
            case "Fn::Equals" if len(given) == 2:
                left, right = self._value(given[0]), self._value(given[1])
                if left is None or right is None or UNRESOLVED in (left.tag, right.tag):
                    return None
                return left.text == right.text
            case "Fn::Not" if len(given) == 1:
                met = self._met(given[0])
                return None if met is None else not met
            case "Fn::And" | "Fn::Or":
                decisive = call.name == "Fn::Or"
                all_met = [self._met(item) for item in given]
                if decisive in all_met:
                    return decisive
                return None if None in all_met or not all_met else not decisive
        return None
