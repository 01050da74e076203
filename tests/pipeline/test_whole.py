"""A real repository, real builds on this machine, a real deployment into a directory."""

import json
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cicd.document.resources import Resources
from cicd.errors import Unavailable
from cicd.pipeline.compile import Start
from cicd.pipeline.rollback import plan_rollback
from cicd.pipeline.run import ExecutionRequest, execution_state, plan_execution, start_execution
from cicd.settings import load_settings
from cicd.testing.fakes import RecordingReporter
from cicd.wiring import make_services
from tests.git_command import git
from tests.pipeline.documents import DEPLOY, SOURCE, action, pipeline, stage

VARIABLES = json.dumps([{"name": "COMMIT", "value": "#{Src.CommitId}"}])
SHOP = pipeline(
    stage("Source", action("Checkout", SOURCE, makes="code", namespace="Src")),
    stage(
        "Build",
        action(
            "Compile",
            takes="code",
            makes="site notes",
            namespace="Bld",
            configuration={"ProjectName": "app", "EnvironmentVariables": VARIABLES},
        ),
    ),
    stage(
        "Test",
        action(
            "Check",
            "Test/AWS/CodeBuild",
            takes="code site",
            configuration={
                "ProjectName": "check",
                "PrimarySource": "code",
                "EnvironmentVariables": '[{"name": "TAG", "value": "#{Bld.TAG}"}]',
            },
        ),
    ),
    stage("Deploy", action("Up", DEPLOY, takes="site")),
)
FILES = {
    "cicd.yml": """
projects:
  - name: app
  - name: check
    source: {type: CODEPIPELINE, buildspec: check.yml}
local:
  runner: host
  deploymentGroups:
    shop/web:
      instances:
        - {id: web-1, directory: instances/web-1, endpoint: "http://127.0.0.1:8091"}
applications:
  - applicationName: shop
    deploymentGroups: [{deploymentGroupName: web}]
""",
    "buildspec.yml": """
version: 0.2
env:
  variables: {TAG: early}
  exported-variables: [TAG]
phases:
  build:
    commands:
      - TAG="v-$(cat page.txt)"
      - mkdir site && cp page.txt appspec.yml site/
      - echo "$COMMIT" > site/commit.txt
artifacts:
  secondary-artifacts:
    site: {base-directory: site, files: ['**/*']}
    notes: {files: [page.txt]}
""",
    "check.yml": """
version: 0.2
phases:
  build:
    commands:
      - test "$TAG" = v-good
      - test "$CODEBUILD_INITIATOR" = codepipeline/shop
      - test -f "$CODEBUILD_SRC_DIR_site/commit.txt"
      - test ! -d .git
      - test "$(cat page.txt)" = good
""",
    "appspec.yml": """
version: 0.0
os: linux
files:
  - {source: /, destination: /srv/site}
file_exists_behavior: OVERWRITE
""",
    "page.txt": "good\n",
}


@pytest.fixture
def shop(tmp_path):
    root = tmp_path / "shop"
    root.mkdir()
    for name, text in FILES.items():
        (root / name).write_text(text)
    (root / "pipeline.json").write_text(json.dumps({"pipeline": SHOP}))
    (root / ".gitignore").write_text(".cicd\ninstances\n")
    git(root, "init", "-q", "-b", "main", ".")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "First page")
    return root


@contextmanager
def machine(root, reporter):
    settings = load_settings({"home": str(root / ".cicd")}, {}, root)
    with make_services(settings, reporters=(reporter,)) as services:
        yield services


def run(root: Path, *, warned=(), **start):
    reporter = RecordingReporter()
    with machine(root, reporter) as services:
        request = ExecutionRequest(directory=root, start=Start(**start))
        planned = plan_execution(request, services, Resources.load(root))
        assert list(warned) == warnings_of(planned)
        result = start_execution(planned.plan, services)
        return result, execution_state(result.stream, services), reporter


def warnings_of(planned):
    """Give the rules of what is warned of; notes are a matter of taste."""
    return [problem.rule for problem in planned.warnings if problem.severity == "warning"]


