"""Which lifecycle events `codedeploy-local --events` runs, and in which order. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cicd.deploy.lifecycle import PREVIOUS_REVISION, SCRIPTABLE, SERVER, LifecycleEvent
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_DOWNLOAD: Final = LifecycleEvent.DOWNLOAD_BUNDLE
_INSTALL: Final = LifecycleEvent.INSTALL
_HINT: Final = "such as ApplicationStop,DownloadBundle,Install: separated by commas, no blanks"


def local_events(written: str) -> tuple[LifecycleEvent, ...]:
    """
    Read a list of events, and put what it lacks in front: nothing runs without a revision.

    So ``ApplicationStop`` alone installs the new revision first, and then runs the new
    revision's script. With nothing written, all events run, traffic's scripts included.

    Raises:
        UsageError: An unknown event, one written twice, or an order that cannot be.

    Source: the agent's behaviour, "codedeploy-local".
    """
    if not written:
        return tuple(e for e in SERVER if e in SCRIPTABLE or e in (_DOWNLOAD, _INSTALL))
    events = [_event(word) for word in written.split(",")]
    for event in events:
        if events.count(event) > 1:
            raise UsageError(f"'{event}' is there twice", hint="an event runs once a deployment")
    events = _with_both(events)
    _check(events, before=_DOWNLOAD, allowed=tuple(PREVIOUS_REVISION), written=written)
    allowed = (*PREVIOUS_REVISION, _DOWNLOAD, LifecycleEvent.BEFORE_INSTALL)
    _check(events, before=_INSTALL, allowed=allowed, written=written)
    return tuple(events)


def _event(word: str) -> LifecycleEvent:
    if not re.fullmatch(r"[A-Z][A-Za-z]*", word):
        raise UsageError(f"Received command is not in PascalCase form: {word}", hint=_HINT)
    if word not in (*SCRIPTABLE, _DOWNLOAD, _INSTALL):
        raise UsageError(
            f"'{word}' is no lifecycle event that can be asked for",
            hint="there are " + ", ".join([*SCRIPTABLE, _DOWNLOAD, _INSTALL]),
        )
    return LifecycleEvent(word)


def _with_both(events: list[LifecycleEvent]) -> list[LifecycleEvent]:
    if _INSTALL not in events:
        events = [_INSTALL, *events]
    if _DOWNLOAD not in events:
        return [_DOWNLOAD, *events]
    first, second = events.index(_INSTALL), events.index(_DOWNLOAD)
    if first < second:  # what was put in front changes places with the one that was written
        events = [*events]
        events[first], events[second] = _DOWNLOAD, _INSTALL
    return events


def _check(
    events: Sequence[LifecycleEvent],
    *,
    before: LifecycleEvent,
    allowed: Sequence[LifecycleEvent],
    written: str,
) -> None:
    early = events[: events.index(before)]
    # BeforeInstall slips through the first of the two checks, and then finds no AppSpec.
    if all(event in (*allowed, LifecycleEvent.BEFORE_INSTALL) for event in early):
        return
    ordered = [event for event in SERVER if event in allowed]
    raise UsageError(
        f"The only events that can be specified before {before} are {','.join(ordered)}. "
        f"Please fix the order of your specified events: {written}"
    )
