"""
The validation table (V1 to V42) and the traps (1 to 51) of CodePipeline, one after the other.

What another test holds in more depth is named here by its file, so that nothing is missing:
the last test counts.
"""

import ast
from pathlib import Path

import pytest

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
from tests.pipeline.gates import HOLDS, gate

V2 = {"pipelineType": "V2"}
BUILD_STAGE = stage("Build", action("Compile", takes="code", makes="site"))
S3 = {"type": "S3", "location": "artifacts"}
CONNECTION = action(
    "Checkout",
    "Source/AWS/CodeStarSourceConnection",
    makes="code",
    configuration={
        "ConnectionArn": "arn:aws:codeconnections:us-east-1:123456789012:connection/a-b",
        "FullRepositoryId": "own/shop",
        "BranchName": "main",
    },
)


def trigger(source="Checkout", **git):
    return {
        "providerType": "CodeStarSourceConnection",
        "gitConfiguration": {"sourceActionName": source, **(git or {"push": [PUSH]})},
    }


PUSH = {"branches": {"includes": ["main"]}}


def refused(*stages, without=(), **more):
    document = {k: v for k, v in pipeline(*stages, **more).items() if k not in without}
    errors = [found for found in checked(document)[1] if found.severity == "error"]
    return " | ".join(f"{found.rule}: {found.message} {found.note or ''}" for found in errors)


def built(**more):
    return stage("Build", action("Compile", takes="code", **more))


def big(count):
    return [stage(f"S{number}", action("A", takes="code")) for number in range(count)]


def variables(*names):
    return {"variables": [{"name": name, "defaultValue": "x"} for name in names]}


REFUSED = {
    1: ([SOURCE_STAGE], {}, "Pipeline has only 1 stage(s)"),
    2: ([SOURCE_STAGE, *big(50)], {}, "Pipeline has too many stages"),
    3: ([built(), SOURCE_STAGE], {}, "should start with a stage that only contains source"),
    4: (
        [SOURCE_STAGE, stage("Build", action("More", SOURCE, makes="more"))],
        {},
        "Source actions can only be included in the first stage",
    ),
    5: (
        [SOURCE_STAGE, stage("Other", action("More", SOURCE, makes="more"))],
        {},
        "at least 1 action whose category is not Source",
    ),
    6: ([SOURCE_STAGE, built(), built()], {}, "Stage name 'Build' is used more than once"),
    7: (
        [SOURCE_STAGE, stage("Build", *[action("A", takes="code")] * 2)],
        {},
        "pipeline/action-name-twice",
    ),
    8: ([SOURCE_STAGE, stage("Build")], {}, "pipeline/"),
    9: (
        [SOURCE_STAGE, BUILD_STAGE, stage("C", action("D", takes="code", makes="site"))],
        {},
        "UniqueConstraint: Output Artifact Bundle name must be unique",
    ),
    10: (
        [SOURCE_STAGE, stage("Build", action("Compile", takes="nothing"))],
        {},
        "is not declared as Output Artifact Bundle in any of the preceding actions",
    ),
    11: ([SOURCE_STAGE, stage("Build", action("Compile"))], {}, "less than the minimum count (1)"),
    12: (
        [SOURCE_STAGE, stage("D", action("Up", DEPLOY, takes="code", makes="more"))],
        {},
        "maximum count (0)",
    ),
    13: (
        [SOURCE_STAGE, stage("D", action("X", "Build/AWS/S3", takes="code"))],
        {},
        "is not available in region",
    ),
    14: (
        [SOURCE_STAGE, built(configuration={})],
        {},
        "is missing required configuration 'ProjectName'",
    ),
    15: (
        [SOURCE_STAGE, built(configuration={"ProjectName": "a", "Projct": "b"})],
        {},
        "contains unknown configuration 'Projct'",
    ),
    16: ([SOURCE_STAGE, built()], {"artifactStores": {"us-east-1": S3}}, "artifactStore"),
    17: (
        [
            SOURCE_STAGE,
            stage("B", *(action(r, takes="code", region=r) for r in ("eu-west-1", "us-east-1"))),
        ],
        {},
        "Your pipeline contains actions in more than one region",
    ),
    18: (
        [SOURCE_STAGE, built(region="eu-west-1")],
        {"artifactStores": {"us-east-1": S3}, "without": ("artifactStore",)},
        "The following region is missing in 'pipeline.artifactStores': eu-west-1",
    ),
    19: (
        [SOURCE_STAGE, built()],
        {"artifactStore": {**S3, "encryptionKey": {"id": "k", "type": "kms"}}},
        "Member must satisfy enum value set: [KMS]",
    ),
    20: ([SOURCE_STAGE, built()], {"name": "a b"}, "Member must satisfy regular expression"),
    21: ([SOURCE_STAGE, built(runOrder=1000)], {}, "Member must have value less than or equal"),
    24: (
        [SOURCE_STAGE, built()],
        {**V2, "triggers": [trigger()]},
        "Triggers for connections must reference a CodeStarSourceConnection action.",
    ),
    25: (
        [stage("Source", CONNECTION), built()],
        {**V2, "triggers": [trigger(), trigger()]},
        "pipeline/",
    ),
    26: (
        [stage("Source", CONNECTION), built()],
        {
            **V2,
            "triggers": [trigger(push=[{"branches": {"includes": [f"b{n}"]}} for n in range(4)])],
        },
        "Member must have length less than or equal to 3",
    ),
    27: (
        [SOURCE_STAGE, built()],
        {**V2, **variables("a", "a")},
        "The following variable name is already in use: a",
    ),
    28: ([SOURCE_STAGE, built(namespace="code")], {}, "namespace"),
    29: (
        [SOURCE_STAGE, built(configuration={"ProjectName": "#{No.x}"})],
        {},
        "referencing a namespace that does not exist",
    ),
    30: (
        [
            SOURCE_STAGE,
            stage(
                "Build",
                action("One", takes="code", namespace="one"),
                action("Two", takes="code", configuration={"ProjectName": "#{one.x}"}),
            ),
        ],
        {},
        "pipeline/",
    ),
    31: (
        [SOURCE_STAGE, built(commands=["true"])],
        {},
        "The following action cannot contain a commands field: Compile.",
    ),
    32: (
        [SOURCE_STAGE, {**built(), "onFailure": {"result": "ROLLBACK", **gate("FAIL", HOLDS)}}],
        V2,
        "cannot have a failure exit gate configured with both top level result and conditions",
    ),
    33: (
        [SOURCE_STAGE, {**built(), "onFailure": {"result": "ROLLBACK"}}],
        {**V2, "executionMode": "PARALLEL"},
        "Failure conditions with rollback result type cannot be added to a PARALLEL pipeline.",
    ),
    34: (
        [SOURCE_STAGE, {**built(), "onFailure": gate("RETRY", HOLDS)}],
        V2,
        "pipeline/",
    ),
    35: (
        [SOURCE_STAGE, {**built(), "onSuccess": gate("SKIP", HOLDS)}],
        V2,
        "'onSuccess' of 'Build' cannot have the result 'SKIP'",
    ),
    36: (
        [SOURCE_STAGE, {**built(), "beforeEntry": gate("FAIL", HOLDS)}],
        {},
        "Stage level conditions can only be used with V2 pipelines.",
    ),
    37: (
        [SOURCE_STAGE, built(configuration={"ProjectName": "p" * 1001})],
        {},
        "Member must have length less than or equal to 1000",
    ),
    42: (
        [stage("Source", action("Ask", APPROVAL), *SOURCE_STAGE["actions"]), built()],
        {},
        "should start with a stage that only contains source actions",
    ),
}


