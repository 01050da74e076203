"""The rules of a condition, asked: whatever goes wrong with one is a rule that does not hold."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.engine.codec import encode
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.errors import CicdError, Unavailable
from cicd.pipeline.actions.workspace import clear
from cicd.pipeline.condition import (
    VARIABLE_CHECK,
    ConditionResult,
    ConditionStatus,
    RulePlan,
    RuleResult,
    evaluate,
)
from cicd.pipeline.gates import GATES
from cicd.pipeline.gates.provider import RuleRequest
from cicd.pipeline.journal import say
from cicd.pipeline.result import FailureType
from cicd.pipeline.variables import Unresolved, resolve

if TYPE_CHECKING:
    from cicd.engine.process import Scope
    from cicd.pipeline.commands import CheckCondition
    from cicd.pipeline.plan import PipelinePlan
    from cicd.ports import Services


def ask(
    command: CheckCondition,
    plan: PipelinePlan,
    services: Services,
    scope: Scope,
    *,
    again: bool,
) -> Outcome:
    """Ask the rules of a command; ``again``: a dead driver had begun to."""
    said = tuple(
        _ask(place, command, plan, services, scope, again=again) for place in command.places()
    )
    if scope.cancel.reason is not None:
        return Outcome(status=OutcomeStatus.CANCELLED, reason=scope.cancel.reason)
    detail = encode(ConditionResult(rules=said))
    return Outcome(status=OutcomeStatus.DONE, detail={"condition": detail})


def _ask(
    place: int,
    command: CheckCondition,
    plan: PipelinePlan,
    services: Services,
    scope: Scope,
    *,
    again: bool,
) -> RuleResult:
    rule = command.condition.rules[place]
    if rule.provider == VARIABLE_CHECK:
        return evaluate(rule, command.namespaces)
    here = {artifact.name for artifact in command.inputs}
    try:
        configuration = {
            key: resolve(text, command.namespaces) for key, text in rule.configuration.items()
        }
        for name in rule.inputs:
            if name not in here:
                return _failed(rule, f"nothing put files into the input artifact '{name}'")
    except Unresolved as missing:
        return _failed(rule, str(missing))
    workspace = services.home / "work" / plan.execution_id / command.stage
    request = RuleRequest(
        plan=plan,
        stage=next(stage for stage in plan.stages if stage.name == command.stage),
        rule=rule,
        configuration=MappingProxyType(configuration),
        inputs=tuple(found for found in command.inputs if found.name in rule.inputs),
        # No action is named so: its name would have a ":". Rules may be named alike.
        workspace=workspace / f"{command.condition.gate}:{place}",
        parent=f"{scope.stream}/{command.key}",
        say=lambda text: say(services, scope.stream, text, origin=command.key),
    )
    if not again:
        clear(request.workspace)
    try:
        return GATES.get(rule.provider).ask(request, services, scope, again=again)
    except CicdError as problem:
        hint = f"; {problem.hint}" if problem.hint else ""
        unavailable = isinstance(problem, Unavailable)
        code = FailureType.SYSTEM_UNAVAILABLE if unavailable else FailureType.CONFIGURATION_ERROR
        return _failed(rule, f"{problem.message}{hint}", code)
    finally:
        if scope.cancel.reason != "KILLED":  # else a resume may want the workspace
            clear(request.workspace)


def _failed(
    rule: RulePlan, why: str, code: FailureType = FailureType.CONFIGURATION_ERROR
) -> RuleResult:
    return RuleResult(name=rule.name, status=ConditionStatus.FAILED, summary=why, code=code.value)
