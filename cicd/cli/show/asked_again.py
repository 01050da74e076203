"""The word that a first Ctrl-C deserves: what a second one would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.event import Event
    from cicd.ports import Described, LogBlock, LogLine

WORDS = "Ctrl-C again ends what runs at once"


class AskedAgain:
    """
    A ``Reporter`` that says, once an execution was asked to stop by Ctrl-C, what another does.

    Only what stops is told of: a command that follows a log has nothing left to end.
    """

    def __init__(self, was_asked: Callable[[], bool], say: Callable[[str], None]) -> None:
        """Take whether Ctrl-C was pressed here, exactly once so far, and whom to tell."""
        self._was_asked = was_asked
        self._say = say
        self._said = False

    def event(self, stream: str, event: Event, said: Described) -> None:
        """See ``Reporter``."""
        del stream, said
        stops = event.kind is EventKind.SIGNALLED and event.data.get("signal") == "stop"
        if stops and not self._said and self._was_asked():
            self._said = True
            self._say(WORDS)

    def line(self, stream: str, line: LogLine) -> None:
        """See ``Reporter``."""

    def block(self, stream: str, block: LogBlock) -> None:
        """See ``Reporter``."""
