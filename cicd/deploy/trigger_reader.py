"""``triggerConfigurations`` of a group, each with its subscriber of ``local: triggers:``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.deploy.alarms.reader import read_probe
from cicd.deploy.trigger import Trigger, TriggerEvent
from cicd.document.fields import Fields
from cicd.document.node import NodeKind

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.document.position import Span
    from cicd.document.problem import Problems
    from cicd.document.resources import Resources
    from cicd.ports import Probe

_MOST: Final = 10  # triggers of a group


def read_triggers(fields: Fields, resources: Resources, problems: Problems) -> tuple[Trigger, ...]:
    """
    Read the triggers that have a subscriber here; one without is nobody's on this machine.

    Source: CodeDeploy API Reference, "TriggerConfig".
    """
    written = fields.sequence("triggerConfigurations")
    if len(written) > _MOST:
        problems.error(
            "deploy/trigger-limit",
            f"a group has at most {_MOST} triggers, not {len(written)}",
            fields.span("triggerConfigurations"),
            note="TriggerTargetsLimitExceededException",
        )
    read = [_read(fields, item, resources, problems) for item in written]
    return tuple(trigger for trigger in read if trigger is not None)


def _read(fields: Fields, item: Node, resources: Resources, problems: Problems) -> Trigger | None:
    entry = fields.inner(item, what="a trigger")
    name = entry.required_text("triggerName")
    entry.text("triggerTargetArn")
    events = []
    for text in entry.texts("triggerEvents"):
        if text.text in set(TriggerEvent):
            events.append(TriggerEvent(text.text))
            continue
        problems.error(
            "deploy/trigger-event",
            f"'{text.text}' is not an event that a trigger is told of",
            text.span,
            hint=f"the events are {', '.join(TriggerEvent)}",
        )
    entry.unknown()
    subscriber = _subscriber(name, entry.span("triggerName"), resources, problems)
    if subscriber is None:
        return None
    return Trigger(name=name, events=tuple(events), subscriber=subscriber)


def _subscriber(name: str, at: Span, resources: Resources, problems: Problems) -> Probe | None:
    local = resources.local
    section = local.entries.get("triggers") if local is not None else None
    if section is None or section.value.kind is not NodeKind.MAPPING:
        return None
    entry = section.value.entries.get(name)
    if entry is None:
        known = ", ".join(section.value.entries)
        problems.remark(
            "deploy/trigger-nobody",
            f"the trigger '{name}' tells nobody here",
            at,
            hint=f"name it under 'local: triggers', beside {known}: the key is its triggerName",
        )
        return None
    fields = Fields(entry.value, problems, room="deploy", what=f"trigger '{name}'")
    probe = read_probe(fields, problems, resources)
    fields.unknown()
    return probe
