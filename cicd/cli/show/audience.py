"""An execution is not to end half-done because nobody listens any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cicd.event import Event
    from cicd.ports import Described, LogLine, Reporter


class Audience:
    """
    A ``Reporter`` that falls silent when the output it writes to is gone or full.

    With ``| head -1`` or a full disk behind ``>`` a deployment would else stop between two
    instances. What was refused is kept in ``lost``, for who says how it all ended.
    """

    def __init__(self, reporter: Reporter) -> None:
        """Tell ``reporter`` for as long as it can be told anything."""
        self._reporter = reporter
        self.lost: OSError | None = None

    def event(self, stream: str, event: Event, said: Described) -> None:
        """See ``Reporter``."""
        if self.lost is None:
            try:
                self._reporter.event(stream, event, said)
            except OSError as refused:
                self.lost = refused

    def line(self, stream: str, line: LogLine) -> None:
        """See ``Reporter``."""
        if self.lost is None:
            try:
                self._reporter.line(stream, line)
            except OSError as refused:
                self.lost = refused
