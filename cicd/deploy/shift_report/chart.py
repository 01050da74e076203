"""A shift in a few lines of text: the weight over time, and what both versions answered. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.deploy.shift_report.story import slices, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cicd.deploy.analysis.figures import Figures
    from cicd.deploy.shift_report.story import Slice, Story

_BARS: Final = " ▁▂▃▄▅▆▇█"


MARGIN: Final = 52
"""Columns beside the cells: the names before them, and the words behind."""


def chart(story: Story, width: int = 60) -> tuple[str, ...]:
    """Draw it in lines of ``width`` cells and ``MARGIN``."""
    cut, sums = slices(story, width), whole(story)
    seconds = (story.ended - story.began).total_seconds()
    lines = [
        _line("weight", [each.weight for each in cut], 100, "new version, 0 to 100 %"),
        _line("share", [each.share or 0 for each in cut], 100, _shared(sums)),
    ]
    rate = max((max(each.old.rate, each.new.rate) for each in cut), default=0)
    slow = max((max(each.old.p95, each.new.p95) for each in cut), default=0)
    wrong = max((max(each.old.errors, each.new.errors) for each in cut), default=0)
    for name, pick in _versions(story):
        of = [pick(each) for each in cut]
        lines.append(_line(f"{name} req/s", [each.rate for each in of], rate, _rates(pick(sums))))
    for name, pick in _versions(story):
        of = [pick(each) for each in cut]
        lines.append(
            _line(f"{name} errors", [each.errors for each in of], wrong, _errors(pick(sums)))
        )
    for name, pick in _versions(story):
        of = [pick(each) for each in cut]
        lines.append(_line(f"{name} p95", [each.p95 for each in of], slow, _times(pick(sums))))
    lines.append(f"{'':>11} └{'─' * (width - 1)}  {seconds:.0f} s")
    return tuple(lines)


def _versions(story: Story) -> Iterable[tuple[str, Callable[[Slice], Figures]]]:
    if story.old:
        yield "old", lambda each: each.old
    yield "new", lambda each: each.new


def _line(name: str, values: Iterable[float], highest: float, words: str) -> str:
    cells = "".join(_cell(value, highest) for value in values)
    return f"{name:>11} │{cells}  {words}"


def _cell(value: float, highest: float) -> str:
    """Draw a value; one that is more than nothing is seen, however small it is."""
    if value <= 0 or highest <= 0:
        return _BARS[0]
    return _BARS[max(1, min(8, round(value / highest * 8)))]


def _shared(sums: Slice) -> str:
    had = f"{sums.new.requests} of {sums.new.requests + sums.old.requests} requests"
    return f"what it had: {had}"


def _rates(of: Figures) -> str:
    return f"{of.requests} requests, {of.rate:.1f}/s"


def _errors(of: Figures) -> str:
    return f"{of.errors} ({of.error_rate:.2%})"


def _times(of: Figures) -> str:
    if not of.requests:
        return "–"
    return f"p50 {_ms(of.p50)}, p95 {_ms(of.p95)}, p99 {_ms(of.p99)}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
