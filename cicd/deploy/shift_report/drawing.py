"""The drawings of a shift's page, as SVG that takes its colours from the page. Pure."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cicd.deploy.analysis.figures import Figures
    from cicd.deploy.shift_report.story import Slice, Story

WIDTH: Final = 1000
HEIGHT: Final = 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 10, 24
_STEPS: Final = (1, 2, 2.5, 5, 10)


def shares(story: Story, cut: Sequence[Slice]) -> str:
    """Draw the weight that was asked for, and the share that the new version had."""
    frame = _Frame(story, 100, " %")
    seen = [(_middle(each), each.share) for each in cut]
    line = frame.line(seen, "new thin")
    return frame.svg(frame.area(_stairs(story), "new") + line + frame.steps())


def rates(story: Story, cut: Sequence[Slice]) -> str:
    """Draw the requests a second of both versions."""
    frame = _Frame(story, max((max(each.old.rate, each.new.rate) for each in cut), default=0), "")
    return frame.svg(_both(frame, story, cut, lambda of: of.rate) + frame.steps())


def errors(story: Story, cut: Sequence[Slice]) -> str:
    """Draw the share of errors of both versions."""
    highest = max((max(each.old.error_rate, each.new.error_rate) for each in cut), default=0)
    frame = _Frame(story, highest * 100 or 1, " %")
    return frame.svg(
        _both(frame, story, cut, lambda of: of.error_rate * 100 if of.requests else None)
        + frame.steps()
    )


def times(story: Story, cut: Sequence[Slice]) -> str:
    """Draw the 95th percentile of both versions, in milliseconds."""
    frame = _Frame(
        story, max((max(each.old.p95, each.new.p95) for each in cut), default=0) * 1000, " ms"
    )
    return frame.svg(
        _both(frame, story, cut, lambda of: of.p95 * 1000 if of.requests else None) + frame.steps()
    )


def _both(
    frame: _Frame, story: Story, cut: Sequence[Slice], value: Callable[[Figures], float | None]
) -> str:
    drawn = ""
    if story.old:
        drawn += frame.line([(_middle(each), value(each.old)) for each in cut], "old")
    return drawn + frame.line([(_middle(each), value(each.new)) for each in cut], "new")


def _middle(each: Slice) -> float:
    return (each.at + each.span / 2).timestamp()


def _stairs(story: Story) -> list[tuple[float, float]]:
    """Give the corners of the weight's line."""
    points, weight = [(story.began.timestamp(), 0.0)], 0.0
    for step in story.steps:
        at = step.at.timestamp()
        points += [(at, weight), (at, float(step.weight))]
        weight = float(step.weight)
    return [*points, (story.ended.timestamp(), weight)]


class _Frame:
    """Axes, and where values stand between them."""

    def __init__(self, story: Story, highest: float, unit: str) -> None:
        self._story = story
        self._unit = unit
        self._tick = _round_step((highest or 1) / 4)
        self._highest = self._tick * math.ceil((highest or 1) / self._tick - 1e-9)
        self._began = story.began.timestamp()
        self._seconds = max((story.ended - story.began).total_seconds(), 1e-3)

    def area(self, points: Sequence[tuple[float, float]], kind: str) -> str:
        """Fill what is below a line, and draw it."""
        path = " ".join(f"{self._x(at):.1f},{self._y(value):.1f}" for at, value in points)
        first, last = self._x(points[0][0]), self._x(points[-1][0])
        ground = f"{last:.1f},{self._y(0):.1f} {first:.1f},{self._y(0):.1f}"
        return (
            f'<polygon class="area {kind}" points="{path} {ground}"/>'
            f'<polyline class="line {kind}" points="{path}"/>'
        )

    def line(self, points: Sequence[tuple[float, float | None]], kind: str) -> str:
        """Draw a line, with a gap where there is no value; a lonely value is a dot."""
        runs: list[list[str]] = [[]]
        for at, value in points:
            if value is None:
                runs.append([])
            else:
                runs[-1].append(f"{self._x(at):.1f},{self._y(value):.1f}")
        drawn = []
        for run in runs:
            if len(run) == 1:
                x, y = run[0].split(",")
                drawn.append(f'<circle class="spot {kind}" cx="{x}" cy="{y}" r="2"/>')
            elif run:
                drawn.append(f'<polyline class="line {kind}" points="{" ".join(run)}"/>')
        return "".join(drawn)

    def steps(self) -> str:
        """Draw a thin line where the weight was set, and a red one where something went wrong."""
        drawn = [(step.at, f"{step.weight} %", "") for step in self._story.steps]
        drawn += [(mark.at, mark.text, "bad") for mark in self._story.marks if mark.bad]
        return "".join(
            f'<line class="step {kind}" x1="{self._x(at.timestamp()):.1f}" '
            f'x2="{self._x(at.timestamp()):.1f}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}">'
            f"<title>{escape(words)}</title></line>"
            for at, words, kind in drawn
        )

    def svg(self, inner: str) -> str:
        """Put axes around a drawing."""
        drawn = []
        for number in range(round(self._highest / self._tick) + 1):
            value = number * self._tick
            y = self._y(value)
            drawn.append(
                f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" '
                f'y1="{y:.1f}" y2="{y:.1f}"/>'
                f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}{self._unit}'
                "</text>"
            )
        tick = _round_step(self._seconds / 8)
        for number in range(math.floor(self._seconds / tick) + 1):
            x = self._x(self._began + number * tick)
            drawn.append(
                f'<text x="{x:.1f}" y="{HEIGHT - 6}" text-anchor="middle">'
                f"{number * tick:g} s</text>"
            )
        return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(drawn)}{inner}</svg>'

    def _x(self, at: float) -> float:
        share = min(1.0, max(0.0, (at - self._began) / self._seconds))
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT)

    def _y(self, value: float) -> float:
        share = min(1.0, value / self._highest)
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def _round_step(least: float) -> float:
    """Give a round number from ``least`` on."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in _STEPS if step * power >= least * (1 - 1e-9))