@pytest.mark.parametrize("number", REFUSED)
def test_v_what_aws_refuses_is_refused_in_its_words(number):
    stages, more, words = REFUSED[number]
    assert words in refused(*stages, **more)


def test_v22_a_name_is_that_of_one_pipeline(tmp_path):
    from cicd.document.resources import Resources
    from cicd.errors import DocumentError

    twice = "pipelines:\n- {name: shop, stages: []}\n- {name: shop, stages: []}\n"
    (tmp_path / "cicd.yml").write_text(twice)
    with pytest.raises(DocumentError, match="shop"):
        Resources.load(tmp_path).section("pipelines")


def test_v23_no_role_is_assumed_here():
    assert "" == refused(SOURCE_STAGE, built(), roleArn="arn:aws:iam::999999999999:role/nobody")


def test_v38_a_build_of_several_inputs_says_which_is_the_primary():
    two = stage("Last", action("Test", takes="code site"))
    spec, problems = checked(pipeline(SOURCE_STAGE, BUILD_STAGE, two))
    assert spec is not None
    assert "pipeline/primary-source" in [found.rule for found in problems]


def test_v39_system_tags_cannot_be_given():
    document = {
        "pipeline": pipeline(SOURCE_STAGE, built()),
        "tags": [{"key": "aws:x", "value": "y"}],
    }
    said = " ".join(f"{found.message} {found.note}" for found in checked(document)[1])
    assert "Not allowed to modify system tags. System tags start with 'aws:'" in said


def test_v40_a_templates_artifact_is_one_of_the_actions_inputs():
    up = action(
        "Up",
        "Deploy/AWS/CloudFormation",
        takes="code",
        configuration={
            "ActionMode": "CREATE_UPDATE",
            "StackName": "s",
            "RoleArn": "arn:aws:iam::123456789012:role/r",
            "TemplatePath": "other::template.yml",
        },
    )
    problems = checked(pipeline(SOURCE_STAGE, stage("D", up)))[1]
    assert any("other" in found.message for found in problems)


def test_v41_an_action_type_of_ones_own_is_accepted_and_not_carried_out(world):
    part = action("A", "Build/Custom/Mine", makes="a")
    assert "" == refused(SOURCE_STAGE, stage("B", part))
    result = world.run(SOURCE_STAGE, stage("B", part))
    assert ("Failed", "LocalUnsupported") == (result.status, result.failure.error.code)


def test_every_row_of_the_table_has_a_test():
    named = {22, 23, 38, 39, 40, 41}
    assert set(range(1, 43)) == named | set(REFUSED)
    here = Path(__file__).read_text(encoding="utf-8")
    names = {
        found.name for found in ast.walk(ast.parse(here)) if isinstance(found, ast.FunctionDef)
    }
    for number in named:
        assert any(name.startswith(f"test_v{number}_") for name in names), number
