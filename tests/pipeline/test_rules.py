import pytest

from tests.pipeline.documents import (
    APPROVAL,
    DEPLOY,
    SOURCE,
    SOURCE_STAGE,
    action,
    checked,
    notes,
    pipeline,
    rules,
    stage,
)

BUILD_STAGE = stage("Build", action("Compile", takes="code", makes="binary"))
LAST_STAGE = stage("Build", action("Compile", takes="code"))  # whose artifact nobody misses


def note(*stages, **more):
    found = notes(*stages, **more)
    assert 1 == len(found), found
    return found[0]


def test_the_smallest_pipeline_is_a_source_and_an_approval():
    assert [] == rules(SOURCE_STAGE, stage("Ask", action("Approve", APPROVAL)))


def test_one_stage_is_too_few():
    assert (
        "InvalidStructureException: Pipeline has only 1 stage(s). There should be a minimum of "
        "2 stages in a pipeline"
    ) in notes(SOURCE_STAGE)


def test_fifty_one_stages_are_too_many():
    asks = [stage(f"Ask{n}", action("Approve", APPROVAL)) for n in range(50)]
    assert note(SOURCE_STAGE, *asks) == (
        "InvalidStructureException: Pipeline has too many stages. There can only be up to 50 "
        "stages in a pipeline"
    )


def test_the_first_stage_holds_sources_only():
    first = stage("Source", action("Checkout", SOURCE, makes="code"), action("A", APPROVAL))
    assert note(first, BUILD_STAGE) == (
        "InvalidStructureException: Pipeline should start with a stage that only contains source "
        "actions"
    )


def test_a_source_belongs_into_the_first_stage():
    second = stage("More", action("Other", SOURCE, makes="more"), action("A", APPROVAL))
    assert note(SOURCE_STAGE, second) == (
        "InvalidStructureException: Source actions can only be included in the first stage of "
        "the pipeline"
    )


def test_sources_alone_are_refused():
    second = stage("More", action("Other", SOURCE, makes="more"))
    assert "pipeline/only-sources" in rules(SOURCE_STAGE, second)


def test_stage_names_are_unique():
    again = stage("Build", action("Approve", APPROVAL))
    assert note(SOURCE_STAGE, BUILD_STAGE, again) == (
        "InvalidStageDeclarationException: Stage name 'Build' is used more than once"
    )


def test_the_same_action_name_in_two_stages_is_legal_and_in_one_is_not():
    assert [] == rules(
        SOURCE_STAGE, stage("A", action("X", APPROVAL)), stage("B", action("X", APPROVAL))
    )
    twice = stage("A", action("X", APPROVAL), action("X", APPROVAL))
    assert ["pipeline/action-name-twice"] == rules(SOURCE_STAGE, twice)


def test_a_stage_has_an_action():
    assert "pipeline/action-count" in rules(SOURCE_STAGE, BUILD_STAGE, stage("Empty"))


def test_both_artifact_stores_or_none_are_refused():
    both = {"artifactStores": {"us-east-1": {"type": "S3", "location": "artifacts"}}}
    assert ["pipeline/artifact-store"] == rules(SOURCE_STAGE, LAST_STAGE, **both)
    document = pipeline(SOURCE_STAGE, LAST_STAGE)
    del document["artifactStore"]
    assert ["pipeline/artifact-store"] == [p.rule for p in checked(document)[1]]


def test_an_absent_type_is_v1_and_v2_features_are_refused():
    variables = [{"name": "x", "defaultValue": "1"}]
    assert note(SOURCE_STAGE, BUILD_STAGE, variables=variables) == (
        "InvalidStructureException: Pipeline variable can only be used with V2 pipelines"
    )
    assert note(SOURCE_STAGE, BUILD_STAGE, executionMode="QUEUED") == (
        "InvalidStructureException: QUEUED or PARALLEL mode can only be used with V2 pipelines"
    )
    gate = {"onFailure": {"result": "ROLLBACK"}}
    guarded = stage("Build", action("Compile", takes="code"), **gate)
    assert (
        "InvalidStageDeclarationException: Stage level conditions can only be used with V2 "
        "pipelines."
    ) in notes(SOURCE_STAGE, guarded)


def test_variable_names_are_unique():
    variables = [{"name": "x", "defaultValue": "1"}, {"name": "x", "defaultValue": "2"}]
    found = note(SOURCE_STAGE, BUILD_STAGE, variables=variables, pipelineType="V2")
    assert found == (
        "InvalidStructureException: Variable names must be unique. The following variable name "
        "is already in use: x"
    )


