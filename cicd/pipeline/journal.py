"""An execution's own words: into its log, and to whoever watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.ports import LogLine

if TYPE_CHECKING:
    from cicd.ports import Services


def say(services: Services, stream: str, text: str, *, origin: str = "") -> None:
    """Write one line, now; ``origin`` is the key of the command whose word it is."""
    line = LogLine(at=services.clock.now(), origin=origin, text=text)
    services.logs.append(stream, line)
    for reporter in services.reporters:
        reporter.line(stream, line)
