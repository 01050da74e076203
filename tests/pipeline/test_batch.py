"""A CodeBuild action with BatchEnabled, in a real pipeline over a real repository."""

import json

import pytest

from tests.git_command import git
from tests.pipeline.documents import SOURCE, action, pipeline, stage
from tests.pipeline.test_whole import run

BUILDSPEC = """version: 0.2
phases:
  build:
    commands:
      - test "$CODEBUILD_INITIATOR" = codepipeline/shop
      - echo "$CODEBUILD_BATCH_BUILD_IDENTIFIER" > "$CODEBUILD_BATCH_BUILD_IDENTIFIER"
      - echo log > log
      - test "$CODEBUILD_BATCH_BUILD_IDENTIFIER" != "$BAD"
artifacts:
  files: [left, right]
  secondary-artifacts: {log: {files: [log]}}
batch: {build-list: [{identifier: left}, {identifier: right}]}
"""
CHECK = """version: 0.2
phases: {build: {commands: ['cat $CODEBUILD_SRC_DIR/left $CODEBUILD_SRC_DIR_right/right',
  'cat $CODEBUILD_SRC_DIR_right_log/log']}}
"""


@pytest.fixture
def shop(tmp_path):
    """Give a function that commits the pipeline with a batch, its outputs, and its consumer's."""
    root = tmp_path / "shop"
    root.mkdir()
    (root / "cicd.yml").write_text(
        "projects:\n  - name: app\n  - {name: check, source: {type: CODEPIPELINE, "
        "buildspec: check.yml}}\nlocal: {runner: host}\n"
    )
    (root / ".gitignore").write_text(".cicd\n")

    def write(makes, check, primary, takes, **configuration):
        first = {"ProjectName": "app", "BatchEnabled": "true", **configuration}
        document = pipeline(
            stage("Source", action("Checkout", SOURCE, makes="code")),
            stage("Build", action("Many", takes="code", makes=makes, configuration=first)),
            stage(
                "Test",
                action(
                    "Check",
                    "Test/AWS/CodeBuild",
                    takes=takes,
                    configuration={
                        "ProjectName": "check",
                        "PrimarySource": primary,
                        "BuildspecOverride": check,
                    },
                ),
            ),
        )
        (root / "pipeline.json").write_text(json.dumps({"pipeline": document}))
        (root / "buildspec.yml").write_text(BUILDSPEC)
        git(root, "init", "-q", "-b", "main", ".")
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", "First")
        return root

    return write


def test_outputs_are_called_after_the_builds_and_their_artifacts(shop):
    root = shop("left right right_log", CHECK, "left", "left right right_log")
    result, state, reporter = run(root)
    assert ("Succeeded", None) == (result.status, result.failure)
    assert {"code", "left", "right", "right_log"} == set(state.artifacts)
    assert ["left", "right", "log"] == [line.text for _, line in reporter.lines][-3:]


def test_combined_artifacts_are_one_output(shop):
    check = "version: 0.2\nphases: {build: {commands: [cat left right]}}\n"
    root = shop("all", check, "all", "all", CombineArtifacts="true")
    result, state, reporter = run(root)
    assert ("Succeeded", {"code", "all"}) == (result.status, set(state.artifacts))
    assert ["left", "right"] == [line.text for _, line in reporter.lines][-2:]


def test_a_build_that_fails_fails_the_action_and_is_named(shop):
    variables = '[{"name": "BAD", "value": "right"}]'
    root = shop("left", CHECK, "left", "left", EnvironmentVariables=variables)
    result, state, _ = run(root)
    failure = result.failure
    assert ("Failed", "Many") == (result.status, failure.action)
    assert "Build terminated with state: FAILED. right: " in failure.error.message
    assert failure.external_execution_id.startswith("app:")
    assert "Test/Check" not in state.actions
