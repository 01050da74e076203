from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.engine.codec import decode, encode
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.pipeline.commands import (
    CheckCondition,
    EnterStage,
    Resolved,
    RetryMode,
    RunAction,
    unnumbered,
)
from cicd.pipeline.compile import Start, compile_plan
from cicd.pipeline.condition import ConditionPlan, ConditionResult, RulePlan, evaluate
from cicd.pipeline.local_builds import LocalBuilds
from cicd.pipeline.plan import PipelinePlan, read_plan
from cicd.pipeline.process import PipelineProcess
from cicd.pipeline.result import ActionResult, ActionStatus, FailureType, StoredArtifact, failed
from cicd.testing.fakes import counting_ids
from cicd.testing.simulate import simulate
from tests.pipeline.documents import APPROVAL, DEPLOY, SOURCE_STAGE, action, read, stage


def plan_of(*stages, root, **more):
    return compile_plan(read(*stages, **more), Start(), root=root, new_id=counting_ids())


def shop(root):
    return plan_of(
        SOURCE_STAGE,
        stage(
            "Build",
            action("Compile", takes="code", makes="binary"),
            action("Lint", takes="code"),
            action("Test", takes="binary", runOrder=2),
        ),
        stage("Ask", action("Approve", APPROVAL, timeoutInMinutes=60)),
        stage("Deploy", action("Up", DEPLOY, takes="binary")),
        root=root,
    )


def life(plan, seed, **chances):
    actions = {found.key: found for found in plan.actions()}

    def outcome(command, random):
        if isinstance(command, EnterStage):
            superseded = random.random() < 0.05
            return Outcome(
                status=OutcomeStatus.DONE, detail={"superseded": True} if superseded else {}
            )
        if isinstance(command, CheckCondition):
            rules = command.condition.rules
            said = tuple(evaluate(rules[place], {}) for place in command.places())
            return Outcome(
                status=OutcomeStatus.DONE,
                detail={"condition": encode(ConditionResult(rules=said))},
            )
        if not isinstance(command, RunAction):
            return Outcome(status=OutcomeStatus.DONE)
        asked = actions[unnumbered(command.key)]
        result = ActionResult(
            status=ActionStatus.SUCCEEDED,
            outputs=tuple(
                StoredArtifact(name=name, digest="0", key="k") for name in asked.outputs
            ),
        )
        if asked.type_id.category == "Approval":
            result = ActionResult(status=ActionStatus.IN_PROGRESS, token="t")
        elif random.random() < 0.1:
            result = failed(FailureType.JOB_FAILED, "no")
        return Outcome(
            status=OutcomeStatus.DONE,
            detail={
                "result": encode(result),
                "resolved": encode(Resolved(configuration={})),
            },
        )

    answer = {"signal": "approval", "stage": "Ask", "action": "Approve", "token": "t"}
    return simulate(
        PipelineProcess(),
        encode(plan),
        seed=seed,
        outcome=outcome,
        signals=[(timedelta(minutes=50), {**answer, "status": "Approved", "summary": ""})],
        **chances,
    )


@settings(max_examples=100, deadline=None)
@given(st.integers(min_value=0, max_value=10**9))
def test_every_life_concludes_with_a_status_and_keeps_the_order(seed):
    from pathlib import Path

    plan = shop(Path("/"))
    trace = life(plan, seed, stop=0.02, crash=0.02)
    assert trace.status in {"Succeeded", "Failed", "Stopped", "Superseded"}
    started = list(trace.started)
    if "Build/Test" in started:
        assert started.index("Build/Test") > started.index("Build/Compile")
    for name in ("Build", "Ask", "Deploy"):
        inside = [key for key in started if key.startswith(f"{name}/")]
        if inside:
            assert started.index(f"enter:{name}") < started.index(inside[0])
    entered = {key.removeprefix("enter:") for key in started if key.startswith("enter:")}
    left = {key.removeprefix("leave:") for key in started if key.startswith("leave:")}
    assert left <= entered
    assert len(entered - left) <= 1


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0, max_value=10**9))
def test_nothing_but_leaving_starts_after_a_stop(seed):
    from pathlib import Path

    trace = life(shop(Path("/")), seed, stop=0.2)
    assert [] == [
        key for key in trace.started_after_stop if not key.startswith(("leave:", "expire:"))
    ]


@settings(max_examples=80, deadline=None)
@given(st.integers(min_value=0, max_value=10**9))
def test_a_life_with_retries_and_conditions_concludes_and_begins_no_attempt_twice(seed):
    from pathlib import Path

    rule = RulePlan(
        name="r",
        provider="VariableCheck",
        configuration={"Variable": "a", "Operator": "EQ", "Value": "a" if seed % 3 else "b"},
    )
    gate = ConditionPlan(gate="beforeEntry", result="SKIP" if seed % 2 else "FAIL", rules=(rule,))
    plan = shop(Path("/"))
    plan = replace(
        plan,
        stages=tuple(
            replace(found, retry=RetryMode.ALL_ACTIONS, conditions=(gate,))
            if found.name == "Build"
            else found
            for found in plan.stages
        ),
    )
    trace = life(plan, seed, stop=0.02, crash=0.02)
    assert trace.status in {"Succeeded", "Failed", "Stopped", "Superseded"}
    tries = [key for key in trace.started if key.startswith("Build/Compile")]
    assert tries in ([], ["Build/Compile"], ["Build/Compile", "Build/Compile#2"])
    if seed % 3 == 0:
        assert [] == tries


def test_a_plan_survives_its_way_through_json(tmp_path):
    plan = shop(tmp_path)
    assert plan == decode(PipelinePlan, encode(plan))


def test_groups_come_from_run_orders_whatever_the_list(tmp_path):
    plan = plan_of(
        SOURCE_STAGE,
        stage(
            "Build",
            action("Third", takes="b", runOrder=30),
            action("First", takes="code", makes="a", runOrder=10),
            action("Second", takes="a", makes="b", runOrder=20),
            action("Also", takes="code", runOrder=10),
        ),
        root=tmp_path,
    )
    assert [["First", "Also"], ["Second"], ["Third"]] == [
        [found.name for found in group] for group in plan.stages[1].groups
    ]


def test_a_plan_of_an_earlier_version_says_how_its_builds_are_run(tmp_path):
    plan = replace(shop(tmp_path), builds=LocalBuilds(runner="host", images={"a": "b"}))
    written = encode(plan)
    earlier = {key: value for key, value in written.items() if key != "builds"} | {
        key: value for key, value in written["builds"].items() if key != "type"
    }
    assert plan == read_plan(written) == read_plan(earlier)
