"""The seam to what alarms look at, and to who is told."""

from __future__ import annotations

from typing import Protocol

from cicd.record import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """
    Something that can be looked at, or told: exactly one of a command and a URL.

    To be told, it may be a file or this desktop instead.
    """

    command: str = ""  # given to ``sh``: 0 is good, 1 is bad, anything else cannot be read
    url: str = ""  # fetched: 200 to 299 is good, all else and no answer is bad
    directory: str = ""  # where the command starts
    timeout: int = 10  # seconds
    file: str = ""  # what it is told is appended, a line each
    desktop: bool = False  # it is shown as a notification


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one look gave. ``good`` None: it could not be read, and ``words`` say why."""

    good: bool | None
    text: str = ""  # what the command printed, or the body
    words: str = ""  # "exit status 1", "answered 503"


class Watcher(Protocol):
    """Looks at probes, and tells subscribers."""

    def look(self, probe: Probe) -> Reading:
        """Look once; never raises for what it finds, or for its absence."""

    def tell(self, subscriber: Probe, payload: str) -> Reading:
        """Give JSON to a command's standard input, post it to a URL, append it to a file, or
        show it; never raises for what keeps it from being told."""
