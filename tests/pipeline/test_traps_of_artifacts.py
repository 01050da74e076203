"""The traps of artifacts and CodeBuild, 53 to 57, by their number, with real builds."""

import json

import pytest

from cicd.document.resources import Resources
from cicd.pipeline.compile import Start
from cicd.pipeline.run import ExecutionRequest, execution_state, plan_execution, start_execution
from cicd.testing.fakes import RecordingReporter
from tests.git_command import git
from tests.pipeline.documents import SOURCE_STAGE, action, pipeline, rules, stage
from tests.pipeline.test_whole import machine

PROJECTS = """
local: {runner: host}
projects:
  - name: app
    source: {type: CODEPIPELINE, buildspec: build.yml}
    artifacts: {type: CODEPIPELINE}
  - name: check
    source: {type: CODEPIPELINE, buildspec: "version: 0.2\\nphases: {build: {commands: [ls]}}"}
    artifacts: {type: CODEPIPELINE}
"""
MAKES = "phases: {build: {commands: [echo top > top, echo side > side]}}\n"
BOTH = (
    "artifacts:\n  files: [top]\n  secondary-artifacts:\n"
    "    one: {files: [side]}\n    two: {files: [build.yml]}\n"
)


@pytest.fixture
def root(tmp_path):
    place = tmp_path / "shop"
    place.mkdir()
    return place


def run(root, buildspec, *stages):
    (root / "cicd.yml").write_text(PROJECTS)
    (root / "build.yml").write_text(f"version: 0.2\n{MAKES}{buildspec}")
    declared = {"pipeline": pipeline(SOURCE_STAGE, *stages)}
    (root / "pipeline.json").write_text(json.dumps(declared))
    (root / ".gitignore").write_text(".cicd\n")
    git(root, "init", "-q", "-b", "main", ".")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    with machine(root, RecordingReporter()) as services:
        asked = ExecutionRequest(directory=root, start=Start())
        planned = plan_execution(asked, services, Resources.load(root))
        result = start_execution(planned.plan, services)
        state = execution_state(result.stream, services)
        held = {}
        for name, kept in state.artifacts.items():
            if name != "code":
                into = root.parent / name
                services.artifacts.unpack(services.artifacts.find(kept.digest), into)
                held[name] = sorted(each.name for each in into.iterdir())
        return result, held


def two_inputs(second="docs", **more):
    docs = {**SOURCE_STAGE["actions"][0], "name": "Docs", "outputArtifacts": [{"name": second}]}
    source = {**SOURCE_STAGE, "actions": [*SOURCE_STAGE["actions"], docs]}
    given = {"ProjectName": "app", **more}
    made = action("Compile", takes=f"code {second}", configuration=given)
    return source, stage("Build", made)


def test_trap_53_of_two_inputs_one_is_named_the_primary():
    assert ["pipeline/primary-source"] == rules(*two_inputs())
    assert [] == rules(*two_inputs(PrimarySource="code"))


def test_trap_54_a_hyphen_of_a_secondary_input_fails_at_the_start_of_the_build():
    assert ["pipeline/input-identifier"] == rules(*two_inputs("the-docs", PrimarySource="code"))
    assert [] == rules(*two_inputs("the-docs", PrimarySource="the-docs"))


def test_trap_55_one_output_is_the_top_level_and_two_are_the_secondary_ones(root, tmp_path):
    build = action("Compile", takes="code", makes="app")
    result, held = run(root, BOTH, stage("Build", build))
    assert ("Succeeded", {"app": ["top"]}) == (result.status, held)
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "shop").mkdir()
    build = action("Compile", takes="code", makes="one two")
    result, held = run(tmp_path / "again" / "shop", BOTH, stage("Build", build))
    assert ("Succeeded", {"one": ["side"], "two": ["build.yml"]}) == (result.status, held)


def test_trap_56_what_no_output_is_declared_for_is_thrown_away_without_an_error(root):
    result, held = run(root, BOTH, stage("Build", action("Compile", takes="code")))
    assert ("Succeeded", {}) == (result.status, held)


def test_trap_57_an_output_that_nothing_was_put_into_fails_who_takes_it(root):
    build = stage("Build", action("Compile", takes="code", makes="app"))
    takes = action("Check", takes="app", configuration={"ProjectName": "check"})
    result, held = run(root, "", build, stage("Check", takes))
    assert ("Failed", "Check", {}) == (result.status, result.failure.action, held)
    assert "nothing put files into it" in result.failure.error.message


TOLD = """version: 0.2
phases:
  build:
    commands:
      - echo "$CODEBUILD_SOURCE_VERSION_app" | grep -x 'arn:aws:s3:::[^/]*/shop/app/.*'
      - test -z "$CODEBUILD_SOURCE_REPO_URL_app"
"""


def test_an_input_is_told_of_by_its_object_not_by_the_repository_around_the_home(root):
    build = stage("Build", action("Compile", takes="code", makes="app"))
    given = {"ProjectName": "check", "PrimarySource": "code", "BuildspecOverride": TOLD}
    takes = action("Check", takes="code app", configuration=given)
    result, _ = run(root, BOTH, build, stage("Check", takes))
    assert "Succeeded" == result.status, result.failure
