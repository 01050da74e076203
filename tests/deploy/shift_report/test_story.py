"""A shift cut into stretches, its chart and its page."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from cicd.deploy.shift_report.chart import chart
from cicd.deploy.shift_report.page import page
from cicd.deploy.shift_report.story import Mark, Story, WeightSet, slices, stages, weight_at, whole
from cicd.ports import Answered

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def answers():
    """Ten a second for 60 seconds: a tenth to the new version from 10 s on, all from 40 s on."""
    for number in range(600):
        second = number / 10
        new = second >= 40 or (second >= 10 and number % 10 == 0)
        yield Answered(
            at=at(second),
            group="g2" if new else "g1",
            status=500 if new and number % 50 == 0 else 200,
            seconds=0.03 if new else 0.02,
        )


STORY = Story(
    deployment_id="d-1",
    title="shop/web",
    config="CodeDeployDefault.ECSCanary10Percent5Minutes",
    status="Succeeded",
    old="g1",
    new="g2",
    began=NOON,
    ended=at(60),
    steps=(WeightSet(at=at(10), weight=10), WeightSet(at=at(40), weight=100)),
    marks=(Mark(at=at(0), text="Install <b>Succeeded</b>"), Mark(at=at(50), text="oh", bad=True)),
    answered=tuple(answers()),
)


def test_a_weight_holds_until_the_next_one_is_set():
    assert [0, 10, 10, 100] == [weight_at(STORY, at(each)) for each in (9.9, 10, 39.9, 40)]


def test_slices_hold_every_request_once():
    cut = slices(STORY, 6)
    assert [100, 90, 90, 90, 0, 0] == [each.old.requests for each in cut]
    assert [0, 10, 10, 10, 100, 100] == [each.new.requests for each in cut]
    assert [0, 10, 10, 10, 100, 100] == [each.share for each in cut]
    assert 10.0 == cut[4].new.rate
    assert 600 == whole(STORY).old.requests + whole(STORY).new.requests


def test_stages_go_from_weight_to_weight():
    first, second = stages(STORY)
    assert (10, 10.0, 30.0) == (first.weight, first.share, first.span.total_seconds())
    assert (100, 100.0, 20.0) == (second.weight, second.share, second.span.total_seconds())


def test_a_stretch_without_requests_has_no_share():
    assert slices(replace(STORY, answered=()), 1)[0].share is None


def test_the_chart_is_of_one_width_and_shows_the_steps_and_the_figures():
    lines = chart(STORY, width=60)
    assert {60} == {len(line[13:73]) for line in lines}
    assert "     weight │         ▁▁" in lines[0]
    assert "██████████  new" in lines[0]
    assert any("old req/s" in line and "370 requests" in line for line in lines)
    assert any("new errors" in line and "10 (4.35%)" in line for line in lines)
    assert any("new p95" in line and "p95 30.0 ms" in line for line in lines)


def test_a_chart_of_nothing_is_drawn_too():
    empty = replace(STORY, answered=(), steps=(), ended=NOON, old="")
    assert not any("old" in line for line in chart(empty))
    assert "–" in chart(empty)[4]


class Reader(HTMLParser):
    """What a page fetches, and its tags that are open."""

    def __init__(self):
        super().__init__()
        self.fetched, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.fetched += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "line", "polyline", "polygon", "circle"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("line", "polyline", "polygon", "circle"):
            assert self.open.pop() == tag
        elif self.open and self.open[-1] == tag:
            self.open.pop()


def test_the_page_needs_nothing_else_and_takes_no_markup_from_a_story():
    text = page(STORY)
    reader = Reader()
    reader.feed(text)
    assert [] == reader.fetched
    assert [] == reader.open
    assert "url(" not in text
    assert "%SHARE%" not in text
    assert "Install &lt;b&gt;Succeeded&lt;/b&gt;" in text
    assert "prefers-color-scheme: dark" in text


def test_the_drawings_stay_inside_their_frames():
    drawings = re.findall(r"<svg.*?</svg>", page(STORY), re.DOTALL)
    assert 4 == len(drawings)
    for drawing in drawings:
        tree = ET.fromstring(drawing)
        for line in tree.iter("polyline"):
            for point in line.get("points").split():
                x, y = map(float, point.split(","))
                assert 0 <= x <= 1000
                assert 0 <= y <= 190


def test_a_page_of_a_shift_that_nobody_used_is_made_too():
    text = page(replace(STORY, answered=(), old=""))
    assert "old: p95" not in text
