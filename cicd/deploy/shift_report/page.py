"""A shift as one page of HTML that needs nothing else: no server, no network, no other file."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.deploy.shift_report import drawing
from cicd.deploy.shift_report.story import slices, stages, whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.deploy.analysis.figures import Figures
    from cicd.deploy.shift_report.story import Slice, Story

_TEMPLATE = Path(__file__).with_name("page.html")
_PART: Final = re.compile(r"%([A-Z]+)%")
_MOST: Final = 120  # points of a line
_LEAST: Final = 30
_EACH: Final = 20  # requests for a point, so that one of them does not make a peak
_HEADS: Final = (
    *("Weight", "From", "For", "Version", "Requests", "Share", "req/s", "Errors"),
    *("p50", "p95", "p99"),
)


def page(story: Story) -> str:
    """Give the page; whatever stands in a story is text on it, never markup."""
    cut = slices(story, min(_MOST, max(_LEAST, len(story.answered) // _EACH)))
    parts = {
        "TITLE": escape(story.title),
        "SUBTITLE": escape(
            f"{story.deployment_id} · {story.config} · {story.began:%Y-%m-%d %H:%M:%S} UTC"
        ),
        "STATUS": escape(story.status),
        "TILES": _tiles(story),
        "SHARE": drawing.shares(story, cut),
        "RATES": drawing.rates(story, cut),
        "ERRORS": drawing.errors(story, cut),
        "TIMES": drawing.times(story, cut),
        "STAGES": _stages(story),
        "MARKS": _marks(story),
    }
    pieces = _PART.split(_TEMPLATE.read_text(encoding="utf-8"))
    # Every second piece is a mark's name; what is put in is not looked at again.
    pieces[1::2] = [parts[name] for name in pieces[1::2]]
    return "".join(pieces)


def _tiles(story: Story) -> str:
    sums = whole(story)
    tiles = [
        (f"{sums.new.requests + sums.old.requests:,}", "requests", ""),
        (f"{(story.ended - story.began).total_seconds():.0f} s", "from first to last", ""),
    ]
    for name, each in (("old", sums.old), ("new", sums.new)):
        if name == "old" and not story.old:
            continue
        bad = "bad" if each.errors else ""
        tiles.append((f"{each.error_rate:.2%}", f"{name}: {each.errors:,} errors", bad))
        tiles.append((_ms(each.p95, each), f"{name}: p95", ""))
    return "".join(
        f'<div class="tile"><b class="{kind}">{escape(value)}</b><span>{escape(word)}</span></div>'
        for value, word, kind in tiles
    )


def _stages(story: Story) -> str:
    head = "".join(f"<th>{name}</th>" for name in _HEADS)
    body = "\n".join(row for each in stages(story) for row in _rows(story, each))
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"


def _rows(story: Story, stage: Slice) -> Iterable[str]:
    after = (stage.at - story.began).total_seconds()
    share = stage.share
    versions = [("new", stage.new, share)]
    if story.old:
        versions.insert(0, ("old", stage.old, None if share is None else 100 - share))
    for number, (name, of, had) in enumerate(versions):
        cells = ["", "", ""]
        if number == 0:
            cells = [
                f"<b>{stage.weight} %</b>",
                f"+{after:.1f} s",
                f"{stage.span.total_seconds():.1f} s",
            ]
        cells += [
            f'<i class="dot {name}"></i>{name}',
            f"{of.requests:,}",
            "–" if had is None else f"{had:.1f} %",
            f"{of.rate:.1f}",
            f'<span class="bad">{of.errors:,}</span>' if of.errors else "0",
            *(_ms(value, of) for value in (of.p50, of.p95, of.p99)),
        ]
        first = ' class="first"' if number == 0 else ""
        yield f"<tr{first}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _marks(story: Story) -> str:
    return "\n".join(
        f'<li class="{"bad" if mark.bad else ""}"><time>'
        f"{(mark.at - story.began).total_seconds():+.1f} s</time>"
        f"<span>{escape(mark.text)}</span></li>"
        for mark in story.marks
    )


def _ms(seconds: float, of: Figures) -> str:
    return f"{seconds * 1000:.1f} ms" if of.requests else "–"