def test_a_misspelt_provider_is_refused_with_the_one_that_was_meant():
    first = stage("Source", action("Checkout", "Source/AWS/CodeComit", makes="code"))
    problem = checked(pipeline(first, BUILD_STAGE))[1][0]
    assert "pipeline/unknown-action-type" == problem.rule
    assert "did you mean 'Source/AWS/CodeCommit'?" == problem.hint
    assert problem.note == (
        "InvalidActionDeclarationException: ActionType (Category: 'Source', Provider: "
        "'CodeComit', Owner: 'AWS', Version: '1') in action 'Checkout' is not available in region "
        "'US_EAST_1'"
    )


def test_a_provider_under_a_wrong_category_is_refused():
    odd = stage("Build", action("Up", "Build/AWS/S3", takes="code"))
    assert ["pipeline/unknown-action-type"] == rules(SOURCE_STAGE, odd)


def test_required_configuration_is_asked_for():
    bare = stage("Build", action("Compile", takes="code", configuration={}))
    assert note(SOURCE_STAGE, bare) == (
        "InvalidActionDeclarationException: Action configuration for action 'Compile' is missing "
        "required configuration 'ProjectName'"
    )


def test_an_unknown_configuration_key_is_refused():
    configuration = {"ProjectName": "app", "Primarysource": "code"}
    odd = stage("Build", action("Compile", takes="code", configuration=configuration))
    problem = checked(pipeline(SOURCE_STAGE, odd))[1][0]
    assert "did you mean 'PrimarySource'?" == problem.hint
    assert problem.note == (
        "InvalidActionDeclarationException: Action configuration for action 'Compile' contains "
        "unknown configuration 'Primarysource'"
    )


def test_a_build_needs_an_input():
    assert note(SOURCE_STAGE, stage("Build", action("Compile"))) == (
        "InvalidActionDeclarationException: Action Compile declares 0 input artifacts which is "
        "less than the minimum count (1)"
    )


def test_a_deployment_makes_nothing():
    out = stage("Deploy", action("Up", DEPLOY, takes="code", makes="x"))
    assert ["pipeline/artifact-count"] == rules(SOURCE_STAGE, out)


def test_files_of_an_output_are_for_compute_actions():
    output = {"outputArtifacts": [{"name": "binary", "files": ["**/*"]}]}
    odd = stage("Build", action("Compile", takes="code", **output))
    assert note(SOURCE_STAGE, odd) == (
        "InvalidActionDeclarationException: The following action cannot contain a commands "
        "field: Compile. To use the commands field, use a compute action."
    )


def test_a_timeout_is_for_approvals():
    timed = {"timeoutInMinutes": 60}
    assert ["pipeline/approval-timeout"] == rules(
        SOURCE_STAGE, stage("Build", action("Compile", takes="code", **timed))
    )
    assert [] == rules(SOURCE_STAGE, stage("Ask", action("Approve", APPROVAL, **timed)))


def test_the_position_in_the_list_means_nothing_to_inputs():
    late = action("Late", takes="binary", runOrder=2)
    early = action("Early", takes="code", makes="binary", runOrder=1)
    assert [] == rules(SOURCE_STAGE, stage("Build", late, early))


def test_an_input_of_the_same_group_is_refused():
    one = action("One", takes="code", makes="binary")
    two = action("Two", takes="binary")
    assert note(SOURCE_STAGE, stage("Build", one, two)) == (
        "InvalidActionDeclarationException: Input Artifact Bundle binary in action Two is not "
        "declared as Output Artifact Bundle in any of the preceding actions"
    )


def test_an_input_that_nobody_makes_is_refused_and_an_unused_output_is_fine():
    problem = checked(pipeline(SOURCE_STAGE, stage("Build", action("C", takes="cod"))))[1][0]
    assert ("pipeline/input-order", "did you mean 'code'?") == (problem.rule, problem.hint)


def test_artifact_names_are_case_sensitive():
    assert ["pipeline/input-order"] == rules(
        SOURCE_STAGE, stage("Build", action("C", takes="Code"))
    )


def test_an_output_name_used_again_in_a_later_stage_is_refused():
    again = stage("Again", action("Compile", takes="code", makes="binary"))
    assert note(SOURCE_STAGE, BUILD_STAGE, again) == (
        "InvalidActionDeclarationException: UniqueConstraint: Output Artifact Bundle name must "
        "be unique within the pipeline. binary has been used more than once."
    )


@pytest.mark.parametrize("name", ["codepipeline", "variables", "code"])
def test_a_namespace_is_not_reserved_and_not_an_artifacts_name(name):
    assert ["pipeline/namespace"] == rules(
        SOURCE_STAGE, stage("Build", action("C", takes="code", namespace=name))
    )


