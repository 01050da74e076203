"""A pipeline as one picture in SVG, which needs nothing beside it, in light and in dark."""

from __future__ import annotations

import itertools
from html import escape
from typing import TYPE_CHECKING

from cicd.pipeline.drawing.layout import (
    GATE,
    HEADER,
    LINE,
    PAD,
    fitted,
    lay_out,
    output_y,
)
from cicd.pipeline.drawing.seen import Seen, duration
from cicd.pipeline.result import ActionStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from cicd.pipeline.drawing.layout import Card, Layout, Panel
    from cicd.pipeline.spec import PipelineDeclaration

_HUES = 6  # of artifacts, as the style has them
_SMALL = 7  # the width of a letter of the font of providers

STYLE = """
.cicd{--bg:#ffffff;--panel:#f6f7f9;--edge:#e1e4ea;--card:#ffffff;--line:#d4d8e0;--ink:#1b2230;
--soft:#667085;--good:#15803d;--bad:#c81e1e;--busy:#1d5fd6;--gone:#8a93a3;--warn:#e08a1e;
--a0:#2f6fdd;--a1:#c26a09;--a2:#7c4fd8;--a3:#0c8577;--a4:#c42a72;--a5:#5b8a12;
font-family:Inter,"Segoe UI",system-ui,-apple-system,"Helvetica Neue",Arial,sans-serif}
@media (prefers-color-scheme:dark){.cicd{--bg:#0e131b;--panel:#161d28;--edge:#263142;
--card:#1d2634;--line:#33415a;--ink:#e8edf5;--soft:#93a0b5;--good:#3fca73;--bad:#ff6b6b;--busy:#6ea8ff;
--gone:#6c788c;--warn:#f2b04c;
--a0:#78a9ff;--a1:#f0a04b;--a2:#b79bff;--a3:#45c9b6;--a4:#ff86b7;--a5:#a8d05c}}
.cicd .ground{fill:var(--bg)}
.cicd .panel{fill:var(--panel);stroke:var(--edge)}
.cicd .card{fill:var(--card);stroke:var(--line)}
.cicd .card.none{stroke-dasharray:4 4}
.cicd .card.critical{stroke:var(--warn);stroke-width:2}
.cicd text{fill:var(--ink);font-size:13px;dominant-baseline:middle}
.cicd .stage{font-size:14px;font-weight:650}
.cicd .name{font-weight:600}
.cicd .soft{fill:var(--soft);font-size:11.5px}
.cicd .sign{font-size:10px;font-weight:700;fill:var(--bg);text-anchor:middle}
.cicd .flow{fill:none;stroke:var(--gone);stroke-width:1.5}
.cicd .arrow{fill:var(--gone)}
.cicd .way{fill:none;stroke-width:2;stroke-linecap:round;opacity:.85}
.cicd .Succeeded{fill:var(--good)}.cicd .Failed{fill:var(--bad)}
.cicd .InProgress{fill:var(--busy)}.cicd .Abandoned,.cicd .none{fill:var(--gone)}
.cicd .card.none{fill:var(--card)}
.cicd text.Succeeded,.cicd text.Failed,.cicd text.InProgress,.cicd text.Abandoned{font-size:11.5px}
@media (prefers-reduced-motion:no-preference){
.cicd circle.InProgress{animation:beat 1.4s infinite}}
@keyframes beat{50%{opacity:.35}}
"""

_SIGNS = {
    ActionStatus.SUCCEEDED: "✓",
    ActionStatus.FAILED: "✕",
    ActionStatus.IN_PROGRESS: "▸",
    ActionStatus.ABANDONED: "–",
}


def as_svg(
    spec: PipelineDeclaration, seen: Mapping[str, Seen], critical: Collection[str] = ()
) -> str:
    """
    Draw stages, groups of actions, the ways of artifacts, statuses and durations.

    ``critical`` are the actions that are marked as those that were waited for.
    """
    layout = lay_out(spec)
    hues = {name: number % _HUES for number, name in enumerate(dict.fromkeys(_artifacts(layout)))}
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="cicd" role="img" '
            f'viewBox="0 0 {layout.width:g} {layout.height:g}" width="{layout.width:g}" '
            f'height="{layout.height:g}">'
        ),
        f"<title>{escape(spec.name)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="ground" width="{layout.width:g}" height="{layout.height:g}"/>',
    ]
    by_stage = {
        panel.name: [card for card in layout.cards if card.key.startswith(f"{panel.name}/")]
        for panel in layout.panels
    }
    for panel in layout.panels:
        parts += _panel(panel, [seen.get(card.key) for card in by_stage[panel.name]])
    parts += _flow(layout.panels)
    for line in layout.lines:
        words = escape(f"{line.artifact}: {line.maker} → {line.taker}")
        parts.append(
            f'<path class="way" style="stroke:var(--a{hues[line.artifact]})" d="{line.path}">'
            f"<title>{words}</title></path>"
        )
    for card in layout.cards:
        parts += _card(card, seen.get(card.key), hues, critical=card.key in critical)
    parts.append("</svg>")
    return "\n".join(parts)


def _artifacts(layout: Layout) -> Iterator[str]:
    for card in layout.cards:
        for output in card.action.outputs:
            yield output.name


