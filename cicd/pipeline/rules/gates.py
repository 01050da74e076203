"""What a stage's conditions lead to: the results of each gate, and what excludes what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.document.position import brief
from cicd.document.problem import Label
from cicd.document.rules import rule
from cicd.pipeline.condition import RESULTS
from cicd.pipeline.rules.structure import STAGE
from cicd.pipeline.spec import ExecutionMode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.node import Entry, Node
    from cicd.document.problem import Problems
    from cicd.pipeline.spec import PipelineDeclaration, StageDeclaration

GATES: Final = tuple(RESULTS)
FAILURE: Final = ("ROLLBACK", "RETRY")  # what a failure leads to without being asked about
SKIPPING: Final = frozenset({"VariableCheck", "LambdaInvoke"})


@rule("pipeline/gate-result")
def gate_result(spec: PipelineDeclaration, problems: Problems) -> None:
    """Each gate has results of its own; SKIP is for ``beforeEntry``, by two kinds of rules."""
    for stage, gate, condition in conditions(spec):
        _result(stage, gate, condition, RESULTS[gate], problems)
        entry = condition.entries.get("result")
        if gate != "beforeEntry" or entry is None or entry.value.text != "SKIP":
            continue
        for item in rules_of(condition):
            provider = provider_of(item)
            if provider is not None and provider.text not in SKIPPING:
                problems.error(
                    "pipeline/gate-result",
                    f"a rule of {provider.text} cannot skip a stage",
                    provider.span,
                    hint="only VariableCheck and LambdaInvoke can",
                    labels=(Label(span=entry.value.span, text="skips the stage"),),
                    note=f"{STAGE}: SKIP is for LambdaInvoke and VariableCheck",
                )
    for stage, gate, entry in gates(spec):
        if gate == "onFailure":
            _result(stage, gate, entry.value, FAILURE, problems)


def _result(
    stage: StageDeclaration, gate: str, at: Node, allowed: tuple[str, ...], problems: Problems
) -> None:
    entry = at.entries.get("result")
    if entry is None or entry.value.is_null or entry.value.text in allowed:
        return
    problems.error(
        "pipeline/gate-result",
        f"'{gate}' of '{stage.name}' cannot have the result '{brief(entry.value.text)}'",
        entry.value.span,
        hint=f"the results of '{gate}' are {', '.join(allowed)}",
        note=f"{STAGE}: the result is not one of this condition's",
    )


@rule("pipeline/failure-gate")
def failure_gate(spec: PipelineDeclaration, problems: Problems) -> None:
    """``onFailure`` has a result or conditions; a PARALLEL pipeline does not roll back."""
    for stage, gate, entry in gates(spec):
        result = entry.value.entries.get("result")
        asked = entry.value.entries.get("conditions")
        if gate == "onFailure" and result is not None and asked is not None:
            problems.error(
                "pipeline/failure-gate",
                f"'onFailure' of '{stage.name}' has both 'result' and 'conditions'",
                asked.key_span,
                hint="remove one of the two",
                labels=(Label(span=result.key_span, text="the result is given here"),),
                note=f"{STAGE}: The following stage cannot have a failure exit gate configured "
                f"with both top level result and conditions: '{stage.name}",
            )
    if spec.execution_mode is not ExecutionMode.PARALLEL:
        return
    asked_for = [(stage, condition) for stage, _, condition in conditions(spec)]
    asked_for += [(stage, entry.value) for stage, _, entry in gates(spec)]
    for stage, at in asked_for:
        result = at.entries.get("result")
        if result is not None and result.value.text == "ROLLBACK":
            problems.error(
                "pipeline/failure-gate",
                f"'{stage.name}' of a PARALLEL pipeline cannot roll back",
                result.value.span,
                hint="write FAIL, or give the pipeline another executionMode",
                note=f"{STAGE}: Failure conditions with rollback result type cannot be added to a "
                "PARALLEL pipeline.",
            )


@rule("pipeline/retry-with-conditions")
def retry_with_conditions(spec: PipelineDeclaration, problems: Problems) -> None:
    """A retry is for a stage that is not asked about on its failure, and that has this result."""
    for stage, gate, entry in gates(spec):
        retries = entry.value.entries.get("retryConfiguration")
        if gate != "onFailure" or retries is None:
            continue
        result = entry.value.entries.get("result")
        if "conditions" in entry.value.entries:
            problems.error(
                "pipeline/retry-with-conditions",
                f"'onFailure' of '{stage.name}' has both a retry and conditions",
                retries.key_span,
                hint="remove one of the two",
                note=f"{STAGE}: automatic stage retry cannot be used with onFailure conditions",
            )
        elif result is None or result.value.text != "RETRY":
            problems.warning(
                "pipeline/retry-with-conditions",
                f"'retryConfiguration' of '{stage.name}' means nothing without the result RETRY",
                retries.key_span,
                hint="write 'result: RETRY' beside it, or remove it",
            )


def gates(spec: PipelineDeclaration) -> Iterator[tuple[StageDeclaration, str, Entry]]:
    """Give the gates that are written, each with its stage and its name."""
    for stage in spec.stages:
        for gate in GATES:
            entry = stage.node.entries.get(gate)
            if entry is not None:
                yield stage, gate, entry


def conditions(spec: PipelineDeclaration) -> Iterator[tuple[StageDeclaration, str, Node]]:
    """Give every condition, with its stage and its gate."""
    for stage, gate, entry in gates(spec):
        listed = entry.value.entries.get("conditions")
        for condition in listed.value.items if listed else ():
            yield stage, gate, condition


def rules_of(condition: Node) -> tuple[Node, ...]:
    """Give the rules that a condition is made of."""
    entry = condition.entries.get("rules")
    return entry.value.items if entry else ()


def provider_of(item: Node) -> Node | None:
    """Give what kind of rule one is; None where it is not written."""
    type_id = item.entries.get("ruleTypeId")
    entry = type_id.value.entries.get("provider") if type_id else None
    return None if entry is None or entry.value.is_null else entry.value
