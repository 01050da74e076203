"""What is to be done so that a stack becomes what a template wants. Pure."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING

from cicd.pipeline.stacks.as_meant import waits_for
from cicd.pipeline.stacks.stack import StackResource
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class ChangeAction(StrEnum):
    """Source: CloudFormation API Reference, "ResourceChange"."""

    ADD = "Add"
    MODIFY = "Modify"
    REMOVE = "Remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One resource's change. A replacement is made anew, and the old one removed at the end."""

    action: ChangeAction
    before: StackResource | None = None
    after: StackResource | None = None
    replacement: bool = False
    keys: tuple[str, ...] = ()  # the properties that change

    @property
    def resource(self) -> StackResource:
        """Give the resource as it will be, or was."""
        found = self.after or self.before
        assert found is not None, "a change is about something"
        return found

    def __str__(self) -> str:
        """Say it as a change set's line: "Modify Bucket (AWS::S3::Bucket) shop: Tags"."""
        resource = self.resource
        marks = [*(["replaced"] if self.replacement else []), *self.keys]
        if resource.simulated:
            marks.append("simulated")
        said = f": {', '.join(marks)}" if marks else ""
        return f"{self.action} {resource.logical_id} ({resource.type}) {resource.name}{said}"


def changes(
    before: Iterable[StackResource],
    after: Iterable[StackResource],
    replacing: Mapping[str, frozenset[str]],
) -> tuple[Change, ...]:
    """
    Give what must be done, in order: what is new or changes first, what goes last.

    Args:
        before: The resources that there are.
        after: Those that are wanted, in the template's order.
        replacing: By type, the properties that no resource can change.

    """
    there = {resource.logical_id: resource for resource in before}
    wanted = {resource.logical_id: resource for resource in after}
    made: list[Change] = []
    anew: list[str] = []  # what dependents see of these is another thing afterwards
    for resource in wanted.values():
        earlier = there.get(resource.logical_id)
        change = _change(earlier, resource, replacing) or _after_others(earlier, resource, anew)
        if change is not None:
            made.append(change)
            anew += [resource.logical_id] if change.replacement or earlier is None else []
    gone = [
        Change(action=ChangeAction.REMOVE, before=resource)
        for resource in reversed(tuple(there.values()))
        if resource.logical_id not in wanted
    ]
    return (*made, *gone)


def _change(
    before: StackResource | None, after: StackResource, replacing: Mapping[str, frozenset[str]]
) -> Change | None:
    if before is None:
        return Change(action=ChangeAction.ADD, after=after)
    keys = tuple(_differing(before, after))
    other = before.type != after.type or before.name != after.name
    if not keys and not other and before.simulated == after.simulated:
        return None
    fixed = replacing.get(after.type, frozenset())
    return Change(
        action=ChangeAction.MODIFY,
        before=before,
        after=after,
        replacement=other or before.simulated != after.simulated or not fixed.isdisjoint(keys),
        keys=keys,
    )


def _after_others(
    before: StackResource | None, after: StackResource, anew: list[str]
) -> Change | None:
    """Give the change of a resource that has an attribute of one which is made anew."""
    held = json.loads(after.properties)
    keys = tuple(
        key
        for key in sorted(held)
        if any(waits_for(json.dumps(held[key]), other) for other in anew)
    )
    if before is None or not keys:
        return None
    return Change(action=ChangeAction.MODIFY, before=before, after=after, keys=keys)


def _differing(before: StackResource, after: StackResource) -> Iterator[str]:
    old, new = json.loads(before.properties), json.loads(after.properties)
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield key
