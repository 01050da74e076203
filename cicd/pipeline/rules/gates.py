"""What a stage's conditions may hold: results by gate, and the rules that they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.document.fix import Fix
from cicd.document.nearest import closest, only_close
from cicd.document.position import brief
from cicd.document.rules import rule
from cicd.pipeline.rules.features import CONDITIONS
from cicd.pipeline.rules.structure import STAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cicd.document.node import Node
    from cicd.document.problem import Problems
    from cicd.pipeline.spec import PipelineDeclaration, StageDeclaration

RESULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "beforeEntry": ("FAIL", "SKIP"),
    "onSuccess": ("ROLLBACK", "FAIL"),
    "onFailure": ("ROLLBACK", "RETRY", "FAIL", "SKIP"),
}
REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "VariableCheck": ("Variable", "Value", "Operator"),
    "LambdaInvoke": ("FunctionName",),
    "DeploymentWindow": ("Cron",),
    "CloudWatchAlarm": ("AlarmName",),
    "Commands": (),
    "CodeBuild": ("ProjectName",),
}
OPERATORS: Final = ("EQ", "NE", "CONTAINS", "MATCHES")
SKIPPING: Final = frozenset({"VariableCheck", "LambdaInvoke"})


@rule("pipeline/gate-result")
def gate_result(spec: PipelineDeclaration, problems: Problems) -> None:
    """Each gate has results of its own; SKIP is for ``beforeEntry``, by two kinds of rules."""
    for stage, gate, condition in _conditions(spec):
        entry = condition.entries.get("result")
        if entry is None or entry.value.is_null:
            continue
        result = entry.value.text
        if result not in RESULTS[gate]:
            problems.error(
                "pipeline/gate-result",
                f"'{gate}' of '{stage.name}' cannot have the result '{brief(result)}'",
                entry.value.span,
                hint=f"the results of '{gate}' are {', '.join(RESULTS[gate])}",
                note=f"{STAGE}: the result is not one of this condition's",
            )
        elif result == "SKIP":
            for item in _rules(condition):
                provider = _provider(item)
                if provider is not None and provider.text not in SKIPPING:
                    problems.error(
                        "pipeline/gate-result",
                        f"a rule of {provider.text} cannot skip a stage",
                        provider.span,
                        hint="only VariableCheck and LambdaInvoke can",
                        note=f"{STAGE}: SKIP is for LambdaInvoke and VariableCheck",
                    )


@rule("pipeline/retry-with-conditions")
def retry_with_conditions(spec: PipelineDeclaration, problems: Problems) -> None:
    """A stage that is retried by itself has no conditions on its failure."""
    for stage in spec.stages:
        entry = stage.node.entries.get("onFailure")
        if entry is None:
            continue
        retries = entry.value.entries.get("retryConfiguration")
        if retries is not None and "conditions" in entry.value.entries:
            problems.error(
                "pipeline/retry-with-conditions",
                f"'onFailure' of '{stage.name}' has both a retry and conditions",
                retries.key_span,
                hint="remove one of the two",
                note=f"{STAGE}: automatic stage retry cannot be used with onFailure conditions",
            )


@rule("pipeline/gate-rule")
def gate_rule(spec: PipelineDeclaration, problems: Problems) -> None:
    """A condition's rule is of a kind that exists, and has the configuration it needs."""
    for _, _, condition in _conditions(spec):
        for item in _rules(condition):
            provider = _provider(item)
            if provider is None:
                continue
            if provider.text not in REQUIRED:
                near = closest(provider.text, REQUIRED)
                sure = only_close(provider.text, REQUIRED)
                problems.error(
                    "pipeline/gate-rule",
                    f"'{brief(provider.text)}' is not a kind of rule",
                    provider.span,
                    hint=f"did you mean '{near}'?" if near else None,
                    note=f"the kinds are {', '.join(REQUIRED)}",
                    fix=Fix.word(provider.span, sure) if sure else None,
                )
                continue
            _configuration(item, provider, problems)


def _configuration(item: Node, provider: Node, problems: Problems) -> None:
    entry = item.entries.get("configuration")
    given = entry.value.entries if entry else {}
    for key in REQUIRED[provider.text]:
        if key not in given:
            problems.error(
                "pipeline/gate-rule",
                f"a rule of {provider.text} has no '{key}' in its configuration",
                entry.key_span if entry else provider.span,
                note=f"{STAGE}: missing required configuration '{key}'",
            )
    operator = given.get("Operator")
    if provider.text == "VariableCheck" and operator and operator.value.text not in OPERATORS:
        problems.error(
            "pipeline/gate-rule",
            f"'{brief(operator.value.text)}' is not an operator of VariableCheck",
            operator.value.span,
            hint=f"the operators are {', '.join(OPERATORS)}",
        )


def _conditions(
    spec: PipelineDeclaration,
) -> Iterator[tuple[StageDeclaration, str, Node]]:
    for stage in spec.stages:
        for gate in CONDITIONS:
            entry = stage.node.entries.get(gate)
            if entry is None:
                continue
            if gate == "onFailure" and "result" in entry.value.entries:
                yield stage, gate, entry.value
            listed = entry.value.entries.get("conditions")
            for condition in listed.value.items if listed else ():
                yield stage, gate, condition


def _rules(condition: Node) -> tuple[Node, ...]:
    entry = condition.entries.get("rules")
    return entry.value.items if entry else ()


def _provider(item: Node) -> Node | None:
    type_id = item.entries.get("ruleTypeId")
    entry = type_id.value.entries.get("provider") if type_id else None
    return None if entry is None or entry.value.is_null else entry.value
