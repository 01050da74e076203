"""One look at a shift: the requests that both versions answered, judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.analysis.analysis import Verdict, Word
from cicd.deploy.analysis.figures import Figures, figures
from cicd.deploy.analysis.judge import judge
from cicd.deploy.shift.requests import Requests
from cicd.errors import Unavailable
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cicd.deploy.analysis.analysis import Analysis
    from cicd.event import JSON
    from cicd.ports import Answered, Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an analysis is of: requests of two versions, and the deployment's stream."""

    requests: Requests
    old: str  # the group of each
    new: str
    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a look has found."""

    verdict: Verdict
    old: Figures
    new: Figures

    def shape(self) -> dict[str, JSON]:
        """Give it as events have it."""
        return {
            "verdict": str(self.verdict.word),
            "reasons": list(self.verdict.reasons),
            "old": self.old.shape(),
            "new": self.new.shape(),
        }


def look(analysis: Analysis, subject: Subject, began: datetime, services: Services) -> Looked:
    """
    Judge the requests of the window, or since ``began`` if that is later.

    Both are the machine's time, however fast the deployment's clock runs: requests come in it.
    Requests that cannot be asked for give no verdict.
    """
    now = services.clock.machine(services.clock.now())
    since = max(began, now - analysis.window)
    try:
        seen = subject.requests.answered(since)
    except Unavailable as reason:
        verdict = Verdict(word=Word.NO_VERDICT, reasons=(f"there are no figures: {reason}",))
        return Looked(verdict=verdict, old=figures((), now - since), new=figures((), now - since))
    old, new = _of(subject.old, seen), _of(subject.new, seen)
    return Looked(
        verdict=judge(analysis, old, new),
        old=figures(old, now - since),
        new=figures(new, now - since),
    )


def _of(group: str, seen: Sequence[Answered]) -> list[Answered]:
    return [each for each in seen if each.group == group]
