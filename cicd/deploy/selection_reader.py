"""Node → which tags a deployment group means: four keys of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.deploy.selection import TagFilter, TagFilterType, TagSelection
from cicd.document.fields import Fields

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.document.problem import Problems

_MOST_GROUPS: Final = 3
_PAIRS: Final = (
    ("ec2TagFilters", "ec2TagSet", "ec2TagSetList", "InvalidEC2TagCombinationException"),
    (
        *("onPremisesInstanceTagFilters", "onPremisesTagSet", "onPremisesTagSetList"),
        "InvalidOnPremisesTagCombinationException",
    ),
)


def read_selections(fields: Fields, problems: Problems) -> tuple[TagSelection, ...]:
    """
    Read what a group says about tags; what matches any of the selections is meant.

    Source: CodeDeploy API Reference, "EC2TagSet" and "DeploymentGroupInfo".
    """
    selections = []
    for flat, several, listed, both in _PAIRS:
        filters = _filters(fields.sequence(flat), problems)
        groups = []
        of_set = fields.mapping(several)
        if of_set is not None:
            items = of_set.sequence(listed)
            groups = [_filters(item.items, problems) for item in items]
            of_set.unknown()
        if filters and groups:
            problems.error(
                "deploy/tag-filters",
                f"'{flat}' and '{several}' are both there",
                fields.span(several),
                hint="leave out one of the two",
                note=both,
            )
        if len(groups) > _MOST_GROUPS:
            problems.error(
                "deploy/tag-filters",
                f"'{several}' has {len(groups)} groups of tags, of at most {_MOST_GROUPS}",
                fields.span(several),
                note="TagSetListLimitExceededException",
            )
        if filters:
            selections.append(TagSelection(groups=(filters,)))
        if groups:
            selections.append(TagSelection(groups=tuple(groups)))
    return tuple(selections)


def _filters(nodes: tuple[Node, ...], problems: Problems) -> tuple[TagFilter, ...]:
    filters = []
    for node in nodes:
        fields = Fields(node, problems, room="deploy", what="tag filter")
        key, value = fields.text("Key"), fields.text("Value")
        kind = fields.text("Type") or _implied(key, value)
        fields.unknown()
        if kind in set(TagFilterType):
            filters.append(TagFilter(key=key, value=value, type=TagFilterType(kind)))
        else:
            problems.error(
                "deploy/tag-filters",
                f"'{kind}' is not a type of tag filters",
                fields.span("Type"),
                hint=f"the types are {', '.join(TagFilterType)}",
                note="InvalidTagFilterException",
            )
    return tuple(filters)


def _implied(key: str, value: str) -> str:
    if key and value:
        return TagFilterType.KEY_AND_VALUE
    return TagFilterType.KEY_ONLY if key else TagFilterType.VALUE_ONLY
