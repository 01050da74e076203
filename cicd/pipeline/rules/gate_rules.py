"""The rules that a stage's conditions are made of: which kinds there are, and what each needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.document.fix import Fix
from cicd.document.position import brief
from cicd.document.rules import rule
from cicd.document.unknown import note_unknown
from cicd.nearest import closest, only_close
from cicd.pipeline.gates.cron import BadCron, Cron
from cicd.pipeline.gates.time_zone import find_time_zone
from cicd.pipeline.rules.gates import conditions, provider_of, rules_of
from cicd.pipeline.rules.structure import STAGE
from cicd.pipeline.variables import references

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.document.node import Entry, Node
    from cicd.document.problem import Problems
    from cicd.pipeline.spec import PipelineDeclaration

RULE: Final = "pipeline/gate-rule"
REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "VariableCheck": ("Variable", "Value", "Operator"),
    "LambdaInvoke": ("FunctionName",),
    "DeploymentWindow": ("Cron",),
    "CloudWatchAlarm": ("AlarmName",),
    "Commands": (),
    "CodeBuild": ("ProjectName",),
}
OPTIONAL: Final[Mapping[str, tuple[str, ...]]] = {
    "VariableCheck": (),
    "LambdaInvoke": ("UserParameters",),
    "DeploymentWindow": ("TimeZone",),
    "CloudWatchAlarm": ("AlarmStates", "WaitTime"),
    "CodeBuild": ("PrimarySource", "BatchEnabled", "CombineArtifacts", "EnvironmentVariables"),
}
VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "Operator": ("EQ", "NE", "CONTAINS", "MATCHES"),
    "AlarmStates": ("ALARM", "OK", "INSUFFICIENT_DATA"),
}
_SEVERAL: Final = ("AlarmStates",)  # separated by commas


@rule(RULE)
def gate_rule(spec: PipelineDeclaration, problems: Problems) -> None:
    """A condition's rule is of a kind that exists, and has the configuration it needs."""
    for _, _, condition in conditions(spec):
        for item in rules_of(condition):
            provider = provider_of(item)
            if provider is None:
                continue
            if provider.text in REQUIRED:
                _configuration(item, provider, problems)
                continue
            near, sure = closest(provider.text, REQUIRED), only_close(provider.text, REQUIRED)
            problems.error(
                RULE,
                f"'{brief(provider.text)}' is not a kind of rule",
                provider.span,
                hint=f"did you mean '{near}'?" if near else None,
                note=f"the kinds are {', '.join(REQUIRED)}",
                fix=Fix.word(provider.span, sure) if sure else None,
            )


def _configuration(item: Node, provider: Node, problems: Problems) -> None:
    entry = item.entries.get("configuration")
    given = entry.value.entries if entry else {}
    required, optional = REQUIRED[provider.text], OPTIONAL.get(provider.text)
    for key in required:
        if key not in given:
            problems.error(
                RULE,
                f"a rule of {provider.text} has no '{key}' in its configuration",
                entry.key_span if entry else provider.span,
                note=f"{STAGE}: missing required configuration '{key}'",
            )
    for key, each in given.items():
        if optional is not None and key not in (*required, *optional):
            note_unknown(
                each,
                problems,
                rule="pipeline/unknown-key",
                what=f"a rule of {provider.text}",
                known=(*required, *optional),
                free=tuple(name for name in (*required, *optional) if name not in given),
            )
        elif key in VALUES and not _allowed(key, each.value.text):
            problems.error(
                RULE,
                f"'{brief(each.value.text)}' is not allowed for '{key}' of {provider.text}",
                each.value.span,
                hint=f"write {'some' if key in _SEVERAL else 'one'} of {', '.join(VALUES[key])}",
            )
    if provider.text == "DeploymentWindow":
        _window(given, problems)
    commands = item.entries.get("commands")
    if provider.text == "Commands" and (commands is None or not commands.value.items):
        problems.error(
            RULE,
            "a rule of Commands has no 'commands'",
            provider.span,
            hint="write 'commands:' beside 'ruleTypeId', with a list below it",
        )


def _allowed(key: str, text: str) -> bool:
    words = [word.strip() for word in text.split(",")] if key in _SEVERAL else [text]
    return all(word in VALUES[key] for word in words)


def _window(given: Mapping[str, Entry], problems: Problems) -> None:
    cron, zone = (given.get(key) for key in ("Cron", "TimeZone"))
    for entry, read in ((cron, Cron.parse), (zone, find_time_zone)):
        if entry is None or any(references(entry.value.text)):
            continue
        try:
            read(entry.value.text)
        except BadCron as wrong:
            problems.warning(
                RULE,
                f"'{brief(entry.value.text)}' is not a time of Quartz: {wrong}",
                entry.value.span,
                hint="write seconds, minutes, hours, day of month, month, day of week: "
                "0 0-59 9-17 ? * MON-FRI",
            )
        except LookupError:
            problems.warning(
                RULE,
                f"'{brief(entry.value.text)}' is not a time zone",
                entry.value.span,
                hint="write such as Europe/Berlin, UTC or UTC+02:00",
            )