def test_trap_72_a_commit_is_built_and_what_was_exported_last_is_checked_and_deployed(shop):
    result, state, reporter = run(shop)
    assert ("Succeeded", None) == (result.status, result.failure)
    site = shop / "instances" / "web-1" / "srv" / "site"
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=shop, check=True, capture_output=True, text=True
    ).stdout
    assert ("good\n", head) == (
        (site / "page.txt").read_text(),
        (site / "commit.txt").read_text(),
    )
    assert {"code", "site", "notes"} == set(state.artifacts)
    assert {"TAG": "v-good"} == dict(state.variables["Bld"])
    assert "Up: web-1 serves at http://127.0.0.1:8091" in [line.text for _, line in reporter.lines]
    assert [] == list((shop / ".cicd" / "work").iterdir())


def test_uncommitted_changes_are_left_out_unless_asked_for_and_a_bug_stops_the_pipeline(shop):
    (shop / "page.txt").write_text("bad\n")
    assert "Succeeded" == run(shop)[0].status
    result, state, _ = run(shop, working_tree=True)
    failure = result.failure
    assert ("Failed", "Test", "Check") == (result.status, failure.stage, failure.action)
    assert "check.yml:6:9" == failure.error.where
    assert failure.external_execution_id.startswith("check:")
    assert "Deploy/Up" not in state.actions
    site = shop / "instances" / "web-1" / "srv" / "site"
    assert "good\n" == (site / "page.txt").read_text()


def test_a_broken_buildspec_is_a_failed_build_and_a_missing_appspec_a_failed_deployment(shop):
    (shop / "check.yml").write_text("version: 0.2\nphases:\n  biuld: {commands: [a]}\n")
    result, _, _ = run(shop, working_tree=True)
    assert ("Check", "Failed") == (result.failure.action, result.status)
    assert "YAML_FILE_ERROR" in result.failure.error.message
    (shop / "check.yml").write_text(FILES["check.yml"])
    buildspec = FILES["buildspec.yml"].replace("cp page.txt appspec.yml", "cp page.txt")
    (shop / "buildspec.yml").write_text(buildspec)
    result, _, _ = run(shop, working_tree=True)
    assert ("Up", "Failed") == (result.failure.action, result.status)


def test_an_action_whose_project_is_unknown_fails_with_a_hint(shop):
    document = json.loads((shop / "pipeline.json").read_text())
    document["pipeline"]["stages"][1]["actions"][0]["configuration"]["ProjectName"] = "aap"
    (shop / "pipeline.json").write_text(json.dumps(document))
    result, _, _ = run(shop, warned=["pipeline/unknown-project"])
    assert ("Compile", "ConfigurationError") == (
        result.failure.action,
        result.failure.error.code,
    )
    assert "app" in result.failure.error.hint


def test_a_dead_driver_is_followed_by_another_and_no_action_runs_twice(shop):
    from cicd.pipeline.run import resume_execution

    class Died(BaseException):
        pass

    class Deadly(RecordingReporter):
        def event(self, stream, event, said):
            if stream.startswith("pipeline/") and event.key == "Test/Check":
                raise Died

    with machine(shop, RecordingReporter()) as services:
        request = ExecutionRequest(directory=shop)
        plan = plan_execution(request, services, Resources.load(shop)).plan
        with pytest.raises(Died):
            start_execution(plan, replace(services, reporters=(Deadly(),)))
        result = resume_execution(f"pipeline/{plan.execution_id}", services)
        assert "Succeeded" == result.status
        assert ["check", "app"] == [
            record.name for record in services.executions.list(kind="build")
        ]


def cloning(shop, **changes):
    """Let the source hand on a reference; write what else is to change, and commit."""
    document = json.loads((shop / "pipeline.json").read_text())
    stages = document["pipeline"]["stages"]
    checkout = stages[0]["actions"][0]
    checkout["configuration"]["OutputArtifactFormat"] = "CODEBUILD_CLONE_REF"
    stages[2]["actions"][0]["inputArtifacts"].pop()
    (shop / "check.yml").write_text(changes.get("check", FILES["check.yml"]))
    if changes.get("deploys"):
        stages[3]["actions"][0]["inputArtifacts"] = [{"name": "code"}]
    (shop / "pipeline.json").write_text(json.dumps(document))
    git(shop, "add", "-A")
    git(shop, "commit", "-q", "-m", "Clone")


