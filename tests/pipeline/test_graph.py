from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cicd.pipeline.compile import Start, compile_plan, execution_graph
from cicd.pipeline.drawing.critical_path import why_slow
from cicd.pipeline.drawing.dot import as_dot
from cicd.pipeline.drawing.html import Execution, as_html
from cicd.pipeline.drawing.layout import GATE, HEADER, lay_out
from cicd.pipeline.drawing.mermaid import as_mermaid
from cicd.pipeline.drawing.seen import Seen, duration
from cicd.pipeline.drawing.svg import as_svg
from cicd.pipeline.drawing.text import as_text
from cicd.pipeline.result import ActionStatus
from tests.pipeline.documents import APPROVAL, DEPLOY, SOURCE_STAGE, action, read, stage

SHOP = read(
    SOURCE_STAGE,
    stage(
        "Build",
        action("Test", takes="code", runOrder=2),
        action("Compile", takes="code", makes="binary"),
        action("Lint", takes="code"),
    ),
    stage("Ask", action("Approve", APPROVAL)),
    stage("Deploy", action("Up", DEPLOY, takes="binary")),
)

START = datetime(2026, 11, 26, 7, tzinfo=UTC)


def ran(begin, end, status=ActionStatus.SUCCEEDED):
    return Seen(
        status=status,
        started=START + timedelta(seconds=begin),
        ended=START + timedelta(seconds=end),
    )


RUN = {
    "Source/Checkout": ran(0, 1),
    "Build/Compile": ran(1, 9),
    "Build/Lint": ran(1, 4),
    "Build/Test": ran(9.5, 12, ActionStatus.FAILED),
}


def test_the_groups_that_begin_together_are_the_generations_of_the_graph():
    plan = compile_plan(SHOP, Start(), root=Path(), new_id=str)
    graph, done, generations = execution_graph(SHOP), set(), []
    while ready := graph.ready(done):
        generations.append(ready)
        done.update(ready)
    groups = [group for planned in plan.stages for group in planned.groups]
    assert generations == [tuple(action.key for action in group) for group in groups]


def test_the_text_shows_stages_groups_and_artifacts():
    assert """\
shop
  Source
    ─ Checkout (CodeCommit)  → [code]
  Build
    ┌ Compile (CodeBuild)  [code]  → [binary]
    └ Lint (CodeBuild)  [code]
    ─ Test (CodeBuild)  [code]
  Ask
    ─ Approve (Manual)
  Deploy
    ─ Up (CodeDeploy)  [binary]""" == as_text(SHOP, {})


def test_an_executions_statuses_are_marked():
    text = as_text(SHOP, RUN)
    assert "┌ ✓ Compile (CodeBuild)  [code]  → [binary]  8.0 s" in text
    assert "─ ✗ Test (CodeBuild)  [code]  2.5 s" in text


def test_mermaid_draws_barriers_thin_and_artifacts_thick():
    drawn = as_mermaid(SHOP, {"Build/Compile": RUN["Build/Compile"]})
    assert [
        "flowchart LR",
        '  subgraph s0["Source"]',
        '    a0["Checkout<br/>CodeCommit"]',
        "  end",
    ] == drawn.split("\n")[:4]
    assert {
        "  a0 ==>|code| a1",
        "  a0 ==>|code| a2",
        "  a0 ==>|code| a3",
        "  a1 --> a3",
        "  a2 --> a3",
        "  a3 --> a4",
        "  a1 ==>|binary| a5",
        "  a4 --> a5",
    } == {line for line in drawn.split("\n") if "-->" in line or "==>" in line}
    assert "  class a1 Succeeded" in drawn


def test_dot_has_a_cluster_a_stage_and_names_that_are_quoted():
    drawn = as_dot(SHOP, RUN)
    assert 4 == drawn.count("subgraph cluster_")
    assert '"Build/Compile" -> "Deploy/Up" [label="binary", penwidth=2];' in drawn
    assert '"Build/Test" -> "Ask/Approve" [color=gray70];' in drawn


def test_the_picture_is_well_formed_needs_nothing_and_has_every_action_in_it():
    root = ET.fromstring(as_svg(SHOP, RUN, ["Build/Compile"]))
    texts = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Source", "Build", "Ask", "Deploy", "Compile", "Lint", "Test", "Up"} <= set(texts)
    assert {"8.0 s", "3.0 s", "2.5 s"} <= set(texts)
    whole = as_svg(SHOP, RUN)
    assert "http" not in whole.replace("http://www.w3.org/2000/svg", "")


def test_names_cannot_break_out_of_the_page():
    nasty = read(SOURCE_STAGE, stage("Build", action("Compile", takes="code")))
    seen = {"Build/Compile": Seen(status=ActionStatus.FAILED, started=START, summary="<script>&")}
    about = Execution(id="1", status="Failed", started=START, trigger="by <b>")
    page = as_html(nasty, seen, about)
    assert "<script>" not in page
    assert "by <b>" not in page


