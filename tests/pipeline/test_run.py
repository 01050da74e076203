from dataclasses import replace
from datetime import timedelta

import pytest

from cicd.errors import UsageError
from cicd.pipeline.compile import Start
from cicd.pipeline.result import FailureType, failed
from cicd.pipeline.run import (
    execution_state,
    find_execution,
    put_approval_result,
    resume_execution,
    start_execution,
    stop_execution,
    waiting_approvals,
)
from cicd.testing.clock import START
from cicd.testing.fakes import MemorySecrets
from tests.pipeline.documents import APPROVAL, DEPLOY, SOURCE, SOURCE_STAGE, action, stage
from tests.pipeline.world import MINUTE, SUCCEEDED

BUILD_STAGE = stage("Build", action("Compile", takes="code", makes="binary"))
DEPLOY_STAGE = stage("Deploy", action("Up", DEPLOY, takes="binary"))
ASK_STAGE = stage("Ask", action("Approve", APPROVAL))
BROKEN = failed(FailureType.JOB_FAILED, "it broke", where="buildspec.yml:7:9", external_id="app:1")


def test_stages_run_in_order_and_the_execution_succeeds(world):
    result = world.run(SOURCE_STAGE, BUILD_STAGE, DEPLOY_STAGE)
    assert "Succeeded" == result.status
    assert ["Checkout", "Compile", "Up"] == world.provider.calls
    assert [
        "shop: execution 00000000-0000-4000-8000-000000000001",
        "Stage Source",
        "Source/Checkout (CodeCommit) started",
        "Source/Checkout Succeeded",
        "Stage Source Succeeded",
        "Stage Build",
        "Build/Compile (CodeBuild) started",
        "Build/Compile Succeeded",
        "Stage Build Succeeded",
        "Stage Deploy",
        "Deploy/Up (CodeDeploy) started",
        "Deploy/Up Succeeded",
        "Stage Deploy Succeeded",
        "shop: Succeeded",
    ] == world.reporter.said()


def test_a_group_starts_together_and_the_next_one_waits_for_all_of_it(world):
    build = stage(
        "Build",
        action("Third", takes="code", runOrder=20),
        action("Slow", takes="code", runOrder=10),
        action("Quick", takes="code", runOrder=10),
    )
    world.provider.takes = {"Slow": 5 * MINUTE, "Quick": MINUTE}
    result = world.run(SOURCE_STAGE, build)
    state = execution_state(result.stream, world.services)
    started = {key: (found.started_at - START) for key, found in state.actions.items()}
    assert {
        "Source/Checkout": timedelta(),
        "Build/Slow": timedelta(),
        "Build/Quick": timedelta(),
        "Build/Third": 5 * MINUTE,
    } == started


def test_an_action_without_run_order_runs_with_those_of_run_order_one(world):
    first, second = action("One", takes="code", runOrder=1), action("Two", takes="code")
    world.provider.takes = {"One": MINUTE, "Two": MINUTE}
    world.run(SOURCE_STAGE, stage("Build", first, second))
    assert START + MINUTE == world.clock.now()


def test_siblings_of_a_failed_action_run_to_their_end_and_later_groups_have_no_record(world):
    build = stage(
        "Build",
        action("Bad", takes="code"),
        action("Good", takes="code", makes="binary"),
        action("Later", takes="code", runOrder=2),
    )
    world.provider.takes = {"Good": 5 * MINUTE}
    world.provider.ends = {"Bad": BROKEN}
    result = world.run(SOURCE_STAGE, build, DEPLOY_STAGE)
    assert "Failed" == result.status
    assert {
        "Source/Checkout": "Succeeded",
        "Build/Bad": "Failed",
        "Build/Good": "Succeeded",
    } == world.statuses(result)
    assert START + 5 * MINUTE == world.clock.now()
    assert "binary" in execution_state(result.stream, world.services).artifacts


