"""Moments of a machine: when a Wait is over, and when a state is tried again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeGuard

from cicd.states.choices import timestamp
from cicd.states.failure import runtime
from cicd.states.paths import read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.event import JSON
    from cicd.states.machine import Retrier, Wait


LONGEST: Final = 99_999_999
"""Seconds that a state may wait or take. Source: Amazon States Language, "TimeoutSeconds"."""


def is_seconds(value: object) -> TypeGuard[float]:
    """Say whether a value is a number of seconds that a state may have."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= LONGEST


def pause(retrier: Retrier, times: int) -> timedelta:
    """Give how long to wait before a state is tried again that has been ``times`` before."""
    try:
        grown = retrier.interval * retrier.backoff_rate**times
    except OverflowError:  # after a thousand times or so
        grown = LONGEST
    most = LONGEST if retrier.max_delay is None else retrier.max_delay
    return timedelta(seconds=min(grown, most))


def over(wait: Wait, given: JSON, at: datetime, context: Mapping[str, JSON]) -> datetime:
    """
    Give when a Wait that began ``at`` a moment is over.

    Raises:
        StateFailure: What a path gives is no number of seconds that may be waited, or no moment.

    """
    seconds: JSON = wait.seconds
    if wait.seconds_path is not None:
        seconds = read(wait.seconds_path, given, context)
    if wait.seconds_path is not None or wait.seconds is not None:
        if not is_seconds(seconds):
            raise runtime(f"'{wait.seconds_path}' is no number of seconds: {seconds}")
        return at + timedelta(seconds=seconds)
    text: JSON = wait.timestamp
    if wait.timestamp_path is not None:
        text = read(wait.timestamp_path, given, context)
    moment = timestamp(text) if isinstance(text, str) else None
    if moment is None:
        raise runtime(f"'{text}' is no moment such as 2026-03-14T01:59:00Z")
    return moment


def written(moment: datetime) -> str:
    """Give a moment as the context object has it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