def referring(text, *, kind=APPROVAL, **more):
    return action("Ask", kind, configuration={"CustomData": text}, **more)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#{Src.CommitId} and #{codepipeline.PipelineExecutionId}", []),
        ("#{src.CommitId}", ["pipeline/variable-reference"]),
        ("#{Checkout.CommitId}", ["pipeline/variable-reference"]),
        ("#{Src}", ["pipeline/variable-reference"]),
        ("#{a.b.c}", ["pipeline/variable-reference"]),
        ("#{codepipeline.Other}", ["pipeline/variable-reference"]),
        ("#{variables.nothing}", ["pipeline/variable-reference"]),
        ("no reference: {Src.CommitId}", []),
    ],
)
def test_a_reference_names_an_earlier_namespace(text, expected):
    source = stage("Source", action("Checkout", SOURCE, makes="code", namespace="Src"))
    assert expected == rules(source, stage("Ask", referring(text)))


def test_siblings_of_one_group_cannot_read_each_other_but_a_higher_run_order_can():
    one = action("One", takes="code", namespace="Bld")
    assert ["pipeline/variable-reference"] == rules(
        SOURCE_STAGE, stage("Build", one, referring("#{Bld.TAG}"))
    )
    assert [] == rules(SOURCE_STAGE, stage("Build", one, referring("#{Bld.TAG}", runOrder=2)))


def test_a_source_cannot_use_pipeline_variables():
    configuration = {"RepositoryName": "shop", "BranchName": "#{variables.branch}"}
    source = stage("Source", action("C", SOURCE, makes="code", configuration=configuration))
    variables = [{"name": "branch", "defaultValue": "main"}]
    assert ["pipeline/variable-reference"] == rules(
        source, LAST_STAGE, variables=variables, pipelineType="V2"
    )


def test_a_gap_in_run_orders_is_fine_and_zero_is_not():
    assert [] == rules(SOURCE_STAGE, stage("Build", action("C", takes="code", runOrder=20)))
    found = checked(pipeline(SOURCE_STAGE, stage("Build", action("C", takes="code", runOrder=0))))[
        1
    ]
    assert ["pipeline/out-of-range"] == [problem.rule for problem in found]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("name", "with space", "pipeline/wrong-form"),
        ("name", "x" * 101, "pipeline/out-of-range"),
        ("namespace", "with.dot", "pipeline/wrong-form"),
        ("outputArtifacts", [{"name": "with.dot"}], "pipeline/wrong-form"),
        ("configuration", {"ProjectName": "x" * 1001}, "pipeline/out-of-range"),
    ],
)
def test_names_and_lengths_have_limits(key, value, expected):
    odd = stage("Build", {**action("C", takes="code"), key: value})
    assert expected in rules(SOURCE_STAGE, odd)


def test_a_broken_limit_carries_the_services_own_words():
    odd = stage("Build", action("C", takes="code", runOrder=1000))
    assert note(SOURCE_STAGE, odd) == (
        "ValidationException: 1 validation error detected: Value '1000' at "
        "'pipeline.stages.2.member.actions.1.member.runOrder' failed to satisfy constraint: "
        "Member must have value less than or equal to 999"
    )
    odd = stage("Build", {**action("C", takes="code"), "name": "a b"})
    assert note(SOURCE_STAGE, odd).endswith(
        "Member must satisfy regular expression pattern: [A-Za-z0-9.@\\-_]+"
    )


def test_a_text_run_order_and_a_number_version_are_accepted_with_a_warning():
    odd = action("C", takes="code", runOrder="2")
    odd["actionTypeId"] = {**odd["actionTypeId"], "version": 1}
    spec, problems = checked(pipeline(SOURCE_STAGE, stage("Build", odd)))
    assert [("pipeline/not-text", "warning")] * 2 == [(p.rule, p.severity) for p in problems]
    assert (2, "1") == (
        spec.stages[1].actions[0].run_order,
        spec.stages[1].actions[0].type_id.version,
    )


def test_a_boolean_in_a_configuration_becomes_text_with_a_warning():
    configuration = {"RepositoryName": "r", "BranchName": "b", "PollForSourceChanges": False}
    source = stage("Source", action("C", SOURCE, makes="code", configuration=configuration))
    spec, problems = checked(pipeline(source, LAST_STAGE))
    assert ["pipeline/not-text"] == [problem.rule for problem in problems]
    assert "false" == spec.stages[0].actions[0].configuration["PollForSourceChanges"]


