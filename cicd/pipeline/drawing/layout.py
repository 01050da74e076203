"""
Where everything stands in the picture of a pipeline. Pure; all numbers are pixels.

Stages stand from left to right; in each, its groups of actions do so, too, and actions that run
together stand below each other. An artifact that is taken in the next column goes straight there;
one that is taken further on goes below the stages, in a lane of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.pipeline.drawing.artifact_edges import handed_on
from cicd.pipeline.drawing.gate_words import gate_words
from cicd.pipeline.spec import ActionDeclaration
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.pipeline.spec import PipelineDeclaration

MARGIN, HEADER, PAD = 24, 48, 16  # of a picture; of a stage's head; inside a stage
CARD_GAP, COLUMN_GAP, STAGE_GAP = 14, 56, 64
LINE, CARD_LINES = 18, 2  # of text in a card; those that each has
LANE = 16
GATE = 16  # of a line that says what a stage asks
_LETTER = 9.4  # the width of one, on average, of the widest font that names are shown in
_NARROW, _WIDE = 168, 296


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One action."""

    key: str
    action: ActionDeclaration
    x: float
    y: float
    width: float
    height: float
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One stage."""

    name: str
    x: float
    y: float
    width: float
    height: float
    gates: tuple[str, ...] = ()  # what it asks before its entry and after its actions


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One artifact's way from who makes it to who takes it, as the ``d`` of a path."""

    artifact: str
    maker: str
    taker: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The whole picture."""

    width: float
    height: float
    panels: tuple[Panel, ...]
    cards: tuple[Card, ...]
    lines: tuple[Line, ...]


def lay_out(spec: PipelineDeclaration) -> Layout:
    """Give everything its place."""
    width = _card_width(spec)
    panels: list[Panel] = []
    cards: list[Card] = []
    gates = {stage.name: tuple(gate_words(stage)) for stage in spec.stages}
    top = float(MARGIN + HEADER + GATE * max(map(len, gates.values()), default=0))
    x, column = float(MARGIN), 0
    for stage in spec.stages:
        left = x
        x += PAD
        for order in sorted({action.run_order for action in stage.actions}):
            y = top
            for action in stage.actions:
                if action.run_order == order:
                    height = _card_height(action)
                    cards.append(
                        Card(
                            key=f"{stage.name}/{action.name}",
                            action=action,
                            x=x,
                            y=y,
                            width=width,
                            height=height,
                            column=column,
                        )
                    )
                    y += height + CARD_GAP
            x += width + COLUMN_GAP
            column += 1
        x += PAD - (COLUMN_GAP if stage.actions else 0)
        panels.append(
            Panel(
                name=stage.name,
                x=left,
                y=MARGIN,
                width=x - left,
                height=0,
                gates=gates[stage.name],
            )
        )
        x += STAGE_GAP
    bottom = max((card.y + card.height for card in cards), default=top) + PAD
    panels = [replace(each, height=bottom - MARGIN) for each in panels]
    lines, lanes = _lines(spec, {card.key: card for card in cards}, bottom)
    return Layout(
        width=x - STAGE_GAP + MARGIN,
        height=bottom + (lanes + 1) * LANE * bool(lanes) + MARGIN,
        panels=tuple(panels),
        cards=tuple(cards),
        lines=tuple(lines),
    )


def fitted(text: str, width: float, letter: float = _LETTER) -> str:
    """Cut a text so that it fits."""
    most = max(1, int(width / letter))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def output_y(card: Card, artifact: str) -> float:
    """Say at which height an artifact leaves its card: in the line that names it."""
    names = [output.name for output in card.action.outputs]
    return card.y + 16 + LINE * (CARD_LINES + names.index(artifact)) + 2


def _lines(
    spec: PipelineDeclaration, cards: Mapping[str, Card], bottom: float
) -> tuple[list[Line], int]:
    lanes: dict[str, int] = {}
    found = []
    entries: dict[str, int] = {}
    for (maker, taker), names in handed_on(spec):
        for name in names:
            one, other = cards[maker], cards[taker]
            entry = entries[taker] = entries.get(taker, 0) + 1
            x1, y1 = one.x + one.width, output_y(one, name)
            x2, y2 = other.x, other.y + min(other.height - 10, 8 + 12 * entry)
            if other.column == one.column + 1:
                bend = (x2 - x1) / 2
                path = f"M{x1:g} {y1:g} C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"
            else:
                lane = lanes.setdefault(name, len(lanes))
                path = _around(x1, y1, x2, y2, bottom + LANE * (lane + 1), lane)
            found.append(Line(artifact=name, maker=maker, taker=taker, path=path))
    return found, len(lanes)


def _around(x1: float, y1: float, x2: float, y2: float, low: float, lane: int) -> str:
    """Go down behind one card, along a lane, and up before the other, with round corners."""
    aside, r = PAD + 8 + 7 * (lane % 4), 8  # beside the stage, and not upon its edge
    out, back = x1 + aside, x2 - aside
    return (
        f"M{x1:g} {y1:g} H{out - r:g} Q{out:g} {y1:g} {out:g} {y1 + r:g} V{low - r:g} "
        f"Q{out:g} {low:g} {out + r:g} {low:g} H{back - r:g} Q{back:g} {low:g} {back:g} "
        f"{low - r:g} V{y2 + r:g} Q{back:g} {y2:g} {back + r:g} {y2:g} H{x2:g}"
    )


def _card_width(spec: PipelineDeclaration) -> float:
    names = [len(action.name) + 5 for action in spec.actions()]
    names += [len(words) - 6 for stage in spec.stages for words in gate_words(stage)]
    names += [len(output.name) + 4 for action in spec.actions() for output in action.outputs]
    return min(_WIDE, max(_NARROW, max(names, default=0) * _LETTER + 36))


def _card_height(action: ActionDeclaration) -> float:
    return 16 + LINE * (CARD_LINES + len(action.outputs)) + 4
