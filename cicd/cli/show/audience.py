"""An execution is not to end half-done because nobody listens any more."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cicd.cli.ending import forget

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.event import Event
    from cicd.ports import Described, LogBlock, LogLine, Reporter


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
        self.tell(lambda: self._reporter.event(stream, event, said))

    def line(self, stream: str, line: LogLine) -> None:
        """See ``Reporter``."""
        self.tell(lambda: self._reporter.line(stream, line))

    def block(self, stream: str, block: LogBlock) -> None:
        """See ``Reporter``."""
        self.tell(lambda: self._reporter.block(stream, block))

    def tell(self, say: Callable[[], None]) -> None:
        """Have something said, if anybody still listens."""
        if self.lost is None:
            try:
                say()
            except OSError as refused:
                self.lost = refused
                forget(sys.stdout)  # nor is it told how all ended: a result is a status, too
