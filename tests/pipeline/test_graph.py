from cicd.pipeline.graph import as_mermaid, as_text
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
    text = as_text(SHOP, {"Build/Compile": ActionStatus.SUCCEEDED, "Build/Lint": "Failed"})
    assert "┌ ✓ Compile" in text
    assert "└ ✗ Lint" in text


def test_mermaid_draws_barriers_thin_and_artifacts_thick():
    drawn = as_mermaid(SHOP, {"Build/Compile": ActionStatus.SUCCEEDED})
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
