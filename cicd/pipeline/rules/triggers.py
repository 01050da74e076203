"""Triggers: which source each belongs to, what their filters may hold, and what never matches."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from cicd.document.problem import Label
from cicd.document.rules import rule
from cicd.pipeline.globs import PatternInvalid, check
from cicd.pipeline.rules.structure import FIRST, STRUCTURE, actions_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.node import Node
    from cicd.document.problem import Problems
    from cicd.pipeline.spec import PipelineDeclaration

EVENTS: Final = ("push", "pullRequest")
LISTS: Final = ("tags", "branches", "filePaths")
SIDES: Final = ("includes", "excludes")


@rule("pipeline/trigger-source")
def trigger_source(spec: PipelineDeclaration, problems: Problems) -> None:
    """A trigger names a CodeStarSourceConnection action, and each such action has one trigger."""
    connections = {
        action.name
        for action in actions_of(spec)
        if action.type_id.provider == "CodeStarSourceConnection"
    }
    seen: dict[str, Node] = {}
    for trigger in _triggers(spec):
        git = trigger.entries.get("gitConfiguration")
        entry = git.value.entries.get("sourceActionName") if git else None
        if entry is None:
            continue
        name = entry.value
        if name.text not in connections:
            problems.error(
                "pipeline/trigger-source",
                f"'{name.text}' is not a CodeStarSourceConnection action",
                name.span,
                note=f"{STRUCTURE}: Triggers for connections must reference a "
                "CodeStarSourceConnection action.",
            )
        elif name.text in seen:
            problems.error(
                "pipeline/trigger-source",
                f"'{name.text}' has two triggers",
                name.span,
                hint="put the filters of both into one: up to three for each kind of event",
                labels=(Label(span=seen[name.text].span, text="first named here"),),
                note=f"{STRUCTURE}: one trigger for each source action",
            )
        seen.setdefault(name.text, name)


@rule("pipeline/trigger-filter")
def trigger_filter(spec: PipelineDeclaration, problems: Problems) -> None:
    """A filter is of tags, or of branches, or of branches with files; and none stands twice."""
    for event, filters in _filters(spec):
        seen: dict[str, Node] = {}
        for item in filters:
            content = json.dumps(item.plain(), sort_keys=True)
            if content in seen:
                problems.error(
                    "pipeline/trigger-filter",
                    f"this filter of '{event}' stands twice",
                    item.span,
                    hint="remove one of the two",
                    labels=(Label(span=seen[content].span, text=FIRST),),
                    note=f"{STRUCTURE}: duplicate filters in one event are refused",
                )
            seen.setdefault(content, item)
            tags, branches, files = (item.entries.get(key) for key in LISTS)
            if tags is not None and (branches or files):
                other = branches or files
                problems.error(
                    "pipeline/trigger-filter",
                    f"a filter of 'tags' cannot have '{other.key if other else ''}', too",
                    tags.key_span,
                    hint="write two filters: either of them starts the pipeline",
                    note=f"{STRUCTURE}: a filter has tags, branches, or branches and filePaths",
                )
            elif files is not None and branches is None:
                problems.error(
                    "pipeline/trigger-filter",
                    "a filter of 'filePaths' has no 'branches'",
                    files.key_span,
                    hint="add 'branches: {includes: [main]}'",
                    note=f"{STRUCTURE}: a filter has tags, branches, or branches and filePaths",
                )


@rule("pipeline/trigger-pattern")
def trigger_pattern(spec: PipelineDeclaration, problems: Problems) -> None:
    """Patterns are of names, not of references or absolute paths; what is excluded stays out."""
    for _, filters in _filters(spec):
        for item in filters:
            for kind in LISTS:
                entry = item.entries.get(kind)
                if entry is not None:
                    _patterns(entry.value, kind, problems)


def _patterns(value: Node, kind: str, problems: Problems) -> None:
    sides = [value.entries[side].value.items for side in SIDES if side in value.entries]
    for pattern in (item for items in sides for item in items):
        try:
            check(pattern.text)
        except PatternInvalid as reason:
            problems.error(
                "pipeline/trigger-filter",
                f"'{pattern.text}' is no pattern: {reason}",
                pattern.span,
                hint="a backslash before a character takes it as it is",
            )
        prefix = "refs/tags/" if kind == "tags" else "refs/heads/"
        if pattern.text.startswith((prefix, "/")):
            right = pattern.text.removeprefix(prefix).lstrip("/")
            problems.warning(
                "pipeline/trigger-pattern",
                f"'{pattern.text}' matches nothing: a pattern of '{kind}' is of the name alone",
                pattern.span,
                hint=f"write '{right}'",
            )
    if len(sides) < len(SIDES):
        return
    included = {item.text: item for item in sides[0]}
    out = {item.text: item for item in sides[1]}
    for text, item in included.items():
        if text in out:
            problems.warning(
                "pipeline/trigger-pattern",
                f"'{text}' is included and excluded, and so it starts nothing",
                item.span,
                hint="remove one of the two: what is excluded stays out",
                labels=(Label(span=out[text].span, text="excluded here"),),
            )


def _triggers(spec: PipelineDeclaration) -> tuple[Node, ...]:
    entry = spec.node.entries.get("triggers")
    return entry.value.items if entry is not None else ()


def _filters(spec: PipelineDeclaration) -> Iterator[tuple[str, tuple[Node, ...]]]:
    for trigger in _triggers(spec):
        git = trigger.entries.get("gitConfiguration")
        for event in EVENTS:
            entry = git.value.entries.get(event) if git else None
            if entry is not None:
                yield event, entry.value.items
