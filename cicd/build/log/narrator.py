"""The voice of a build: each new event into the log, and to the reporters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.build.describe import describe
from cicd.build.log.journal import Journal
from cicd.build.log.narrate import narrate
from cicd.build.process import BuildProcess

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cicd.build.plan import BuildPlan
    from cicd.build.state import BuildState
    from cicd.event import Event
    from cicd.ports import Services


class Narrator:
    """Follows the events of one build, and tells the log and the reporters of each new one."""

    def __init__(self, plan: BuildPlan, stream: str, services: Services) -> None:
        """Begin before the first event."""
        self._process = BuildProcess(plan)
        self.state: BuildState = self._process.initial()  # as of the last event told of
        self._stream = stream
        self._services = services
        self.journal = Journal(services, stream)
        self._known = 0  # events that were told of before, by a driver that is gone

    def catch_up(self, events: Sequence[Event]) -> None:
        """Write what a dead driver did not get to write about these events."""
        state = self._process.initial()
        lines: list[tuple[datetime, str]] = []
        for event in events:
            after = self._process.apply(state, event)
            lines += ((event.at, line) for line in narrate(self._process, state, event, after))
            state = after
        for at, line in lines[self.journal.narrated() :]:
            self.journal.narrate(at, (line,))
        self._known = len(events)

    def __call__(self, before: BuildState, event: Event, after: BuildState) -> None:
        """Tell of an event if it is new, with the states around it."""
        self.state = after
        if self._known > 0:
            self._known -= 1
            return
        self.journal.narrate(event.at, narrate(self._process, before, event, after))
        for told in describe(self._process, before, event, after):
            # A command may be written with what is a secret elsewhere in the same buildspec.
            said = replace(told, text=self.journal.redacted(told.text))
            for reporter in self._services.reporters:
                reporter.event(self._stream, event, said)
