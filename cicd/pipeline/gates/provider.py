"""What the provider of a condition's rule is asked, and what it must answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cicd.pipeline.condition import ConditionStatus, RulePlan, RuleResult
from cicd.pipeline.plan import PipelinePlan, StagePlan
from cicd.pipeline.result import FailureType, StoredArtifact
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.engine.process import Scope
    from cicd.ports import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRequest:
    """One rule whose turn has come."""

    plan: PipelinePlan
    stage: StagePlan
    rule: RulePlan
    configuration: Mapping[str, str]  # every `#{…}` replaced
    inputs: tuple[StoredArtifact, ...]
    workspace: Path  # this rule's own directory; removed when it has spoken
    parent: str  # what a child execution is to name as its parent
    say: Callable[[str], None]  # a line into the execution's log

    def said(
        self, *, holds: bool, summary: str, external_id: str = "", code: str = ""
    ) -> RuleResult:
        """Make the answer."""
        return RuleResult(
            name=self.rule.name,
            status=ConditionStatus.SUCCEEDED if holds else ConditionStatus.FAILED,
            summary=summary,
            resolved=self.configuration,
            external_execution_id=external_id,
            code=code,
        )

    def misconfigured(self, why: str) -> RuleResult:
        """Say that the rule could not be asked: it does not hold."""
        return self.said(holds=False, summary=why, code=FailureType.CONFIGURATION_ERROR.value)


class RuleProvider(Protocol):
    """
    One kind of rule.

    Called on worker threads. A ``CicdError`` out of it is a rule that does not hold.
    Once ``scope.cancel`` is set it ends what it began and returns; the rule is Abandoned then.
    """

    def ask(
        self, request: RuleRequest, services: Services, scope: Scope, *, again: bool
    ) -> RuleResult:
        """Say whether it holds; ``again``: a dead driver had begun to ask."""
