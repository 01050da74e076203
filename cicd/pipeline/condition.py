"""A stage's conditions: what they ask, and what their rules say. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from cicd.pipeline.variables import Unresolved, resolve
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.node import Node

BEFORE_ENTRY = "beforeEntry"
ON_SUCCESS = "onSuccess"
VARIABLE_CHECK = "VariableCheck"


class ConditionStatus(StrEnum):
    """How a condition, or one of its rules, ended."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePlan:
    """One rule; its configuration as written."""

    name: str
    provider: str
    configuration: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionPlan:
    """What must hold at one gate of a stage, and what happens when it does not."""

    gate: str  # "beforeEntry" or "onSuccess"
    result: str  # "FAIL", or "SKIP" before the entry
    rules: tuple[RulePlan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """What one rule said."""

    name: str
    status: ConditionStatus
    summary: str
    resolved: Mapping[str, str] = field(default_factory=dict)  # its configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionResult:
    """What a condition's rules said, all together."""

    rules: tuple[RuleResult, ...]

    @property
    def status(self) -> ConditionStatus:
        """Succeed if every rule did."""
        if all(rule.status is ConditionStatus.SUCCEEDED for rule in self.rules):
            return ConditionStatus.SUCCEEDED
        return ConditionStatus.FAILED


def read_conditions(stage: Node) -> Iterator[ConditionPlan]:
    """Give a stage's conditions that are carried out here: of variables, at the two gates."""
    for gate in (BEFORE_ENTRY, ON_SUCCESS):
        entry = stage.entries.get(gate)
        listed = entry.value.entries.get("conditions") if entry is not None else None
        for node in listed.value.items if listed is not None else ():
            found = _condition(gate, node)
            if found is not None:
                yield found


def evaluate(rule: RulePlan, namespaces: Mapping[str, Mapping[str, str]]) -> RuleResult:
    """
    Say whether a variable is as a rule asks: letters count as written, a pattern must match all.

    A variable that nobody gave fails the rule.
    Source: CodePipeline User Guide, "Rule structure reference", VariableCheck.
    """
    try:
        resolved = {key: resolve(text, namespaces) for key, text in rule.configuration.items()}
    except Unresolved as missing:
        return RuleResult(name=rule.name, status=ConditionStatus.FAILED, summary=str(missing))
    value, wanted = resolved.get("Variable", ""), resolved.get("Value", "")
    operator = resolved.get("Operator", "")
    try:
        holds = _holds(value, operator, wanted)
    except re.error as problem:
        holds, operator = False, f"MATCHES, which is no pattern ({problem}),"
    return RuleResult(
        name=rule.name,
        status=ConditionStatus.SUCCEEDED if holds else ConditionStatus.FAILED,
        summary=f"'{value}' {operator} '{wanted}' is {'true' if holds else 'false'}",
        resolved=resolved,
    )


def _holds(value: str, operator: str, wanted: str) -> bool:
    match operator:
        case "EQ":
            return value == wanted
        case "NE":
            return value != wanted
        case "CONTAINS":
            return wanted in value
        case "MATCHES":
            return re.fullmatch(wanted, value) is not None
    return False


def _condition(gate: str, node: Node) -> ConditionPlan | None:
    result = node.entries.get("result")
    word = result.value.text if result is not None else ""
    listed = node.entries.get("rules")
    rules = tuple(_rule(item) for item in listed.value.items) if listed is not None else ()
    here = bool(rules) and all(rule.provider == VARIABLE_CHECK for rule in rules)
    if not here or word not in (("FAIL", "SKIP") if gate == BEFORE_ENTRY else ("FAIL",)):
        return None
    return ConditionPlan(gate=gate, result=word, rules=rules)


def _rule(node: Node) -> RulePlan:
    name, kind = node.entries.get("name"), node.entries.get("ruleTypeId")
    provider = kind.value.entries.get("provider") if kind is not None else None
    configuration = node.entries.get("configuration")
    return RulePlan(
        name=name.value.text if name is not None else "",
        provider=provider.value.text if provider is not None else "",
        configuration={
            entry.key: entry.value.text
            for entry in (configuration.value.entries.values() if configuration else ())
        },
    )