def _panel(panel: Panel, seen: Sequence[Seen | None]) -> Iterator[str]:
    yield (
        f'<rect class="panel" x="{panel.x:g}" y="{panel.y:g}" width="{panel.width:g}" '
        f'height="{panel.height:g}" rx="12">'
        f"<title>{escape(chr(10).join((panel.name, *panel.gates)))}</title></rect>"
    )
    middle = panel.y + HEADER / 2
    left, right = panel.x + PAD, panel.x + panel.width - PAD
    yield (
        f'<text class="stage" x="{left:g}" y="{middle:g}">'
        f"{escape(fitted(panel.name, panel.width - 2 * PAD - 56, 10))}</text>"
    )
    for number, words in enumerate(panel.gates):
        y = panel.y + HEADER + GATE * number
        yield (
            f'<text class="soft" x="{left:g}" y="{y:g}">'
            f"◇ {escape(fitted(words, right - left - 2 * _SMALL, _SMALL))}</text>"
        )
    known = [each for each in seen if each is not None]
    if known:
        status = _of_stage(seen)
        began = min(each.started for each in known)
        took = max((each.started - began).total_seconds() + each.seconds for each in known)
        yield (
            f'<text class="{status}" x="{right:g}" y="{middle:g}" text-anchor="end">'
            f"{duration(took)}</text>"
        )


def _of_stage(seen: Sequence[Seen | None]) -> str:
    statuses = [each.status if each is not None else None for each in seen]
    for status in (ActionStatus.FAILED, ActionStatus.ABANDONED, ActionStatus.IN_PROGRESS):
        if status in statuses:
            return status
    return ActionStatus.SUCCEEDED if None not in statuses else ActionStatus.IN_PROGRESS


def _flow(panels: Sequence[Panel]) -> Iterator[str]:
    """Draw the order of the stages, at the height of their heads."""
    for one, other in itertools.pairwise(panels):
        x1, x2, y = one.x + one.width + 8, other.x - 8, one.y + HEADER / 2
        yield f'<path class="flow" d="M{x1:g} {y:g} H{x2 - 6:g}"/>'
        yield f'<path class="arrow" d="M{x2:g} {y:g} l-9 -5 v10 z"/>'


def _card(
    card: Card, seen: Seen | None, hues: Mapping[str, int], *, critical: bool
) -> Iterator[str]:
    status = seen.status.value if seen is not None else "none"
    marks = f"card {status if seen is None else ''} {'critical' if critical else ''}"
    yield "<g>"
    yield f"<title>{escape(_title(card, seen))}</title>"
    yield (
        f'<rect class="{" ".join(marks.split())}" x="{card.x:g}" y="{card.y:g}" '
        f'width="{card.width:g}" height="{card.height:g}" rx="9"/>'
    )
    first = card.y + 10 + LINE / 2
    x, right = card.x + 20, card.x + card.width - 12
    yield f'<circle class="{status}" cx="{x:g}" cy="{first:g}" r="8"/>'
    if seen is not None:
        yield f'<text class="sign" x="{x:g}" y="{first + 0.5:g}">{_SIGNS[seen.status]}</text>'
    took = seen.words if seen is not None else ""
    room = card.width - 48 - 7 * len(took)
    yield (
        f'<text class="name" x="{card.x + 36:g}" y="{first:g}">'
        f"{escape(fitted(card.action.name, room))}</text>"
    )
    if took:
        yield (
            f'<text class="{status}" x="{right:g}" y="{first:g}" text-anchor="end">{took}</text>'
        )
    below = card.action.type_id.provider
    if seen is not None and seen.summary and seen.status is not ActionStatus.SUCCEEDED:
        below = f"{below}: {seen.summary.partition(chr(10))[0]}"
    yield (
        f'<text class="soft" x="{card.x + 36:g}" y="{first + LINE:g}">'
        f"{escape(fitted(below, card.width - 48, _SMALL))}</text>"
    )
    for output in card.action.outputs:
        y = output_y(card, output.name)
        hue = f"var(--a{hues[output.name]})"
        yield f'<circle cx="{card.x + card.width:g}" cy="{y:g}" r="4.5" style="fill:{hue}"/>'
        yield (
            f'<text class="soft" x="{right:g}" y="{y:g}" text-anchor="end" style="fill:{hue}">'
            f"{escape(fitted(output.name, card.width - 40, _SMALL))}</text>"
        )
    yield "</g>"


def _title(card: Card, seen: Seen | None) -> str:
    """Give all that is known of an action, for who points at it."""
    action = card.action
    type_id = action.type_id
    lines = [card.key, f"{type_id.category}/{type_id.owner}/{type_id.provider}"]
    if action.inputs:
        lines.append(f"takes {', '.join(each.name for each in action.inputs)}")
    if action.outputs:
        lines.append(f"makes {', '.join(each.name for each in action.outputs)}")
    if seen is not None:
        lines.append(f"{seen.status}, {seen.words}, since {seen.started:%Y-%m-%d %H:%M:%S} UTC")
        if seen.summary:
            lines.append(seen.summary)
    return "\n".join(lines)
