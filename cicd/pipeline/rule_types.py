"""The kinds of rules that conditions are made of, in the shape of ListRuleTypes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.pipeline.action_type import ACTION_TYPES
from cicd.pipeline.rules.gate_rules import OPTIONAL, REQUIRED

if TYPE_CHECKING:
    from cicd.event import JSON

OWNER: Final = "AWS"
# The action that does the same work, whose counts of input artifacts serve for the rule, too.
_LIKE: Final = {
    "LambdaInvoke": "Invoke/AWS/Lambda",
    "Commands": "Compute/AWS/Commands",
    "CodeBuild": "Build/AWS/CodeBuild",
}


def rule_types() -> list[dict[str, JSON]]:
    """
    Give every kind of rule.

    Source: CodePipeline API Reference, "RuleType".
    """
    return [_rule_type(provider) for provider in REQUIRED]


def _rule_type(provider: str) -> dict[str, JSON]:
    required, optional = REQUIRED[provider], OPTIONAL.get(provider, ())
    like = _LIKE.get(provider)
    most = ACTION_TYPES[like].inputs.stop - 1 if like else 0
    return {
        "id": {"category": "Rule", "owner": OWNER, "provider": provider, "version": "1"},
        "settings": {},
        "ruleConfigurationProperties": [
            {"name": key, "required": key in required, "key": True, "secret": False}
            for key in (*required, *optional)
        ],
        "inputArtifactDetails": {"minimumCount": 0, "maximumCount": most},
    }
