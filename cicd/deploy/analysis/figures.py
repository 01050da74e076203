"""Requests that a router answered → figures of each version. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from cicd.event import JSON
    from cicd.ports import Answered

LEFT: Final = 460  # the client's own doing. Source: ELB guide, "HTTP 460"
FIRST_ERROR: Final = 500
"""What a version is to blame for; 4xx are the clients'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a version answered in a stretch of time."""

    requests: int
    errors: int  # 5xx
    rate: float  # requests a second
    p50: float  # seconds, as are the next two; 0 where there were no requests
    p95: float
    p99: float

    @property
    def error_rate(self) -> float:
        """Give the share of errors, from 0 to 1."""
        return self.errors / self.requests if self.requests else 0.0

    def shape(self) -> dict[str, JSON]:
        """Give it as events and JSON have it: latencies in milliseconds."""
        return {
            "requests": self.requests,
            "errors": self.errors,
            "errorRate": round(self.error_rate, 5),
            "requestsPerSecond": round(self.rate, 2),
            "p50": round(self.p50 * 1000, 3),
            "p95": round(self.p95 * 1000, 3),
            "p99": round(self.p99 * 1000, 3),
        }


def is_error(answered: Answered) -> bool:
    """Tell whether a version is to blame for an answer."""
    return answered.status >= FIRST_ERROR


def figures(answered: Iterable[Answered], span: timedelta) -> Figures:
    """Sum up what came in ``span``; whoever left before being answered is not counted."""
    seen = [each for each in answered if each.status != LEFT]
    took = sorted(each.seconds for each in seen)
    seconds = span.total_seconds()
    return Figures(
        requests=len(seen),
        errors=sum(map(is_error, seen)),
        rate=len(seen) / seconds if seconds > 0 else 0.0,
        p50=percentile(took, 50),
        p95=percentile(took, 95),
        p99=percentile(took, 99),
    )


def percentile(ordered: Sequence[float], per_cent: float) -> float:
    """
    Give the smallest value that so many per cent are not above; 0 where there are none.

    Args:
        ordered: The values, the smallest first.
        per_cent: Above 0, at most 100.

    """
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(len(ordered) * per_cent / 100) - 1)]
