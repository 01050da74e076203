"""What a member of a fleet can be made to suffer, so that trouble can be rehearsed. Pure."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import Final

from cicd.deploy.lifecycle import SCRIPTABLE, LifecycleEvent
from cicd.errors import UsageError
from cicd.nearest import closest
from cicd.record import dataclass

NONE: Final = "none"
"""How people say that a member is well again."""
WORDS: Final = "slow=2s, failing-hook=EVENT, unhealthy, disk-full, partitioned, skew=10m, or none"
_TIME: Final = re.compile(r"(-?\d+(?:\.\d+)?)(ms|s|m|h)")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class FaultKind(StrEnum):
    """Each is a word of the command line."""

    SLOW = "slow"  # each lifecycle event begins late
    FAILING_HOOK = "failing-hook"  # the hook of one event fails
    UNHEALTHY = "unhealthy"  # no load balancer finds it healthy
    DISK_FULL = "disk-full"  # nothing can be copied to it
    PARTITIONED = "partitioned"  # nobody reaches it
    SKEW = "skew"  # its clock is off


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One of them, with what it needs."""

    kind: FaultKind
    time: timedelta = timedelta()  # SLOW, SKEW
    event: LifecycleEvent | None = None  # FAILING_HOOK


def parse_fault(text: str) -> Fault | None:
    """Read a fault as the command line has it, None for "none"; raises ``UsageError``."""
    if text == NONE:
        return None
    word, _, value = text.partition("=")
    if word not in set(FaultKind):
        near = closest(word, [*FaultKind, NONE])
        raise UsageError(
            f"'{text}' is no fault",
            hint=f"did you mean '{near}'? " * bool(near) + f"The faults are {WORDS}",
        )
    kind = FaultKind(word)
    match kind:
        case FaultKind.SLOW | FaultKind.SKEW:
            return Fault(kind=kind, time=_time(kind, value))
        case FaultKind.FAILING_HOOK:
            return Fault(kind=kind, event=_event(value))
        case _ if value:
            raise UsageError(f"'{word}' takes no value", hint=f"leave out '={value}'")
        case _:
            return Fault(kind=kind)


def _time(kind: FaultKind, value: str) -> timedelta:
    found = _TIME.fullmatch(value)
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if found is None or (kind is FaultKind.SLOW and seconds < 0):
        raise UsageError(
            f"'{value}' is not how long", hint=f"write {kind}=500ms, {kind}=2s or {kind}=10m"
        )
    return timedelta(seconds=seconds)


def _event(value: str) -> LifecycleEvent:
    if value in SCRIPTABLE:
        return LifecycleEvent(value)
    near = closest(value, SCRIPTABLE)
    raise UsageError(
        f"'{value}' is not a lifecycle event that has hooks",
        hint=f"did you mean '{near}'?" if near else f"they are {', '.join(SCRIPTABLE)}",
    )
