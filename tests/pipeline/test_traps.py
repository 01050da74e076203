"""
The traps of CodePipeline, 1 to 51, by their number; many are held in depth by the tests beside,
and so are those from 52 on.

The last test counts them: none is missing.
"""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from cicd.document.cloudformation.parameters import Given
from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.document.resources import Resources
from cicd.errors import UsageError
from cicd.pipeline.commands import RetryMode
from cicd.pipeline.definition import find_definition
from cicd.pipeline.result import ActionStatus, PipelineStatus, StageStatus
from cicd.pipeline.run import (
    ExecutionRequest,
    execution_result,
    execution_state,
    find_execution,
    plan_execution,
    put_approval_result,
    resume_execution,
    stop_execution,
    waiting_approvals,
)
from cicd.pipeline.stages import retry_stage
from cicd.pipeline.template import check_template
from cicd.testing.clock import START
from tests.pipeline.documents import (
    APPROVAL,
    DEPLOY,
    SOURCE,
    SOURCE_STAGE,
    action,
    checked,
    pipeline,
    stage,
)
from tests.pipeline.gates import FAILS, gate
from tests.pipeline.test_admission import three_runs
from tests.pipeline.test_gates import BROKEN
from tests.pipeline.test_reference import refused
from tests.pipeline.test_run import answer, stop_later
from tests.pipeline.world import MINUTE

V2 = {"pipelineType": "V2"}
BUILD_STAGE = stage("Build", action("Compile", takes="code", makes="site"))
ASK_STAGE = stage("Ask", action("Approve", APPROVAL))


def groups(world, *actions):
    plan = world.plan(SOURCE_STAGE, stage("Build", *actions))
    return [[found.name for found in group] for group in plan.stages[1].groups]


# ── Structure ─────────────────────────────────────────────────────────────────────────────────


def test_trap_1_run_orders_have_gaps_and_need_no_one(world):
    late, early = (action(f"R{n}", takes="code", runOrder=n) for n in (20, 10))
    assert [["R10"], ["R20"]] == groups(world, late, early)


def test_trap_2_no_run_order_is_one(world):
    none, one = action("None", takes="code"), action("One", takes="code", runOrder=1)
    two = action("Two", takes="code", runOrder=2)
    assert [["None", "One"], ["Two"]] == groups(world, two, none, one)


def test_trap_3_a_text_and_a_number_are_taken_with_a_word():
    part = action("Compile", takes="code", runOrder="1")
    part["actionTypeId"] = {**part["actionTypeId"], "version": 1}
    found = checked(pipeline(SOURCE_STAGE, stage("Build", part)))[1]
    assert ["pipeline/not-text"] * 2 == [problem.rule for problem in found]


def test_trap_4_the_place_in_the_list_means_nothing(world):
    taker = action("Test", takes="site", runOrder=2)
    maker = action("Compile", takes="code", makes="site", runOrder=1)
    assert [["Compile"], ["Test"]] == groups(world, taker, maker)


def test_trap_5_an_action_is_known_by_its_stage_and_its_name(world):
    result = world.run(SOURCE_STAGE, *(stage(s, action("X", takes="code")) for s in "AB"))
    assert {"Source/Checkout", "A/X", "B/X"} == set(world.statuses(result))


def test_trap_6_only_a_namespace_must_not_be_an_artifacts_name():
    same = stage("code", action("code", takes="code"))
    assert "" == refused(SOURCE_STAGE, same)
    assert "namespace" in refused(
        SOURCE_STAGE, stage("B", action("A", takes="code", namespace="code"))
    )


@pytest.mark.parametrize(
    ("part", "good"),
    [
        (action("a.b@c", takes="code"), True),
        (action("A", takes="code", makes="a.b"), False),
        (action("A", takes="code", makes="a@b"), False),
        (action("A", takes="code", namespace="a@b"), True),
        (action("A", takes="code", namespace="a.b"), False),
    ],
)
def test_trap_7_names_of_actions_artifacts_and_namespaces_have_letters_of_their_own(part, good):
    assert good == ("" == refused(SOURCE_STAGE, stage("B", part)))