def test_the_failure_names_action_build_code_and_line(world):
    world.provider.ends = {"Compile": BROKEN}
    failure = world.run(SOURCE_STAGE, BUILD_STAGE).failure
    assert failure is not None
    assert ("Build", "Compile", "app:1", "it broke", "buildspec.yml:7:9") == (
        failure.stage,
        failure.action,
        failure.external_execution_id,
        failure.error.message,
        failure.error.where,
    )
    assert "Build/Compile Failed: it broke (buildspec.yml:7:9)" in world.reporter.said()


def test_the_same_action_name_in_two_stages_is_two_actions(world):
    result = world.run(
        SOURCE_STAGE, stage("A", action("X", takes="code")), stage("B", action("X", takes="code"))
    )
    assert {"Source/Checkout", "A/X", "B/X"} == set(world.statuses(result))


def test_an_input_that_was_declared_but_never_made_fails_its_consumer(world):
    world.provider.ends = {"Compile": replace(SUCCEEDED, outputs=())}
    made = world.provider.run

    def without_output(request, services, scope):
        result = made(request, services, scope)
        return replace(result, outputs=()) if request.action.name == "Compile" else result

    world.provider.run = without_output
    result = world.run(SOURCE_STAGE, BUILD_STAGE, DEPLOY_STAGE)
    assert {"Build/Compile": "Succeeded", "Deploy/Up": "Failed"}.items() <= (
        world.statuses(result).items()
    )
    assert "ConfigurationError" == result.failure.error.code


def test_a_provider_that_nothing_here_carries_out_fails_as_unsupported(world):
    beanstalk = action(
        "Up",
        "Deploy/AWS/ElasticBeanstalk",
        takes="code",
        configuration={"ApplicationName": "a", "EnvironmentName": "e"},
    )
    result = world.run(SOURCE_STAGE, stage("Deploy", beanstalk))
    assert ("Failed", "LocalUnsupported") == (result.status, result.failure.error.code)


# ── Variables ─────────────────────────────────────────────────────────────────────────────────


def test_variables_are_resolved_when_the_action_starts_and_both_forms_are_kept(world):
    source = stage("Source", action("Checkout", SOURCE, makes="code", namespace="Src"))
    text = "#{Src.CommitId} #{variables.stage} #{codepipeline.PipelineExecutionId}"
    build = action("Compile", takes="code", configuration={"ProjectName": text})
    world.provider.ends = {"Checkout": replace(SUCCEEDED, variables={"CommitId": "c0ffee"})}
    result = world.run(
        source,
        stage("Build", build),
        variables=[{"name": "stage", "defaultValue": "dev"}],
        pipelineType="V2",
        start=Start(variables={"stage": "live"}),
    )
    detail = result.execution["actionExecutionDetails"][0]
    assert text == detail["input"]["configuration"]["ProjectName"]
    assert (
        f"c0ffee live {result.execution_id}"
        == (detail["input"]["resolvedConfiguration"]["ProjectName"])
    )
    assert [{"name": "stage", "resolvedValue": "live"}] == (
        result.execution["pipelineExecution"]["variables"]
    )


def test_a_variable_that_its_producer_did_not_export_fails_the_action_before_it_starts(world):
    source = stage("Source", action("Checkout", SOURCE, makes="code", namespace="Src"))
    build = action("Compile", takes="code", configuration={"ProjectName": "#{Src.commitid}"})
    result = world.run(source, stage("Build", build))
    assert ["Checkout"] == world.provider.calls
    assert "Compile: the variable #{Src.commitid} has no value" == result.failure.error.message


@pytest.mark.parametrize(
    ("variables", "given", "said"),
    [
        ([{"name": "x"}], {}, "the variable 'x' of the pipeline 'shop' has no value"),
        ([{"name": "x"}], {"x": ""}, "the value of the variable 'x' has 0 characters"),
        ([], {"y": "1"}, "the pipeline 'shop' declares no variable 'y'"),
    ],
)
def test_a_start_with_wrong_variables_is_refused(world, variables, given, said):
    with pytest.raises(UsageError) as refused:
        world.run(
            SOURCE_STAGE,
            BUILD_STAGE,
            variables=variables,
            pipelineType="V2",
            start=Start(variables=given),
        )
    assert said == refused.value.message


