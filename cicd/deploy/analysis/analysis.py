"""An analysis: what the new version must keep to, and since when it is judged."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from cicd.record import dataclass

ANALYSIS = "ANALYSIS"
"""The state, in a watch's outcome, that stands for a failed verdict."""


class Judgement(StrEnum):
    """How latencies are compared."""

    LIMITS = "Limits"
    MANN_WHITNEY = "MannWhitney"


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """
    ``analysis`` of a local deployment group.

    A limit that is None is not looked at. Latencies are milliseconds.
    """

    judgement: Judgement = Judgement.LIMITS
    error_rate: float | None = None  # per cent of the new version's answers
    more_errors: float | None = None  # points of error rate above the old version's
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    slower: float | None = None  # per cent that the new p95 may be above the old one
    significance: float = 0.01  # Mann–Whitney: p below it is a verdict
    least_shift: float = 5.0  # Mann–Whitney: per cent of the old median that matter
    least_requests: int = 100  # of each version that is judged; fewer are no verdict
    window: timedelta = timedelta(minutes=1)  # how far back requests count
    interval: timedelta = timedelta(seconds=5)  # between two judgements


class Word(StrEnum):
    """What a judgement comes to."""

    PASSED = "Passed"
    FAILED = "Failed"
    NO_VERDICT = "NoVerdict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A judgement, with its numbers in words."""

    word: Word
    reasons: tuple[str, ...]
