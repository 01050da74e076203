"""The Mann–Whitney U test: whether one sample tends to be greater than another. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class MannWhitney:
    """What the test says of a first sample against a second."""

    u: float  # pairs in which the first one's value is greater; a tie counts half
    z: float  # in standard deviations, corrected for continuity
    p: float  # how likely so great a U is, were both alike; one-sided


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> MannWhitney:
    """
    Test whether ``first`` tends to be greater than ``second``; both have at least one value.

    By the normal approximation, with the variance corrected for ties. Samples that are all one
    value say nothing: p is 1.

    Source: Mann and Whitney, "On a Test of Whether one of Two Random Variables is Stochastically
    Larger than the Other" (1947).
    """
    count, other = len(first), len(second)
    ranked = sorted([(value, True) for value in first] + [(value, False) for value in second])
    whole = count + other
    ranks = ties = 0.0
    start = 0
    while start < whole:
        end = start
        mine = 0
        while end < whole and ranked[end][0] == ranked[start][0]:
            mine += ranked[end][1]
            end += 1
        same = end - start
        ranks += mine * (start + 1 + end) / 2
        ties += same**3 - same
        start = end
    u = ranks - count * (count + 1) / 2
    mean = count * other / 2
    variance = count * other / 12 * (whole + 1 - ties / (whole * (whole - 1)))
    if variance <= 0:
        return MannWhitney(u=u, z=0.0, p=1.0)
    z = (u - mean - 0.5) / math.sqrt(variance)
    return MannWhitney(u=u, z=z, p=math.erfc(z / math.sqrt(2)) / 2)