def test_a_revision_for_an_action_that_is_no_source_is_refused(world):
    with pytest.raises(UsageError) as refused:
        world.run(SOURCE_STAGE, BUILD_STAGE, start=Start(revisions={"Compile": "HEAD"}))
    assert "its source actions: Checkout" == refused.value.hint


# ── Approvals ─────────────────────────────────────────────────────────────────────────────────


def answer(world, *, approved, summary="", after=MINUTE):
    def act():
        stream = find_execution(None, world.services).stream
        (approval,) = waiting_approvals(stream, world.services)
        put_approval_result(
            stream, world.services, approval=approval, approved=approved, summary=summary
        )

    world.clock.call_at(world.clock.now() + after, act)


def test_an_approved_action_succeeds_and_the_pipeline_goes_on(world):
    answer(world, approved=True, summary="looks good")
    result = world.run(SOURCE_STAGE, BUILD_STAGE, ASK_STAGE, DEPLOY_STAGE)
    assert "Succeeded" == result.status
    assert "Ask/Approve waits for an approval" in world.reporter.said()
    assert "Ask/Approve Succeeded: looks good" in world.reporter.said()
    assert (
        "waiting for an approval: cicd pipeline approve 00000000 Approve"
    ) in world.services.logs.texts(result.stream)


def test_a_rejected_action_fails_the_pipeline(world):
    answer(world, approved=False, summary="not on Friday")
    result = world.run(SOURCE_STAGE, BUILD_STAGE, ASK_STAGE, DEPLOY_STAGE)
    assert ("Failed", "not on Friday") == (result.status, result.failure.error.message)
    assert "Up" not in world.provider.calls


def test_an_unanswered_approval_fails_after_seven_days(world):
    result = world.run(SOURCE_STAGE, ASK_STAGE)
    assert "Failed" == result.status
    assert START + timedelta(days=7) == world.clock.now()


def test_an_approvals_own_timeout_counts(world):
    ask = stage("Ask", action("Approve", APPROVAL, timeoutInMinutes=30))
    result = world.run(SOURCE_STAGE, ask)
    assert ("Failed", START + 30 * MINUTE) == (result.status, world.clock.now())


def test_an_approval_can_be_answered_once(world):
    seen = []

    def act():
        stream = find_execution(None, world.services).stream
        (approval,) = waiting_approvals(stream, world.services)
        put_approval_result(stream, world.services, approval=approval, approved=True)
        try:
            put_approval_result(stream, world.services, approval=approval, approved=False)
        except UsageError as refused:
            seen.append(refused.hint)

    world.clock.call_at(START + MINUTE, act)
    assert "Succeeded" == world.run(SOURCE_STAGE, ASK_STAGE).status
    assert ["InvalidApprovalTokenException: it was answered, or its time is over"] == seen


def test_approve_answers_beforehand_and_says_so(world):
    result = world.run(SOURCE_STAGE, ASK_STAGE, start=Start(approve=True))
    assert "Succeeded" == result.status
    assert "Ask/Approve Succeeded: Approved beforehand, with --approve" in world.reporter.said()


# ── Stopping ──────────────────────────────────────────────────────────────────────────────────


def stop_later(world, *, abandon, after=MINUTE):
    def act():
        stream = find_execution(None, world.services).stream
        stop_execution(stream, world.services, abandon=abandon, reason="lunch")

    world.clock.call_at(world.clock.now() + after, act)


def test_stop_and_wait_lets_the_running_action_end_and_starts_nothing_more(world):
    world.provider.takes = {"Compile": 5 * MINUTE}
    stop_later(world, abandon=False)
    result = world.run(SOURCE_STAGE, BUILD_STAGE, DEPLOY_STAGE)
    assert "Stopped" == result.status
    assert {"Source/Checkout": "Succeeded", "Build/Compile": "Succeeded"} == world.statuses(result)
    assert START + 5 * MINUTE == world.clock.now()
    assert (
        "Stopping once the running actions have ended; asked again, they are ended"
        in world.reporter.said()
    )
    assert {"reason": "lunch"} == result.execution["pipelineExecution"]["stopTrigger"]


