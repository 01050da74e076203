"""Judges a shift again and again while it lasts, and tells when the verdict changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.analysis.analysis import ANALYSIS, Word
from cicd.deploy.analysis.look import look
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.engine.signals import send
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from datetime import datetime

    from cicd.deploy.analysis.analysis import Analysis
    from cicd.deploy.analysis.look import Looked, Subject
    from cicd.event import JSON
    from cicd.ports import Services


class Judge:
    """One analysis, from the moment when it is made."""

    def __init__(self, analysis: Analysis, subject: Subject, services: Services) -> None:
        """Judge nothing yet."""
        self._analysis = analysis
        self._subject = subject
        self._services = services
        self._began = self._due = self._now()
        self._shifts = False
        self._said: Word | None = None

    def look(self) -> Outcome | None:
        """Judge, if it is time to and the new version has traffic; gives what stops it."""
        if self._now() < self._due:
            return None
        self._due = self._now() + self._analysis.interval
        if not self._shifts and not self._has_traffic():
            return None
        self._shifts = True
        found = look(self._analysis, self._subject, self._began, self._services)
        if found.verdict.word is not self._said:
            self._tell(found)
        if found.verdict.word is not Word.FAILED:
            return None
        detail: dict[str, JSON] = {
            "alarm": "analysis",
            "state": ANALYSIS,
            "reason": "; ".join(found.verdict.reasons),
            **found.shape(),
        }
        return Outcome(status=OutcomeStatus.FAILED, detail=detail)

    def _has_traffic(self) -> bool:
        try:
            return self._subject.requests.weight(self._subject.new) > 0
        except Unavailable:
            return False

    def _tell(self, found: Looked) -> None:
        self._said = found.verdict.word
        services = self._services
        send(services.log, services.clock, self._subject.stream, "analysis", **found.shape())

    def _now(self) -> datetime:
        return self._services.clock.machine(self._services.clock.now())