def test_names_cannot_break_out_of_a_label():
    """A template's names may be any text: of an import that nobody gave, say."""
    bad = '"] --> b; <script> |x|\\'
    hostile = replace(SHOP, stages=(replace(SHOP.stages[0], name=bad), *SHOP.stages[1:]))
    assert (
        '  subgraph s0["#34;#93; --#62; b#59; #60;script#62; #124;x#124;#92;"]'
        == as_mermaid(hostile, {}).splitlines()[1]
    )
    assert r'    label="\"] --> b; <script> |x|\\";' in as_dot(hostile, {}).splitlines()


def test_cards_do_not_lie_on_each_other():
    layout = lay_out(SHOP)
    for one in layout.cards:
        for other in layout.cards:
            apart = (
                one.x + one.width <= other.x
                or other.x + other.width <= one.x
                or one.y + one.height <= other.y
                or other.y + other.height <= one.y
            )
            assert one is other or apart
        assert one.x + one.width < layout.width
        assert one.y + one.height < layout.height


def guarded(**more):
    build = stage("Build", action("Compile", takes="code"), **more)
    return read(
        SOURCE_STAGE, build, pipelineType="V2", variables=[{"name": "a", "defaultValue": "x"}]
    )


CHECK = {
    "name": "check",
    "ruleTypeId": {
        "category": "Rule",
        "owner": "AWS",
        "provider": "VariableCheck",
        "version": "1",
    },
    "configuration": {"Variable": "#{variables.a}", "Value": "x", "Operator": "EQ"},
}
GATES = (
    ({"beforeEntry": {"conditions": [{"result": "SKIP", "rules": [CHECK]}]}}, "before entry"),
    ({"onSuccess": {"conditions": [{"result": "FAIL", "rules": [CHECK]}]}}, "on success"),
)


@pytest.mark.parametrize(
    ("gates", "words"),
    [
        (GATES[0][0], "before entry: VariableCheck, else SKIP"),
        (GATES[1][0], "on success: VariableCheck, else FAIL"),
        ({"onFailure": {"result": "RETRY"}}, "on failure: RETRY"),
        ({"onFailure": {"result": "ROLLBACK"}}, "on failure: ROLLBACK"),
    ],
)
def test_what_a_stage_asks_at_its_gates_stands_below_its_name(gates, words):
    spec = guarded(**gates)
    assert f"  Build\n    ◇ {words}\n    ─ Compile" in as_text(spec, {})
    assert f"◇ {words}</text>" in as_svg(spec, {})


def test_gates_do_not_lie_on_cards():
    layout = lay_out(guarded(**GATES[0][0], **GATES[1][0]))
    (panel,) = (each for each in layout.panels if each.gates)
    lowest = panel.y + HEADER + GATE * (len(panel.gates) - 1) + GATE / 2
    assert 2 == len(panel.gates)
    assert all(lowest <= card.y for card in layout.cards)


def test_no_name_is_longer_than_the_card_has_room_for():
    wide = 9.3  # a bold letter of the widest font that names are usually shown in, at 13 pixels
    spec = read(SOURCE_STAGE, stage("Build", action("n" * 100, takes="code", makes="m" * 100)))
    root = ET.fromstring(as_svg(spec, {}))
    (card,) = (each for each in lay_out(spec).cards if each.key.startswith("Build/"))
    for each in root.iter("{http://www.w3.org/2000/svg}text"):
        if (each.text or "").startswith("nn"):
            assert float(each.get("x")) + wide * len(each.text) <= card.x + card.width


def test_a_page_says_in_full_why_an_action_failed():
    summary = "nothing says where the bucket is; " * 10
    seen = {"Build/Test": replace(RUN["Build/Test"], summary=summary)}
    assert f"<b>Build/Test</b> {summary}</p>" in as_html(SHOP, seen)
    assert "What failed" not in as_html(SHOP, {})


def test_who_was_waited_for_has_no_slack_and_the_rest_is_overhead():
    slow = why_slow(SHOP, RUN)
    assert ["Source/Checkout", "Build/Compile", "Build/Test"] == [
        step.key for step in slow.steps if step.critical
    ]
    assert {"Build/Lint": 5.0} == {s.key: s.slack for s in slow.steps if not s.critical}
    assert (12.0, 0.5) == (slow.total, slow.overhead)
    assert 9.0 == slow.by_artifacts  # Test needs the code only
    assert () == why_slow(SHOP, {}).steps


def test_two_that_ended_at_once_were_waited_for_side_by_side():
    slow = why_slow(SHOP, {**RUN, "Build/Lint": ran(3, 9)})
    assert {"Build/Compile", "Build/Lint"} < {step.key for step in slow.steps if step.critical}
    assert (12.0, 0.5) == (slow.total, slow.overhead)


def test_durations_are_written_as_people_do():
    assert ["0.4 s", "12 s", "1:05", "2:00:00"] == [duration(s) for s in (0.4, 12, 65, 7200)]