def test_stop_and_abandon_ends_the_running_action_as_abandoned(world):
    world.provider.takes = {"Compile": 5 * MINUTE}
    stop_later(world, abandon=True)
    result = world.run(SOURCE_STAGE, BUILD_STAGE, DEPLOY_STAGE)
    assert "Stopped" == result.status
    assert "Abandoned" == world.statuses(result)["Build/Compile"]
    assert START + MINUTE == world.clock.now()


def test_a_second_stop_is_refused_but_abandoning_is_allowed_then(world):
    world.provider.takes = {"Compile": 5 * MINUTE}
    seen = []

    def again():
        stream = find_execution(None, world.services).stream
        try:
            stop_execution(stream, world.services)
        except UsageError as refused:
            seen.append(refused.hint)

    stop_later(world, abandon=False)
    world.clock.call_at(START + 2 * MINUTE, again)
    stop_later(world, abandon=True, after=3 * MINUTE)
    result = world.run(SOURCE_STAGE, BUILD_STAGE, DEPLOY_STAGE)
    assert ["DuplicatedStopRequestException: --abandon does not wait for its actions"] == seen
    assert ("Stopped", START + 3 * MINUTE) == (result.status, world.clock.now())


def test_an_execution_that_is_over_cannot_be_stopped(world):
    result = world.run(SOURCE_STAGE, BUILD_STAGE)
    with pytest.raises(UsageError) as refused:
        stop_execution(result.stream, world.services)
    assert refused.value.hint.startswith("PipelineExecutionNotStoppableException")


def test_a_stop_ends_a_waiting_approval_at_once(world):
    stop_later(world, abandon=False)
    result = world.run(SOURCE_STAGE, ASK_STAGE)
    assert ("Stopped", "Abandoned") == (result.status, world.statuses(result)["Ask/Approve"])
    assert START + MINUTE == world.clock.now()


def test_the_invocations_own_stop_is_a_stop_and_wait_and_its_second_abandons(world):
    world.provider.takes = {"Compile": 5 * MINUTE}
    world.clock.call_at(START + MINUTE, lambda: world.cancel.cancel("STOPPED"))
    result = world.run(SOURCE_STAGE, BUILD_STAGE, DEPLOY_STAGE)
    assert ("Stopped", START + 5 * MINUTE) == (result.status, world.clock.now())


def test_stopping_in_the_last_stage_is_stopped_even_if_everything_succeeded(world):
    world.provider.takes = {"Compile": 5 * MINUTE}
    stop_later(world, abandon=False)
    assert "Stopped" == world.run(SOURCE_STAGE, BUILD_STAGE).status


# ── Resuming ──────────────────────────────────────────────────────────────────────────────────


class Died(BaseException):
    pass


def interrupted(world, plan, when):
    """Run until the first event that `when` wants, and die there."""

    class Deadly:
        def event(self, stream, event, said):
            if when(event):
                raise Died

        def line(self, stream, line):
            pass

        block = line

    try:
        start_execution(plan, replace(world.services, reporters=(Deadly(),)))
    except Died:
        return f"pipeline/{plan.execution_id}"
    raise AssertionError("it lived")


def test_a_resumed_execution_recovers_the_running_action_and_repeats_no_other(world):
    plan = world.plan(SOURCE_STAGE, BUILD_STAGE, DEPLOY_STAGE)
    stream = interrupted(
        world, plan, lambda event: event.kind == "STARTED" and event.key == "Build/Compile"
    )
    world.provider.calls.clear()
    result = resume_execution(stream, world.services)
    assert "Succeeded" == result.status
    assert ["recover Compile", "Compile", "Up"] == world.provider.calls
    assert "Source/Checkout Succeeded" not in world.reporter.said()


def test_resuming_what_is_over_gives_its_result(world):
    result = world.run(SOURCE_STAGE, BUILD_STAGE)
    assert result == resume_execution(result.stream, world.services)


