"""
A stack is changed, resource by resource; what goes wrong is undone.

What was done is written down before and after each resource, so that whoever takes a stack up
after a crash goes on where it stopped, and can still go back to what there was before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.errors import CicdError, Conflict, UsageError
from cicd.pipeline.stacks.as_meant import filled
from cicd.pipeline.stacks.changes import ChangeAction, changes
from cicd.pipeline.stacks.kinds import KINDS, replacing
from cicd.pipeline.stacks.stack import Desired, StackStatus, read_stack, write_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.pipeline.stacks.changes import Change
    from cicd.pipeline.stacks.stack import Stack, StackResource
    from cicd.ports import Services


class StackWork:
    """One action's work on one stack; the stack as it is now is ``stack``."""

    def __init__(
        self, name: str, owner: str, services: Services, say: Callable[[str], None]
    ) -> None:
        """
        Read the stack.

        Args:
            name: The stack's.
            owner: The action that changes it: "pipeline/…/Deploy/Stack".
            services: The outside.
            say: Gets a line for each resource.

        Raises:
            Conflict: Somebody else who lives is changing it.

        """
        self._services = services
        self._say = say
        self._owner = owner
        self.stack, self.version = read_stack(name, services)
        if self.stack.changing and self.stack.owner != owner and _lives(self.stack, services):
            raise Conflict(
                f"the stack {name} is in {self.stack.status}: {self.stack.owner} changes it",
                hint="run the action again when that is over: cicd pipeline retry-stage",
            )

    def note(self, stack: Stack) -> None:
        """Write down what the stack is from now on."""
        self.version = write_stack(stack, self.version, self._services)
        self.stack = stack

    def become(self, desired: Desired) -> bool:
        """Make the stack what is wanted; False: it could not be, and is what it was before."""
        goes_on = self.stack.changing
        creating = not self.stack.there or self.stack.status is StackStatus.CREATE_IN_PROGRESS
        begun = replace(
            self.stack,
            status=StackStatus.CREATE_IN_PROGRESS if creating else StackStatus.UPDATE_IN_PROGRESS,
            before=self.stack.before if goes_on else self.stack.is_,
            owner=self._owner,
            reason="",
        )
        self.note(begun)
        try:
            self._reach(desired)
        except CicdError as problem:
            self._go_back(problem, creating=creating)
            return False
        ended = StackStatus.CREATE_COMPLETE if creating else StackStatus.UPDATE_COMPLETE
        made = made_of(desired, self.stack)
        self._end(replace(self.stack, status=ended, is_=made, change_sets=()))
        return True

    def _end(self, stack: Stack) -> None:
        """Write down how it ended, and clean up; the stack is none the worse if that fails."""
        self.note(replace(stack, before=None, leftover=()))
        for resource in stack.leftover:
            try:
                self._remove(resource)
            except CicdError as problem:
                self._say(f"{resource.logical_id}: {resource.name} stays: {problem.message}")

    def delete(self) -> bool:
        """Remove all of it; False: something stays, and the stack's ``reason`` says why."""
        self.note(replace(self.stack, status=StackStatus.DELETE_IN_PROGRESS, owner=self._owner))
        try:
            self._reach(Desired())
        except CicdError as problem:
            self.note(
                replace(
                    self.stack, status=StackStatus.DELETE_FAILED, reason=problem.message, doing=""
                )
            )
            return False
        self.note(
            replace(
                self.stack,
                status=StackStatus.DELETE_COMPLETE,
                is_=Desired(),
                before=None,
                change_sets=(),
                doing="",
            )
        )
        return True

    def _go_back(self, problem: CicdError, *, creating: bool) -> None:
        self._say(f"{problem.message}; what was done is undone")
        before = self.stack.before or Desired()
        self.note(replace(self.stack, doing=""))
        try:
            self._reach(before)
        except CicdError as worse:
            failed = (
                StackStatus.ROLLBACK_FAILED if creating else StackStatus.UPDATE_ROLLBACK_FAILED
            )
            reason = f"{problem.message}; and it could not be undone: {worse.message}"
            self.note(replace(self.stack, status=failed, reason=reason, doing=""))
            return
        ended = StackStatus.ROLLBACK_COMPLETE if creating else StackStatus.UPDATE_ROLLBACK_COMPLETE
        self._end(replace(self.stack, status=ended, is_=before, reason=problem.message))

    def _reach(self, desired: Desired) -> None:
        for change in changes(self.stack.is_.resources, desired.resources, replacing()):
            interrupted = self.stack.doing == change.resource.logical_id
            self.note(replace(self.stack, doing=change.resource.logical_id))
            attributes = self._do(change, again=interrupted)
            self._say(str(change))
            resources = {each.logical_id: each for each in self.stack.is_.resources}
            if change.after is None:
                resources.pop(change.resource.logical_id, None)
            else:
                resources[change.after.logical_id] = replace(change.after, attributes=attributes)
            old = (change.before,) if change.replacement and change.before is not None else ()
            left = tuple(each for each in self.stack.leftover if each != change.after)
            self.note(
                replace(
                    self.stack,
                    doing="",
                    is_=replace(self.stack.is_, resources=tuple(resources.values())),
                    leftover=(*left, *old),
                )
            )

    def _do(self, change: Change, *, again: bool) -> Mapping[str, str]:
        """Do it, and give the attributes that are known since."""
        if change.action is ChangeAction.REMOVE:
            self._remove(change.resource)
            return {}
        resource = change.resource
        kind = KINDS.get(resource.type)
        if resource.simulated or kind is None or resource in self.stack.leftover:
            return resource.attributes  # it is in words only, or was not removed yet
        before = change.before
        known = {} if before is None or change.replacement else before.attributes
        whole = replace(self._filled(resource), attributes=known)
        for policy in resource.policies:
            self._say(f"{resource.logical_id}: {policy} has no effect here: it changes at once")
        if change.action is ChangeAction.MODIFY and not change.replacement:
            return kind.change(whole, self._services)
        try:
            attributes = kind.make(whole, self._services)
        except Conflict:
            if not again:
                raise
            attributes = kind.change(whole, self._services)  # it was made, and not written down
        for key in kind.without_effect(resource):
            self._say(f"{resource.logical_id}: {key} has no effect here")
        return attributes

    def _filled(self, resource: StackResource) -> StackResource:
        text = filled(resource.properties, self.stack.is_.resources)
        return replace(resource, properties=text)

    def _remove(self, resource: StackResource) -> None:
        kind = KINDS.get(resource.type)
        if resource.retain:
            self._say(f"{resource.logical_id} ({resource.name}) stays: its DeletionPolicy says so")
        elif not resource.simulated and kind is not None:
            kind.remove(self._filled(resource), self._services)


def made_of(desired: Desired, stack: Stack) -> Desired:
    """Give what is wanted with the attributes of what a stack has, in its outputs, too."""
    there = {each.logical_id: each.attributes for each in stack.is_.resources}
    resources = tuple(
        replace(each, attributes=there.get(each.logical_id, each.attributes))
        for each in desired.resources
    )
    outputs = {name: filled(value, resources) for name, value in desired.outputs.items()}
    return replace(desired, resources=resources, outputs=outputs)


def _lives(stack: Stack, services: Services) -> bool:
    kind, _, rest = stack.owner.partition("/")
    try:
        record = services.executions.find(kind, rest.partition("/")[0])
    except UsageError:
        return False
    return record is not None and record.driven
