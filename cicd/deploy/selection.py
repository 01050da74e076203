"""Which instances a deployment group's tags mean: a container's labels are its tags. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cicd.ports import TaggedInstance


class TagFilterType(StrEnum):
    """What of a tag must be as the filter says."""

    KEY_ONLY = "KEY_ONLY"
    VALUE_ONLY = "VALUE_ONLY"
    KEY_AND_VALUE = "KEY_AND_VALUE"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagFilter:
    """One filter; exact, and upper and lower case differ."""

    key: str = ""
    value: str = ""
    type: TagFilterType

    def matches(self, tags: Mapping[str, str]) -> bool:
        """Tell whether one of the tags is as the filter says."""
        match self.type:
            case TagFilterType.KEY_ONLY:
                return self.key in tags
            case TagFilterType.VALUE_ONLY:
                return self.value in tags.values()
            case TagFilterType.KEY_AND_VALUE:
                return tags.get(self.key) == self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class TagSelection:
    """Groups of filters: one filter of every group must match."""

    groups: tuple[tuple[TagFilter, ...], ...]

    def matches(self, tags: Mapping[str, str]) -> bool:
        """
        Tell whether an instance with these tags is meant; no groups mean none.

        Source: CodeDeploy User Guide, "Tagging instances for deployment groups".
        """
        return bool(self.groups) and all(
            any(each.matches(tags) for each in group) for group in self.groups
        )

    def example(self) -> Mapping[str, str]:
        """Give tags of an instance that is meant: those of the first filter of each group."""
        return {group[0].key or "KEY": group[0].value or "VALUE" for group in self.groups if group}


def select(
    selections: Sequence[TagSelection], instances: Sequence[TaggedInstance]
) -> tuple[str, ...]:
    """
    Give the names of the union of what the selections mean, whether it runs or not.

    Source: CodeDeploy User Guide, "Instance health" (instances in a Stopped state).
    """
    return tuple(
        sorted(
            each.name
            for each in instances
            if any(selection.matches(each.tags) for selection in selections)
        )
    )