def test_a_run_is_refused_while_a_dead_runs_execution_holds_a_stage(world):
    plan = world.plan(SOURCE_STAGE, BUILD_STAGE)
    interrupted(world, plan, lambda event: event.key == "Build/Compile")
    with pytest.raises(UsageError) as refused:
        world.run(SOURCE_STAGE, BUILD_STAGE)
    assert "cicd pipeline resume 00000000 goes on with it" in refused.value.hint


def test_stopping_a_dead_runs_execution_ends_it_here_and_frees_its_stage(world):
    world.provider.takes = {"Compile": MINUTE}
    plan = world.plan(SOURCE_STAGE, BUILD_STAGE)
    stream = interrupted(world, plan, lambda event: event.key == "Build/Compile")
    assert "Stopped" == stop_execution(stream, world.services, abandon=True).status
    assert "Succeeded" == world.run(SOURCE_STAGE, BUILD_STAGE).status


# ── Shapes ────────────────────────────────────────────────────────────────────────────────────


def test_the_result_has_awss_shape(world):
    result = world.run(SOURCE_STAGE, BUILD_STAGE, start=Start(triggered_by="ada"))
    assert {
        "pipelineName": "shop",
        "pipelineVersion": 1,
        "pipelineExecutionId": result.execution_id,
        "status": "Succeeded",
        "artifactRevisions": [
            {"name": "code", "revisionId": "c0ffee", "revisionSummary": "", "revisionUrl": ""}
        ],
        "variables": [],
        "trigger": {"triggerType": "StartPipelineExecution", "triggerDetail": "ada"},
        "executionMode": "SUPERSEDED",
        "executionType": "STANDARD",
    } == result.execution["pipelineExecution"]
    newest = result.execution["actionExecutionDetails"][0]
    assert ("Build", "Compile", "Succeeded") == (
        newest["stageName"],
        newest["actionName"],
        newest["status"],
    )
    assert [
        {"name": "code", "s3location": {"bucket": "artifacts", "key": "shop/code/0000000"}}
    ] == (newest["input"]["inputArtifacts"])


def test_an_oauth_token_is_never_kept(world):
    github = action(
        "Checkout",
        "Source/ThirdParty/GitHub",
        makes="code",
        configuration={"Owner": "o", "Repo": "r", "Branch": "main", "OAuthToken": "hush-hush"},
    )
    result = world.run(stage("Source", github), BUILD_STAGE)
    written = repr(world.services.log.read(result.stream))
    assert ("hush-hush" in written, "****" in written) == (False, True)


def test_what_a_reference_leads_to_stands_in_nothing_that_is_kept_or_told(world):
    word = "hush-hush"
    world.services = replace(world.services, secrets=MemorySecrets(parameters={"/word": word}))
    world.provider.ends = {"Compile": failed(FailureType.JOB_FAILED, f"no {word}", hint=word)}
    built = action("Compile", takes="code", configuration={"ProjectName": "{{resolve:ssm:/word}}"})
    result = world.run(SOURCE_STAGE, stage("Build", built))
    assert ("Failed", "no ***") == (result.status, result.failure.error.message)
    told = [said.text for _, _, said in world.reporter.events]
    assert word not in repr((result, world.services.log.read(result.stream), told))


def test_events_have_eventbridges_detail(world):
    world.provider.ends = {"Compile": BROKEN}
    world.run(SOURCE_STAGE, BUILD_STAGE)
    details = [said.detail for _, _, said in world.reporter.events if said.detail]
    assert [
        ("Pipeline", "STARTED"),
        ("Stage", "STARTED"),
        ("Action", "STARTED"),
        ("Action", "SUCCEEDED"),
        ("Stage", "SUCCEEDED"),
        ("Stage", "STARTED"),
        ("Action", "STARTED"),
        ("Action", "FAILED"),
        ("Stage", "FAILED"),
        ("Pipeline", "FAILED"),
    ] == [(d["detail-type"].split()[1], d["detail"]["state"]) for d in details]
    assert "JobFailed" == details[7]["detail"]["execution-result"]["error-code"]
