"""The new version's requests against the old one's → a verdict with its numbers. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.analysis.analysis import Judgement, Verdict, Word
from cicd.deploy.analysis.figures import LEFT, figures, is_error
from cicd.deploy.analysis.mann_whitney import mann_whitney

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cicd.deploy.analysis.analysis import Analysis
    from cicd.deploy.analysis.figures import Figures
    from cicd.ports import Answered


def judge(analysis: Analysis, old: Sequence[Answered], new: Sequence[Answered]) -> Verdict:
    """
    Judge what both versions answered in the same window.

    A limit of its own judges the new version alone; what compares needs enough of both. Where a
    comparison lacks requests and no limit is broken, there is no verdict.
    """
    was, is_ = figures(old, analysis.window), figures(new, analysis.window)
    if is_.requests < analysis.least_requests:
        return _too_few("new", is_.requests, analysis)
    broken = [*_alone(analysis, is_)]
    compares = _compares(analysis)
    enough = was.requests >= analysis.least_requests
    if compares and enough:
        broken += [*_against(analysis, was, is_)]
        if analysis.judgement is Judgement.MANN_WHITNEY:
            broken += [*_mann_whitney(analysis, old, new)]
    if broken:
        return Verdict(word=Word.FAILED, reasons=tuple(broken))
    if compares and not enough:
        return _too_few("old", was.requests, analysis)
    return Verdict(word=Word.PASSED, reasons=(_words(was, is_),))


def _too_few(which: str, count: int, analysis: Analysis) -> Verdict:
    words = (
        f"too few requests: the {which} version answered {count} in "
        f"{analysis.window.total_seconds():g} s, {analysis.least_requests} are needed"
    )
    return Verdict(word=Word.NO_VERDICT, reasons=(words,))


def _compares(analysis: Analysis) -> bool:
    return (
        analysis.judgement is Judgement.MANN_WHITNEY
        or analysis.more_errors is not None
        or analysis.slower is not None
    )


def _alone(analysis: Analysis, new: Figures) -> Iterator[str]:
    rate = new.error_rate * 100
    if analysis.error_rate is not None and rate > analysis.error_rate:
        yield (
            f"error rate {rate:.2f} % ({new.errors} of {new.requests}), "
            f"the limit is {analysis.error_rate:g} %"
        )
    for name in ("p50", "p95", "p99"):
        limit, seconds = getattr(analysis, name), getattr(new, name)
        if limit is not None and seconds * 1000 > limit:
            yield f"{name} {seconds * 1000:.1f} ms, the limit is {limit:g} ms"


def _against(analysis: Analysis, old: Figures, new: Figures) -> Iterator[str]:
    more = (new.error_rate - old.error_rate) * 100
    if analysis.more_errors is not None and more > analysis.more_errors:
        yield (
            f"error rate {new.error_rate * 100:.2f} % against {old.error_rate * 100:.2f} %: "
            f"{more:.2f} points more, {analysis.more_errors:g} are allowed"
        )
    if analysis.slower is not None and new.p95 > old.p95 * (1 + analysis.slower / 100):
        percent = (new.p95 / old.p95 - 1) * 100 if old.p95 else float("inf")
        yield (
            f"p95 {new.p95 * 1000:.1f} ms against {old.p95 * 1000:.1f} ms: {percent:.0f} % "
            f"slower, {analysis.slower:g} % are allowed"
        )


def _mann_whitney(
    analysis: Analysis, old: Sequence[Answered], new: Sequence[Answered]
) -> Iterator[str]:
    """
    Judge errors and latencies by rank.

    With many requests the test sees differences that nobody would mind; a verdict also needs a
    median that is worse by ``least_shift``.
    """
    wrong = mann_whitney(_errors(new), _errors(old))
    if wrong.p < analysis.significance:
        yield (
            f"more errors: {sum(_errors(new)):g} of {len(_errors(new))} against "
            f"{sum(_errors(old)):g} of {len(_errors(old))} (p = {wrong.p:.2g})"
        )
    late, usual = _times(new), _times(old)
    if not late or not usual:
        return
    slow = mann_whitney(late, usual)
    before, after = _median(usual), _median(late)
    if slow.p < analysis.significance and after > before * (1 + analysis.least_shift / 100):
        chance = slow.u / (len(late) * len(usual)) * 100
        yield (
            f"slower: median {after * 1000:.1f} ms against {before * 1000:.1f} ms, the new one is "
            f"the slower of {chance:.0f} % of pairs (p = {slow.p:.2g})"
        )


def _errors(answered: Sequence[Answered]) -> list[float]:
    return [float(is_error(each)) for each in answered if each.status != LEFT]


def _times(answered: Sequence[Answered]) -> list[float]:
    """Give the latencies of good answers: a quick refusal is no quick answer."""
    return [each.seconds for each in answered if each.status != LEFT and not is_error(each)]


def _median(values: Sequence[float]) -> float:
    return sorted(values)[(len(values) - 1) // 2]


def _words(old: Figures, new: Figures) -> str:
    said = [
        f"{name} {each.requests} requests, {each.error_rate * 100:.2f} % errors, "
        f"p95 {each.p95 * 1000:.1f} ms"
        for name, each in (("new:", new), ("old:", old))
    ]
    return "; ".join(said)
