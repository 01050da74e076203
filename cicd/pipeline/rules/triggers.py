"""Filters of triggers: what may stand together in one, and what is a pattern."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cicd.document.rules import rule
from cicd.pipeline.globs import PatternInvalid, check
from cicd.pipeline.rules.structure import STRUCTURE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.node import Node
    from cicd.document.problem import Problems
    from cicd.pipeline.spec import PipelineDeclaration

_KINDS = ("tags", "branches", "filePaths")


@rule("pipeline/trigger-filter")
def trigger_filter(spec: PipelineDeclaration, problems: Problems) -> None:
    """Tags, or branches, or branches with files; patterns are globs; no filter is there twice."""
    listed = spec.node.entries.get("triggers")
    for trigger in listed.value.items if listed is not None else ():
        git = trigger.entries.get("gitConfiguration")
        for key in ("push", "pullRequest"):
            filters = git.value.entries.get(key) if git is not None else None
            _judge(filters.value.items if filters is not None else (), problems)


def _judge(filters: tuple[Node, ...], problems: Problems) -> None:
    seen: set[str] = set()
    for each in filters:
        kinds = {kind for kind in _KINDS if kind in each.entries}
        if "tags" in kinds and len(kinds) > 1:
            problems.error(
                "pipeline/trigger-filter",
                "a filter of tags is about nothing else",
                each.entries["tags"].key_span,
                hint="make another filter of the rest: any of them starts the pipeline",
                note=f"{STRUCTURE}: tags stand alone in a filter",
            )
        if kinds == {"filePaths"}:
            problems.error(
                "pipeline/trigger-filter",
                "a filter of files needs branches, too",
                each.entries["filePaths"].key_span,
                hint='add branches: {includes: ["**"]} for any',
                note=f"{STRUCTURE}: filePaths stand beside branches",
            )
        text = json.dumps(each.plain(), sort_keys=True)
        if text in seen:
            problems.error(
                "pipeline/trigger-filter",
                "this filter is there twice",
                each.span,
                hint="keep one of the two",
                note=f"{STRUCTURE}: filters are unique",
            )
        seen.add(text)
        for pattern in _patterns(each):
            try:
                check(pattern.text)
            except PatternInvalid as reason:
                problems.error(
                    "pipeline/trigger-filter",
                    f"'{pattern.text}' is no pattern: {reason}",
                    pattern.span,
                    hint="a backslash before a character takes it as it is",
                )


def _patterns(filter_: Node) -> Iterator[Node]:
    for kind in _KINDS:
        entry = filter_.entries.get(kind)
        for listed in entry.value.entries.values() if entry is not None else ():
            yield from listed.value.items
