"""A stage's conditions: what they ask, and what their rules say. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cicd.expression import ExpressionFault, matches
from cicd.pipeline.variables import Unresolved, resolve
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.node import Entry, Node

BEFORE_ENTRY = "beforeEntry"
ON_SUCCESS = "onSuccess"
ON_FAILURE = "onFailure"
VARIABLE_CHECK = "VariableCheck"
ROLLBACK = "ROLLBACK"
SKIP = "SKIP"

RESULTS: Final[Mapping[str, tuple[str, ...]]] = {
    BEFORE_ENTRY: ("FAIL", SKIP),
    ON_SUCCESS: ("FAIL", ROLLBACK),
    ON_FAILURE: ("FAIL", ROLLBACK),
}


class ConditionStatus(StrEnum):
    """How a condition, or one of its rules, stands; a rule is never overridden."""

    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ABANDONED = "Abandoned"
    OVERRIDDEN = "Overridden"


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePlan:
    """One rule; its configuration as written."""

    name: str
    provider: str
    configuration: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()  # names of artifacts
    timeout: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionPlan:
    """What must hold at one gate of a stage, and what happens when it does not."""

    gate: str  # "beforeEntry", "onSuccess" or "onFailure"
    result: str  # "FAIL"; "SKIP" before the entry, "ROLLBACK" after the actions
    rules: tuple[RulePlan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """What one rule said."""

    name: str
    status: ConditionStatus
    summary: str
    resolved: Mapping[str, str] = field(default_factory=dict)  # its configuration
    external_execution_id: str = ""  # of the build that said it
    code: str = ""  # of ``errorDetails``: why it could not be asked
    started_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionResult:
    """What a condition's rules said, all together."""

    rules: tuple[RuleResult, ...]
    overridden: bool = False

    @property
    def status(self) -> ConditionStatus:
        """Succeed if every rule did; one that failed outweighs one that was abandoned."""
        if self.overridden:
            return ConditionStatus.OVERRIDDEN
        found = {rule.status for rule in self.rules}
        for status in (ConditionStatus.FAILED, ConditionStatus.ABANDONED):
            if status in found:
                return status
        return ConditionStatus.SUCCEEDED


def read_conditions(stage: Node) -> Iterator[ConditionPlan]:
    """Give a stage's conditions that can be asked: those with rules, and a result of theirs."""
    for gate in RESULTS:
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
        summary = f"'{value}' {operator} '{wanted}' is {'true' if holds else 'false'}"
    except ExpressionFault as fault:
        holds, summary = False, f"'{value}' cannot be compared with '{wanted}': {fault}"
    return RuleResult(
        name=rule.name,
        status=ConditionStatus.SUCCEEDED if holds else ConditionStatus.FAILED,
        summary=summary,
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
            return matches(wanted, value, whole=True)
    return False


def rolls_back(stage: Node) -> bool:
    """Tell whether a failure of the stage is answered by a rollback, whatever the case."""
    entry = stage.entries.get(ON_FAILURE)
    fields = entry.value.entries if entry is not None else {}
    return "conditions" not in fields and _text(fields, "result") == ROLLBACK


def _condition(gate: str, node: Node) -> ConditionPlan | None:
    # The model lets a condition have no result; what else could one mean that did not hold?
    word = _text(node.entries, "result") or "FAIL"
    listed = node.entries.get("rules")
    rules = tuple(_rule(item) for item in listed.value.items) if listed is not None else ()
    if not rules or word not in RESULTS[gate]:
        return None
    return ConditionPlan(gate=gate, result=word, rules=rules)


def _rule(node: Node) -> RulePlan:
    fields = node.entries
    kind, configuration = fields.get("ruleTypeId"), fields.get("configuration")
    commands, inputs = fields.get("commands"), fields.get("inputArtifacts")
    minutes = _text(fields, "timeoutInMinutes")
    return RulePlan(
        name=_text(fields, "name"),
        provider=_text(kind.value.entries, "provider") if kind is not None else "",
        configuration={
            entry.key: entry.value.text
            for entry in (configuration.value.entries.values() if configuration else ())
        },
        commands=tuple(item.text for item in (commands.value.items if commands else ())),
        inputs=tuple(
            _text(item.entries, "name") for item in (inputs.value.items if inputs else ())
        ),
        timeout=timedelta(minutes=int(minutes)) if minutes.isdecimal() else None,
    )


def _text(fields: Mapping[str, Entry], key: str) -> str:
    entry = fields.get(key)
    return entry.value.text if entry is not None else ""