def test_trap_8_the_case_of_an_artifact_counts():
    two = stage(
        "B", action("A", takes="code", makes="Code"), action("C", takes="code", makes="cODE")
    )
    assert "" == refused(SOURCE_STAGE, two)
    assert "is not declared" in refused(SOURCE_STAGE, stage("B", action("A", takes="Code")))


def test_trap_9_an_output_is_made_once_in_the_whole_pipeline():
    again = stage("Last", action("Pack", takes="code", makes="site"))
    assert "must be unique within the pipeline" in refused(SOURCE_STAGE, BUILD_STAGE, again)


def test_trap_10_an_output_that_nobody_takes_is_fine_and_an_input_that_nobody_makes_is_not():
    assert "" == refused(SOURCE_STAGE, BUILD_STAGE)
    assert "is not declared" in refused(SOURCE_STAGE, stage("B", action("A", takes="never")))


def test_trap_11_the_smallest_pipeline_is_a_source_and_an_approval():
    assert "" == refused(SOURCE_STAGE, ASK_STAGE)
    sources = stage("More", action("Other", SOURCE, makes="other"))
    assert "category is not Source" in refused(SOURCE_STAGE, sources)
    everything = stage("All", *SOURCE_STAGE["actions"], action("A", takes="code"))
    assert "only 1 stage" in refused(everything)


def test_trap_12_sources_are_in_the_first_stage_and_nothing_else_is():
    first = stage("Source", *SOURCE_STAGE["actions"], action("Ask", APPROVAL))
    assert "only contains source actions" in refused(first, BUILD_STAGE)
    second = stage("B", action("A", takes="code"), action("More", SOURCE, makes="more"))
    assert "only be included in the first stage" in refused(SOURCE_STAGE, second)


def test_trap_13_there_is_one_kind_of_artifact_store():
    both = {"artifactStores": {"us-east-1": {"type": "S3", "location": "artifacts"}}}
    assert "artifact-store" in refused(SOURCE_STAGE, BUILD_STAGE, **both)
    assert "artifact-store" in refused(SOURCE_STAGE, BUILD_STAGE, without=("artifactStore",))


STACK = """
Resources:
  Delivery:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      Name: shop
      RoleArn: arn:aws:iam::123456789012:role/pipeline
      ArtifactStores: [{Region: us-east-1, ArtifactStore: {Type: S3, Location: artifacts}}]
      Stages:
        - Name: Source
          Actions:
            - Name: Code
              ActionTypeId: {Category: Source, Owner: AWS, Provider: CodeCommit, Version: 1}
              Configuration: {RepositoryName: shop, BranchName: main}
              OutputArtifacts: [{Name: code}]
        - Name: Ask
          Actions:
            - Name: Human
              ActionTypeId: {Category: Approval, Owner: AWS, Provider: Manual, Version: 1}
"""


def test_trap_14_artifact_stores_are_a_map_in_the_api_and_a_list_in_a_template():
    one = {"us-east-1": {"type": "S3", "location": "artifacts"}}
    assert "" == refused(SOURCE_STAGE, ASK_STAGE, artifactStores=one, without=("artifactStore",))
    problems = Problems()
    (spec,) = check_template(load_text(STACK, "template.yml"), Given(), problems)
    assert () == problems.errors
    assert "shop" == spec.name


def test_trap_15_an_absent_type_is_v1_and_nothing_lifts_it():
    assert "can only be used with V2" in refused(SOURCE_STAGE, ASK_STAGE, executionMode="QUEUED")
    assert "" == refused(SOURCE_STAGE, ASK_STAGE, executionMode="QUEUED", **V2)


def test_trap_16_what_get_pipeline_prints_is_taken_again():
    hub = action(
        "Checkout",
        "Source/ThirdParty/GitHub",
        makes="code",
        configuration={"Owner": "o", "Repo": "r", "Branch": "main", "OAuthToken": "****"},
    )
    printed = {
        "pipeline": pipeline(stage("Source", hub), BUILD_STAGE, version=7),
        "metadata": {"pipelineArn": "arn:aws:codepipeline:us-east-1:123456789012:shop"},
    }
    spec, problems = checked(printed)
    assert spec is not None
    assert [] == [found.message for found in problems if found.severity == "error"]


def test_trap_17_the_region_is_written_as_the_service_writes_it():
    wrong = stage("B", action("A", "Build/AWS/S3", takes="code"))
    assert "is not available in region 'US_EAST_1'" in refused(SOURCE_STAGE, wrong)


