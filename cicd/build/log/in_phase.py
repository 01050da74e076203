"""Which lines of a build's log belong to one phase. Pure, but for what it has read so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cicd.build.spec import PhaseType
    from cicd.ports import LogLine


class InPhase:
    """
    Told a log line by line, says of each whether it is the phase's.

    A command's lines carry their phase; the build's own words stand between the entry of a
    phase and the context of its end.
    """

    def __init__(self, phase: PhaseType) -> None:
        """Begin at the head of a log."""
        self._phase = phase
        self._inside = False
        self._ended = False

    def __call__(self, line: LogLine) -> bool:
        """Take the next line."""
        if line.origin:
            return line.origin.partition("/")[0] == self._phase
        words = line.text.split(" ", 3)[-1]
        if words in (f"Entering phase {self._phase}", f"Phase is {self._phase}"):
            self._inside, self._ended = True, False
        inside = self._inside or words.startswith(f"Phase complete: {self._phase} ")
        if self._ended:  # this is the context behind the end
            self._inside = self._ended = False
        elif words.startswith(f"Phase complete: {self._phase} "):
            self._inside = self._ended = True
        return inside
