"""
A stack as it stands: its resources, its outputs, its change sets.

Each change of it is an event of its own stream, which holds the stack as it is from then on;
the version that an append expects is the lock between two who change it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cicd.engine.codec import decode, encode
from cicd.event import Event, EventKind
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.ports import Services


class StackStatus(StrEnum):
    """How a stack stands. Source: CloudFormation API Reference, "Stack"."""

    CREATE_IN_PROGRESS = "CREATE_IN_PROGRESS"
    CREATE_COMPLETE = "CREATE_COMPLETE"
    ROLLBACK_COMPLETE = "ROLLBACK_COMPLETE"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"
    UPDATE_IN_PROGRESS = "UPDATE_IN_PROGRESS"
    UPDATE_COMPLETE = "UPDATE_COMPLETE"
    UPDATE_ROLLBACK_COMPLETE = "UPDATE_ROLLBACK_COMPLETE"
    UPDATE_ROLLBACK_FAILED = "UPDATE_ROLLBACK_FAILED"
    DELETE_IN_PROGRESS = "DELETE_IN_PROGRESS"
    DELETE_COMPLETE = "DELETE_COMPLETE"
    DELETE_FAILED = "DELETE_FAILED"
    REVIEW_IN_PROGRESS = "REVIEW_IN_PROGRESS"


FAILED: Final = frozenset(
    {
        StackStatus.ROLLBACK_COMPLETE,
        StackStatus.ROLLBACK_FAILED,
        StackStatus.DELETE_FAILED,
        StackStatus.UPDATE_ROLLBACK_FAILED,
    }
)
"""What REPLACE_ON_FAILURE replaces, and CREATE_UPDATE does not touch."""

_CHANGING: Final = frozenset(
    {
        StackStatus.CREATE_IN_PROGRESS,
        StackStatus.UPDATE_IN_PROGRESS,
        StackStatus.DELETE_IN_PROGRESS,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackResource:
    """One resource, as a template wants it, or as it is."""

    logical_id: str
    type: str
    name: str  # its physical id
    properties: str = "{}"  # JSON, keys sorted: what is compared
    retain: bool = False  # ``DeletionPolicy: Retain``
    simulated: bool = False  # it is written down here, and nowhere else
    attributes: Mapping[str, str] = field(default_factory=dict)  # known since it is made
    policies: tuple[str, ...] = ()  # of its creation and its updates, which do nothing here


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What a template makes under its parameters."""

    resources: tuple[StackResource, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    template: str = ""  # the sha256 of its text


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """A change that was asked for, and may be carried out while the stack is as it was."""

    name: str
    basis: str  # the fingerprint of what the stack was when it was made
    desired: Desired


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A stack; one that was never made has no status."""

    name: str
    status: StackStatus | None = None
    is_: Desired = field(default_factory=Desired)
    change_sets: tuple[ChangeSet, ...] = ()
    owner: str = ""  # which action changes it, or did so last
    before: Desired | None = None  # while it changes: what a failure leads back to
    doing: str = ""  # the logical id of the resource that is being worked on
    leftover: tuple[StackResource, ...] = ()  # replaced, to be removed at the end
    reason: str = ""  # why it is as it is, if that is bad

    @property
    def there(self) -> bool:
        """Tell whether there is anything of it beside change sets."""
        return self.status not in (
            None,
            StackStatus.DELETE_COMPLETE,
            StackStatus.REVIEW_IN_PROGRESS,
        )

    @property
    def changing(self) -> bool:
        """Tell whether somebody is, or was when it died, at work on it."""
        return self.status in _CHANGING


def fingerprint(desired: Desired) -> str:
    """Tell one state of a stack from another."""
    text = json.dumps(encode(desired), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def stream_of(name: str) -> str:
    """Name a stack's stream."""
    return f"stack/{name}"


def read_stack(name: str, services: Services) -> tuple[Stack, int]:
    """Give a stack as it is, and the version that its next event must expect."""
    events = services.log.read(stream_of(name))
    if not events:
        return Stack(name=name), 0
    version, last = events[-1]
    return decode(Stack, last.data["stack"]), version


def write_stack(stack: Stack, version: int, services: Services) -> int:
    """
    Write down what a stack is from now on, and give the new version.

    Raises:
        Conflict: Somebody else was quicker.

    """
    event = Event(
        kind=EventKind.SIGNALLED,
        at=services.clock.now(),
        data={"signal": "stack", "stack": encode(stack)},
    )
    return services.log.append(stream_of(stack.name), (event,), expected=version)