def test_trap_18_a_misspelt_provider_is_refused():
    wrong = stage("Source", action("Checkout", "Source/AWS/CodeComit", makes="code"))
    assert "Provider: 'CodeComit'" in refused(wrong, ASK_STAGE)


def test_trap_19_a_timeout_is_for_approvals():
    slow = stage("B", action("A", takes="code", timeoutInMinutes=60))
    assert "timeout" in refused(SOURCE_STAGE, slow).lower()


def test_trap_20_files_of_an_output_are_for_compute_actions():
    part = {**action("A", takes="code"), "outputArtifacts": [{"name": "x", "files": ["*"]}]}
    assert "cannot contain a commands field" in refused(SOURCE_STAGE, stage("B", part))


def test_trap_21_retry_needs_no_configuration(world):
    world.provider.ends = {"Compile": BROKEN}
    world.run(SOURCE_STAGE, {**BUILD_STAGE, "onFailure": {"result": "RETRY"}}, **V2)
    assert 2 == world.provider.calls.count("Compile")


def test_trap_23_blockers_do_nothing(world):
    blocked = {**BUILD_STAGE, "blockers": [{"name": "B", "type": "Schedule"}]}
    assert "Succeeded" == world.run(SOURCE_STAGE, blocked).status


def test_trap_24_wrong_samples_do_not_make_the_rules():
    assert "Provider: 'AWS CodeBuild'" in refused(
        SOURCE_STAGE, stage("B", action("A", "Build/AWS/AWS CodeBuild", takes="code"))
    ) or "pattern" in refused(
        SOURCE_STAGE, stage("B", action("A", "Build/AWS/AWS CodeBuild", takes="code"))
    )
    wrong = {"provider": "Connection", "gitConfiguration": {"sourceActionName": "Checkout"}}
    assert "" != refused(SOURCE_STAGE, BUILD_STAGE, triggers=[wrong], **V2)


# ── Execution ─────────────────────────────────────────────────────────────────────────────────


def three_at_once(world):
    world.provider.ends = {"Bad": BROKEN}
    world.provider.takes = {"One": 3 * MINUTE, "Two": 5 * MINUTE}
    build = stage(
        "Build",
        action("Bad", takes="code"),
        action("One", takes="code", makes="one"),
        action("Two", takes="code", makes="two"),
        action("Later", takes="code", runOrder=2),
    )
    return world.run(SOURCE_STAGE, build, ASK_STAGE)


def test_trap_25_siblings_of_a_failed_action_run_to_their_end_and_keep_their_outputs(world):
    result = three_at_once(world)
    assert ("Failed", START + 5 * MINUTE) == (result.status, world.clock.now())
    assert {"code", "one", "two"} == set(execution_state(result.stream, world.services).artifacts)


def test_trap_26_later_groups_have_no_record(world):
    result = three_at_once(world)
    assert "Build/Later" not in world.statuses(result)


def test_trap_27_all_sources_run_in_every_execution(world):
    sources = stage("Source", *(action(n, SOURCE, makes=n.lower()) for n in ("One", "Two")))
    for _ in range(2):
        world.run(sources, stage("Build", action("Compile", takes="one")))
    assert ["One", "Two"] * 2 == [name for name in world.provider.calls if name != "Compile"]


def test_trap_28_of_three_fast_executions_the_middle_one_is_superseded(world):
    assert ["Succeeded", "Superseded", "Succeeded"] == [
        execution_result(stream, world.services).status for stream in three_runs(world)
    ]


def test_trap_29_who_is_inside_a_stage_is_not_superseded_there(world):
    first = three_runs(world)[0]
    assert "Succeeded" == execution_result(first, world.services).status


def test_trap_38_who_abandons_is_told_that_the_work_was_ended_here(world):
    world.provider.takes = {"Compile": timedelta(hours=1)}
    stop_later(world, abandon=True)
    result = world.run(SOURCE_STAGE, BUILD_STAGE)
    action_ = execution_state(result.stream, world.services).actions["Build/Compile"]
    assert "abandoned, and ended here: nothing of it goes on" == action_.result.summary


