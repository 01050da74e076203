"""``local: alarms:`` of ``cicd.yml``, read; and which of them a deployment group names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.deploy.alarms.alarm import Alarm, AlarmWatch, ComparisonOperator, TreatMissingData
from cicd.deploy.alarms.metric_reader import read_metric
from cicd.document.fields import Fields
from cicd.document.node import NodeKind
from cicd.nearest import closest
from cicd.ports import Probe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.document.node import Node
    from cicd.document.problem import Problems
    from cicd.document.resources import Resources

_MOST: Final = 50  # alarms of a group
_DAY: Final = 86400  # seconds


def read_alarms(resources: Resources, problems: Problems) -> Mapping[str, Alarm]:
    """Read every alarm, by name; what is wrong with them is noted."""
    local = resources.local
    section = local.entries.get("alarms") if local is not None else None
    if section is None or section.value.kind is not NodeKind.MAPPING:
        return {}
    return {
        name: _read_alarm(name, entry.value, resources, problems)
        for name, entry in section.value.entries.items()
    }


def read_alarm_configuration(
    fields: Fields, resources: Resources, problems: Problems
) -> AlarmWatch | None:
    """
    Read ``alarmConfiguration`` of a group; None: no alarm is watched.

    Source: CodeDeploy API Reference, "AlarmConfiguration".
    """
    configuration = fields.mapping("alarmConfiguration")
    if configuration is None:
        return None
    enabled = configuration.flag("enabled", default=False)
    ignore = configuration.flag("ignorePollAlarmFailure", default=False)
    known = read_alarms(resources, problems) if enabled else {}
    alarms: list[Alarm] = []
    for item in configuration.sequence("alarms"):
        named = configuration.inner(item, what="an alarm of 'alarmConfiguration'")
        name = named.required_text("name")
        named.unknown()
        if not enabled or not name:
            continue
        if name in known:
            alarms.append(known[name])
            continue
        near = closest(name, known)
        problems.error(
            "deploy/alarm-unknown",
            f"there is no alarm '{name}' on this machine",
            named.span("name"),
            hint=f"did you mean '{near}'?"
            if near
            else f"describe it in cicd.yml: 'local: {{alarms: {{{name}: {{url: http://…}}}}}}'",
        )
    configuration.unknown()
    if len(alarms) > _MOST:
        problems.error(
            "deploy/alarm-limit",
            f"a group has at most {_MOST} alarms, not {len(alarms)}",
            fields.span("alarmConfiguration"),
            note="AlarmsLimitExceededException",
        )
    if not alarms:
        return None
    return AlarmWatch(alarms=tuple(alarms), ignore_poll_alarm_failure=ignore)


def read_probe(
    fields: Fields, problems: Problems, resources: Resources, *, other: str = ""
) -> Probe:
    """Read ``command`` or ``url``, of which there must be one, or a key ``other`` instead."""
    command, url = fields.text("command"), fields.text("url")
    timeout = fields.integer("timeout", default=10, minimum=1, maximum=300)
    if other and not command and not url:
        return Probe()
    if bool(command) == bool(url):
        problems.error(
            "deploy/alarm-probe",
            f"{fields.what} needs one of 'command' and 'url'",
            fields.span("url" if url else "command"),
        )
    elif other:
        problems.error(
            "deploy/alarm-probe",
            f"{fields.what} looks at one thing: not at '{other}' as well",
            fields.span(other),
        )
    elif url and not url.startswith(("http://", "https://")):
        problems.error(
            "deploy/alarm-probe",
            f"'{url}' is not an address that can be fetched",
            fields.span("url"),
            hint="it begins with http:// or https://",
        )
    return Probe(command=command, url=url, timeout=timeout, directory=str(resources.root))


def _read_alarm(name: str, node: Node, resources: Resources, problems: Problems) -> Alarm:
    fields = Fields(node, problems, room="deploy", what=f"alarm '{name}'")
    metric = read_metric(fields, problems)
    named = "metricName" if "metricName" in fields else ""
    probe = read_probe(fields, problems, resources, other=named)
    measures = "threshold" in fields
    if named and not measures:
        problems.error(
            "deploy/alarm-threshold",
            f"{fields.what} has no 'threshold' to compare the metric with",
            fields.span(named),
        )
    periods = fields.integer("evaluationPeriods", default=1, minimum=1, maximum=100)
    alarm = Alarm(
        name=name,
        probe=probe,
        threshold=_number(fields, "threshold", problems) if measures else 1.0,
        operator=fields.choice(
            "comparisonOperator", ComparisonOperator, ComparisonOperator.GREATER_OR_EQUAL
        )
        if measures
        else ComparisonOperator.GREATER_OR_EQUAL,
        measures=measures,
        period=fields.integer("period", default=_DAY if named else 5, minimum=1, maximum=_DAY),
        evaluation_periods=periods,
        datapoints_to_alarm=fields.integer(
            "datapointsToAlarm", default=periods, minimum=1, maximum=periods
        ),
        treat_missing_data=fields.choice(
            "treatMissingData", TreatMissingData, TreatMissingData.MISSING
        ),
        metric=metric,
    )
    fields.unknown()
    return alarm


def _number(fields: Fields, name: str, problems: Problems) -> float:
    text = fields.text(name)
    try:
        return float(text)
    except ValueError:
        problems.error(
            "deploy/alarm-threshold", f"'{name}' must be a number, not '{text}'", fields.span(name)
        )
        return 0.0