def test_a_trigger_names_a_connection_source():
    trigger = {
        "providerType": "CodeStarSourceConnection",
        "gitConfiguration": {"sourceActionName": "Checkout", "push": [{"tags": {}}]},
    }
    assert (
        "InvalidStructureException: Triggers for connections must reference a "
        "CodeStarSourceConnection action."
    ) in notes(SOURCE_STAGE, BUILD_STAGE, triggers=[trigger], pipelineType="V2")


def test_a_failure_gate_has_a_result_or_conditions():
    gate = {"onFailure": {"result": "ROLLBACK", "conditions": [{"result": "ROLLBACK"}]}}
    guarded = stage("Build", action("C", takes="code"), **gate)
    assert (
        "InvalidStageDeclarationException: The following stage cannot have a failure exit gate "
        "configured with both top level result and conditions: 'Build"
    ) in notes(SOURCE_STAGE, guarded, pipelineType="V2")


def test_retry_without_a_retry_configuration_is_accepted_by_the_rules():
    gate = {"onFailure": {"result": "RETRY"}}
    guarded = stage("Build", action("C", takes="code"), **gate)
    assert [] == rules(SOURCE_STAGE, guarded, pipelineType="V2")


def test_a_provider_that_nothing_here_carries_out_is_warned_of():
    out = stage(
        "Deploy",
        action(
            "Up",
            "Deploy/AWS/ElasticBeanstalk",
            takes="code",
            configuration={"ApplicationName": "a", "EnvironmentName": "e"},
        ),
    )
    assert ["pipeline/provider-not-here"] == rules(SOURCE_STAGE, out)


def test_blockers_are_accepted_and_do_nothing():
    blocked = stage(
        "Build", action("C", takes="code"), blockers=[{"name": "b", "type": "Schedule"}]
    )
    assert ["pipeline/blocker"] == rules(SOURCE_STAGE, blocked)


def test_all_problems_are_found_at_once_with_their_lines():
    bad = stage("Build", action("C"), action("C", takes="nothing"))
    found = checked(pipeline(SOURCE_STAGE, bad))[1]
    assert {"pipeline/action-name-twice", "pipeline/artifact-count", "pipeline/input-order"} == {
        problem.rule for problem in found
    }
    assert all(problem.span.line > 1 for problem in found)


def test_a_pipeline_has_a_thousand_actions_at_most():
    full = [
        stage(f"Ask{n}", *(action(f"Approve{m}", APPROVAL) for m in range(50))) for n in range(20)
    ]
    assert "pipeline/action-count" not in rules(SOURCE_STAGE, *full[:19])
    assert ["pipeline/action-count"] == rules(SOURCE_STAGE, *full)


def test_an_action_takes_an_artifact_once():
    twice = stage("Build", action("Compile", takes="code code"))
    problems = checked(pipeline(SOURCE_STAGE, twice))[1]
    assert ("pipeline/input-twice", "'Compile' takes the artifact 'code' twice") in [
        (problem.rule, problem.message) for problem in problems
    ]


def test_each_of_several_stores_has_a_buckets_name():
    document = pipeline(SOURCE_STAGE, LAST_STAGE)
    del document["artifactStore"]
    document["artifactStores"] = {"us-east-1": {"type": "S3", "location": "s3://store/x"}}
    (problem,) = checked(document)[1]
    assert ("pipeline/bucket-name", '"s3://store/x"') == (problem.rule, problem.span.text)


@pytest.mark.parametrize(("part", "length"), [("key", 129), ("value", 257)])
def test_the_parts_of_a_tag_are_not_longer_than_the_service_takes_them(part, length):
    tag = {"key": "team", "value": "shop", part: "x" * length}
    document = {"pipeline": pipeline(SOURCE_STAGE, LAST_STAGE), "tags": [tag]}
    (problem,) = checked(document)[1]
    assert ("pipeline/tag", f'"{"x" * length}"') == (problem.rule, problem.span.text)


def test_a_pipeline_without_a_role_is_none_that_the_service_makes():
    document = pipeline(SOURCE_STAGE, LAST_STAGE)
    del document["roleArn"]
    assert [("pipeline/role-arn", "the pipeline has no 'roleArn'")] == [
        (problem.rule, problem.message) for problem in checked(document)[1]
    ]


def test_variables_without_names_are_told_as_such_and_break_nothing():
    document = pipeline(SOURCE_STAGE, LAST_STAGE, pipelineType="V2", variables=[{}, {}])
    assert ["pipeline/missing-key"] * 2 == [
        problem.rule for problem in checked(document)[1] if problem.severity == "error"
    ]