def test_trap_39_a_second_stop_is_refused_and_abandoning_is_not(world):
    world.provider.takes = {"Compile": timedelta(hours=1)}
    hints = []

    def stop_twice():
        stream = find_execution(None, world.services).stream
        stop_execution(stream, world.services)
        try:
            stop_execution(stream, world.services)
        except UsageError as refusal:
            hints.append(refusal.hint)
        stop_execution(stream, world.services, abandon=True)

    world.clock.call_at(START + MINUTE, stop_twice)
    assert "Stopped" == world.run(SOURCE_STAGE, BUILD_STAGE).status
    assert hints[0].startswith("DuplicatedStopRequestException")


def test_trap_40_what_is_over_cannot_be_stopped(world):
    result = world.run(SOURCE_STAGE, BUILD_STAGE)
    with pytest.raises(UsageError) as refusal:
        stop_execution(result.stream, world.services)
    assert refusal.value.hint.startswith("PipelineExecutionNotStoppableException")


def test_trap_41_reading_a_changed_definition_starts_nothing(world):
    (world.home / "pipeline.json").write_text(
        __import__("json").dumps(pipeline(SOURCE_STAGE, ASK_STAGE))
    )
    request = ExecutionRequest(directory=world.home)
    plan_execution(request, world.services, Resources.load(world.home))
    assert [] == world.services.executions.list(kind="pipeline")


def test_trap_44_an_answer_may_have_no_summary(world):
    answer(world, approved=True, summary="")
    assert "Succeeded" == world.run(SOURCE_STAGE, ASK_STAGE).status


def test_trap_45_a_token_is_for_one_answer_of_one_attempt(world):
    seen = []

    def reject():
        stream = find_execution(None, world.services).stream
        seen.extend(waiting_approvals(stream, world.services))
        put_approval_result(stream, world.services, approval=seen[0], approved=False)

    world.clock.call_at(START + MINUTE, reject)
    result = world.run(SOURCE_STAGE, ASK_STAGE)
    assert "Failed" == result.status
    retry_stage(
        result.stream, world.services, stage="Ask", mode=RetryMode.FAILED_ACTIONS, now_is=None
    )

    def again():
        with pytest.raises(UsageError, match="is not waiting any more"):
            put_approval_result(result.stream, world.services, approval=seen[0], approved=True)
        (fresh,) = waiting_approvals(result.stream, world.services)
        assert fresh.token != seen[0].token
        put_approval_result(result.stream, world.services, approval=fresh, approved=True)

    world.clock.call_at(world.clock.now() + MINUTE, again)
    assert "Succeeded" == resume_execution(result.stream, world.services).status


def test_trap_46_an_unanswered_approval_is_failed_not_stopped(world):
    result = world.run(SOURCE_STAGE, ASK_STAGE)
    assert ("Failed", START + timedelta(days=7)) == (result.status, world.clock.now())


def test_trap_49_who_takes_an_artifact_of_a_skipped_stage_fails_at_its_start(world):
    skipped = {**BUILD_STAGE, "beforeEntry": gate("SKIP", FAILS)}
    result = world.run(
        SOURCE_STAGE, skipped, stage("Last", action("Up", DEPLOY, takes="site")), **V2
    )
    assert ("Failed", "Up") == (result.status, result.failure.action)
    assert "Up" not in world.provider.calls


def test_trap_50_statuses_are_spelled_as_the_api_spells_them():
    assert {"InProgress", "Succeeded", "Failed", "Abandoned"} == set(ActionStatus)
    words = [
        "InProgress",
        "Succeeded",
        "Failed",
        "Stopping",
        "Stopped",
        "Superseded",
        "Cancelled",
        "Skipped",
    ]
    assert set(PipelineStatus) | set(StageStatus) <= set(words)


def test_trap_51_an_unknown_pipeline_is_not_made_by_asking_for_it(world):
    with pytest.raises(UsageError, match="there is no pipeline and no file 'nope'"):
        find_definition("nope", Resources.load(world.home), world.home)


def test_every_trap_has_a_test():
    found = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        for name in re.findall(r"^def test_(?:trap_)?(\d\w*)\(", path.read_text(), re.MULTILINE):
            found |= {int(word) for word in name.split("_") if word.isdecimal()}
    assert set() == set(range(1, 95)) - found