CHECK_CLONE = """
version: 0.2
phases:
  build:
    commands:
      - test -d .git
      - test "$(git rev-parse HEAD)" = "$CODEBUILD_RESOLVED_SOURCE_VERSION"
      - test "$(git log --format=%s)" = "$(printf 'Clone\\nFirst page')"
      - test -z "$(git branch --show-current)"
      - test -z "$(git status --porcelain)"
"""


def test_trap_58_a_build_of_a_clone_reference_has_the_whole_history(shop):
    cloning(shop, check=CHECK_CLONE)
    result, _, _ = run(shop)
    assert ("Succeeded", None) == (result.status, result.failure)
    assert [] == list((shop / ".cicd" / "work").iterdir())


def test_trap_59_a_deployment_of_a_clone_reference_fails_and_says_why(shop):
    cloning(shop, check=CHECK_CLONE, deploys=True)
    with machine(shop, RecordingReporter()) as services:
        request = ExecutionRequest(directory=shop)
        planned = plan_execution(request, services, Resources.load(shop))
        assert ["pipeline/clone-reference"] == warnings_of(planned)
        result = start_execution(planned.plan, services)
    assert ("Failed", "Up") == (result.status, result.failure.action)
    assert (
        "the input artifact 'code' is a reference to a git repository (CODEBUILD_CLONE_REF), "
        "which only CodeBuild can take"
    ) == result.failure.error.message


def test_a_build_that_this_machine_could_not_do_makes_the_system_unavailable(shop):
    class Gone:
        name = "host"

        def check(self):
            pass

        def attach(self, session_id):
            return None

        def open(self, session_id, environment, *, stream, say=None):
            raise Unavailable("the engine has gone", hint="start it again")

    with machine(shop, RecordingReporter()) as services:
        plan = plan_execution(
            ExecutionRequest(directory=shop), services, Resources.load(shop)
        ).plan
        result = start_execution(plan, replace(services, runner=lambda name: Gone()))
    error = result.failure.error
    assert ("Failed", "SystemUnavailable", "start it again") == (
        result.status,
        error.code,
        error.hint,
    )
    assert "the engine has gone" in error.message


def test_commands_of_a_rule_run_in_a_build_of_their_own(shop):
    def rule(name, *commands):
        return {
            "name": name,
            "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "Commands"},
            "commands": list(commands),
            "inputArtifacts": [{"name": "site"}],
        }

    definition = json.loads((shop / "pipeline.json").read_text())
    definition["pipeline"]["pipelineType"] = "V2"
    good = rule("Page", "test -f page.txt", 'test "$CODEBUILD_INITIATOR" = codepipeline/shop')
    definition["pipeline"]["stages"][3]["onSuccess"] = {
        "conditions": [{"result": "FAIL", "rules": [good, rule("Other", "exit 3", "exit 0")]}]
    }
    (shop / "pipeline.json").write_text(json.dumps(definition))
    result, _, _ = run(shop)
    said = {found["ruleName"]: found for found in result.execution["ruleExecutionDetails"]}
    assert ("Failed", "Succeeded", "Failed") == (
        result.status,
        said["Page"]["status"],
        said["Other"]["status"],
    )
    outcome = said["Other"]["output"]["executionResult"]
    assert "exit 3" in outcome["externalExecutionSummary"]
    assert outcome["externalExecutionId"].startswith("Other:")


def test_a_stage_whose_artifacts_were_pruned_fails_with_what_to_do(shop):
    result, _, reporter = run(shop)
    with machine(shop, reporter) as services:
        shutil.rmtree(services.home / "artifacts")
        for name in ("Test", "Deploy"):
            plan = plan_rollback(result.stream, services, stage=name, now_is=None, by="ana")
            error = start_execution(plan, services).failure.error
            assert "ConfigurationError" == error.code
            assert "is no longer in the artifact store" in error.message
            assert "cicd pipeline run" in error.hint
