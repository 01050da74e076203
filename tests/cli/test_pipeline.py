"""`cicd pipeline …` from outside: words in, words and exit statuses out."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from cicd.backends.runner_host import HostRunner
from cicd.backends.user_name import user_name
from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from cicd.errors import Unavailable
from cicd.wiring.kept import audit_log

CHECKOUT = Path(__file__).parents[2]
GIVE_UP = f"'{sys.executable}' -m cicd pipeline stop --abandon; exit 1"
PIPELINE = """
name: shop
roleArn: role
pipelineType: V2
artifactStore: {type: S3, location: artifacts}
variables: [{name: stage, defaultValue: dev}]
stages:
- name: Source
  actions:
  - name: Checkout
    actionTypeId: {category: Source, owner: AWS, provider: CodeCommit, version: '1'}
    configuration: {RepositoryName: shop, BranchName: main}
    outputArtifacts: [{name: code}]
- name: Ask
  actions:
  - name: Approve
    actionTypeId: {category: Approval, owner: AWS, provider: Manual, version: '1'}
    configuration: {CustomData: "to #{variables.stage}?"}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "pipeline.yml").write_text(PIPELINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CICD_HOME", str(tmp_path / ".cicd"))
    git("init", "--quiet", "--initial-branch=main")
    commit()
    return tmp_path


def git(*words):
    subprocess.run(("git", *words), check=True)


def commit():
    git("add", "--all")
    git("-c", "user.name=n", "-c", "user.email=e@x", "commit", "--quiet", "--message=m")


def asked(*words):
    return run(cicd, ["pipeline", *words])


def last_json(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def ids_of(capsys):
    assert 0 == asked("executions", "--output", "json")
    return [
        each["pipelineExecutionId"] for each in last_json(capsys)["pipelineExecutionSummaries"]
    ]


def test_a_run_succeeds_and_its_result_has_awss_shape(here, capsys):
    assert 0 == asked("run", "--approve", "--variable", "stage=live", "--output", "json")
    result = last_json(capsys)
    assert ("shop", "Succeeded") == (
        result["pipelineExecution"]["pipelineName"],
        result["pipelineExecution"]["status"],
    )
    assert ["Approve", "Checkout"] == [
        each["actionName"] for each in result["actionExecutionDetails"]
    ]
    approve = result["actionExecutionDetails"][0]
    assert "to live?" == approve["input"]["resolvedConfiguration"]["CustomData"]


def test_a_source_outside_git_fails_with_what_to_do_and_can_be_taken_as_it_is(here, capsys):
    (here / ".git").rename(here / "not-git")
    assert 1 == asked("run", "--approve")
    said = capsys.readouterr().out
    assert f"{here} is not in a git repository" in said
    assert "a pipeline takes the files as they are with --working-tree" in said
    assert 0 == asked("run", "--approve", "--working-tree")


def test_list_status_and_logs_tell_of_it(here, capsys):
    asked("run", "--approve")
    capsys.readouterr()
    assert 0 == asked("executions")
    assert "shop      1    Succeeded" in capsys.readouterr().out
    assert 0 == asked("status", "shop")
    said = capsys.readouterr().out
    assert "Approved beforehand, with --approve" in said
    assert 0 == asked("logs")
    said = capsys.readouterr().out
    assert said.startswith("Checkout: shop at ")
    assert said.endswith(" (main)\n")
    assert 0 == asked("executions", "--output", "json")
    assert "Succeeded" == last_json(capsys)["pipelineExecutionSummaries"][0]["status"]


def test_pipelines_are_listed_before_and_after_they_ran(here, capsys):
    assert 0 == asked("list")
    assert "Never ran" in capsys.readouterr().out
    asked("run", "--approve")
    capsys.readouterr()
    assert 0 == asked("list", "--output", "json")
    (shown,) = last_json(capsys)["pipelines"]
    assert ("shop", "V2") == (shown["name"], shown["pipelineType"])


def test_two_executions_are_compared_and_each_attempt_is_listed(here, capsys):
    assert 0 == asked("run", "--approve")
    assert 2 == asked("diff")
    (here / "new").touch()
    commit()
    assert 0 == asked("run", "--approve", "--variable", "stage=live")
    capsys.readouterr()
    assert 1 == asked("diff", "--output", "json")
    found = last_json(capsys)["differences"]
    known = {each["what"]: (each["before"], each["after"]) for each in found}
    assert ("dev", "live") == known["variable"]
    assert "revision" in known
    newest = asked("executions", "--limit", "1", "--output", "json")
    shown = last_json(capsys)["pipelineExecutionSummaries"]
    assert (0, 1) == (newest, len(shown))
    same = shown[0]["pipelineExecutionId"]
    assert 0 == asked("diff", same, same)
    assert "nothing differs" in capsys.readouterr().err
    begun = [each["requestParameters"] for each in audit_log(here / ".cicd").records()]
    assert [("shop", True), ("shop", True)] == [(each["name"], each["approve"]) for each in begun]
    assert 1 == asked("diff")
    first, second, head = capsys.readouterr().out.splitlines()[:3]
    assert (first, second) == tuple(f"shop {each}: Succeeded" for each in ids_of(capsys)[::-1])
    assert ["WHAT", "BEFORE", "AFTER"] == head.split()
    assert 0 == asked("history", "--output", "json")
    details = last_json(capsys)["actionExecutionDetails"]
    assert details[0]["updatedBy"] == user_name()
    assert ["Approve", "Checkout"] == [each["actionName"] for each in details]
    assert 0 == asked("executions", "--succeeded-in", "Ask", "--output", "json")
    assert 2 == len(last_json(capsys)["pipelineExecutionSummaries"])


def test_the_picture_is_written_by_the_name_of_its_file(here, capsys):
    assert 0 == asked("run", "--approve")
    assert 0 == asked("graph", "-o", "shop.html", "--execution", "shop")
    assert (here / "shop.html").read_text().startswith("<!doctype html>")
    assert 0 == asked("graph", "-o", "shop.svg")
    assert 0 == asked("graph", "--why-slow")
    assert "waited for" in capsys.readouterr().out


def test_the_graph_of_an_execution_is_of_what_it_found(here, capsys):
    assert 0 == asked("run", "--approve")
    (here / "pipeline.yml").write_text(PIPELINE.replace("Approve", "Consent"))
    capsys.readouterr()
    for words in (("--execution", "shop"), ("--why-slow",)):
        assert 0 == asked("graph", *words)
        said = capsys.readouterr().out
        assert ("Approve" in said, "Consent" in said) == (True, False)
    (here / "other.yml").write_text(PIPELINE.replace("name: shop", "name: other"))
    assert 2 == asked("graph", "other.yml", "--execution", "shop")
    assert "is an execution of pipeline shop, not of 'other.yml'" in capsys.readouterr().err
    (here / "pipeline.yml").unlink()
    (here / "other.yml").unlink()
    assert 0 == asked("graph", "--execution", "shop")
    assert "✓ Approve (Manual)" in capsys.readouterr().out


def test_the_graph_needs_no_execution(here, capsys):
    assert 0 == asked("graph", "--format", "mermaid")
    assert capsys.readouterr().out.startswith("flowchart LR\n")


@contextmanager
def in_a_while(*words):
    """Ask from another terminal until it works, at most twenty times."""
    command = f"'{sys.executable}' -m cicd pipeline {' '.join(words)}"
    script = f"for n in $(seq 20); do sleep 0.2; {command} && exit 0; done; {GIVE_UP}"
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    other = subprocess.Popen(["sh", "-c", script], env=environment, stdout=-3, stderr=-3)
    yield
    assert 0 == other.wait()


def test_an_approval_is_answered_from_another_terminal(here, capsys):
    with in_a_while("approve", "--summary", "fine"):
        assert 0 == asked("run")
    assert "Ask/Approve Succeeded: fine" in capsys.readouterr().out
    answered = call(here)
    assert ("shop", "Ask", "Approve", "fine") == tuple(
        answered[name] for name in ("pipelineName", "stageName", "actionName", "summary")
    )


def call(root, name="PutApprovalResult"):
    """Give the parameters of the one call of that name in the audit."""
    records = audit_log(root / ".cicd").records()
    (found,) = [each["requestParameters"] for each in records if each["eventName"] == name]
    return found


def test_a_rejection_ends_the_run_with_one(here, capsys):
    with in_a_while("reject", "--summary", "'not today'"):
        assert 1 == asked("run")
    assert "Ask/Approve: not today" in capsys.readouterr().out


def test_a_waiting_run_is_stopped_from_another_terminal(here, capsys):
    with in_a_while("stop", "--reason", "lunch"):
        assert 1 == asked("run")
    assert "shop: Stopped" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("run", "nope"), 2, "there is no pipeline and no file 'nope'"),
        (("run", "--variable", "x=1"), 2, "the pipeline 'shop' declares no variable 'x'"),
        (("run", "--variable", "x"), 2, "'x' is not NAME=VALUE"),
        (("run", "--revision", "No=1"), 2, "has no source action 'No'"),
        (("status",), 2, "'cicd pipeline run' starts one"),
        (("status", "1234"), 2, "there is no pipeline execution '1234'"),
        (("approve",), 2, "no approval waits for an answer"),
        (("resume",), 2, "there is no pipeline execution yet"),
    ],
)
def test_wrong_words_get_a_clear_answer(here, capsys, words, status, said):
    assert status == asked(*words)
    assert said in capsys.readouterr().err


def test_an_invalid_definition_ends_with_three_and_carets(here, capsys):
    (here / "pipeline.yml").write_text(PIPELINE.replace("provider: CodeCommit", "provider: Git"))
    assert 3 == asked("run")
    said = capsys.readouterr().err
    assert "pipeline.yml:11:" in said
    assert "^^^" in said


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a: [", b"{}", b"- 1", b"pipeline: 3"])
def test_a_broken_definition_never_shows_a_traceback(here, capsys, content):
    (here / "pipeline.yml").write_bytes(content)
    assert 3 == asked("run")
    assert "Traceback" not in capsys.readouterr().err


def with_a_build(here, command):
    (here / "buildspec.yml").write_text(
        f"version: 0.2\nphases:\n  build:\n    commands:\n      - {command}\n"
    )
    (here / "cicd.yml").write_text("projects: [{name: app}]\nlocal: {runner: host}\n")
    stages = PIPELINE[: PIPELINE.index("- name: Ask")]
    (here / "pipeline.yml").write_text(
        f"""{stages}- name: Build
  actions:
  - name: Compile
    actionTypeId: {{category: Build, owner: AWS, provider: CodeBuild, version: '1'}}
    configuration: {{ProjectName: app}}
    inputArtifacts: [{{name: code}}]
"""
    )
    commit()


def test_a_build_that_this_machine_cannot_do_ends_with_four(here, capsys, monkeypatch):
    def gone(*_, **__):
        raise Unavailable("the engine has gone", hint="start it again")

    monkeypatch.setattr(HostRunner, "open", gone)
    with_a_build(here, "'true'")
    assert 4 == asked("run")
    said = "".join(capsys.readouterr())
    assert "the engine has gone" in said
    assert "start it again" in said


def test_the_image_that_is_named_serves_all_builds(here, monkeypatch):
    with_a_build(here, "'true'")
    asked_for = []

    def spy(request, _services):
        asked_for.append(request.image)
        raise Unavailable("enough")

    monkeypatch.setattr("cicd.build.run.run_build", spy)
    assert 4 == asked("run", "--image", "mine:1")
    assert 4 == asked("run")
    assert ["mine:1", None] == asked_for


def test_a_command_that_failed_is_shown_once_with_what_helps(here, capsys):
    with_a_build(here, "nosuchtool")
    assert 1 == asked("run", "--output", "plain")
    said = capsys.readouterr()
    hint = "install it, or build in an image that has it: --runner docker"
    assert 1 == said.err.count(hint)
    ending = said.out[said.out.index("shop: Failed") :]
    assert hint not in ending
    assert "  at buildspec.yml" not in ending
    assert "buildspec.yml:5:9" in said.err


def test_a_template_is_drawn_under_its_parameters(here, capsys):
    (here / "pipeline.yml").write_text(
        """\
Parameters: {Repo: {Type: String}, Who: {Type: String, Default: Ann}}
Resources:
  P:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      RoleArn: arn:aws:iam::123456789012:role/p
      ArtifactStore: {Type: S3, Location: a}
      Stages:
        - Name: Source
          Actions:
            - Name: Code
              ActionTypeId: {Category: Source, Owner: AWS, Provider: CodeCommit, Version: 1}
              Configuration: {RepositoryName: !Ref Repo, BranchName: main}
              OutputArtifacts: [{Name: code}]
        - Name: Ask
          Actions:
            - Name: !Ref Who
              ActionTypeId: {Category: Approval, Owner: AWS, Provider: Manual, Version: 1}
"""
    )
    assert 0 == asked("graph", "pipeline.yml", "--parameter", "Who=Bea")
    drawn = "".join(capsys.readouterr())
    assert "Bea" in drawn
    assert "Ann" not in drawn


def test_a_template_that_says_nothing_ends_with_three(here, capsys):
    (here / "pipeline.yml").write_text(
        "Resources: {P: {Type: 'AWS::CodePipeline::Pipeline', Properties: {}}}"
    )
    assert 3 == asked("run")
    assert "the pipeline has 0 stages, and needs 2" in capsys.readouterr().err


def test_nothing_is_in_a_repository_without_a_pipeline(here, capsys):
    (here / "pipeline.yml").unlink()
    assert 2 == asked("run")
    assert "there is no pipeline definition here" in capsys.readouterr().err
    assert 0 == asked("executions")


def test_triggers_say_what_starts_a_pipeline(here, capsys):
    assert 0 == asked("triggers")
    assert "a push to 'main': PollForSourceChanges is true, as it is when not given" in (
        capsys.readouterr().out
    )


def test_a_push_is_explained_source_by_source(here, capsys):
    (here / "a").write_text("a")
    commit()
    assert 0 == asked("triggers", "--explain", "HEAD~1..main")
    said = capsys.readouterr()
    assert "a push to 'main', 1 changed file\n" in said.err
    assert "shop: starts" in said.out
    assert 0 == asked("triggers", "--explain", "HEAD~1..main", "--branch", "dev")
    assert "Checkout: no: its PollForSourceChanges is not given" in capsys.readouterr().out
    git("tag", "v1")
    assert 0 == asked("triggers", "--explain", "HEAD~1..v1", "--output", "json")
    result = last_json(capsys)
    assert ("a push of the tag 'v1'", False) == (
        result["event"],
        result["pipelines"][0]["starts"],
    )


def test_a_run_that_no_push_would_start_is_left_out_and_says_why(here, capsys):
    git("checkout", "--quiet", "-b", "dev")
    (here / "a").write_text("a")
    commit()
    assert 0 == asked("run", "--changed-since", "main")
    assert "shop: does not start" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--explain", "main"), "--explain 'main' is not REF..REF"),
        (("--explain", "no..main"), "'no' is not a commit, branch or tag"),
        (("--explain", "..main~0"), "'main~0' is no branch, so nothing says which one is pushed"),
        (("--changed-since", "x", "--explain", "a..b"), "say the same in two ways"),
    ],
)
def test_a_push_that_cannot_be_is_refused(here, capsys, words, said):
    assert 2 == asked("triggers", *words)
    assert said in capsys.readouterr().err


CONDITION = """
  beforeEntry:
    conditions:
    - result: FAIL
      rules:
      - name: OnlyLive
        ruleTypeId: {category: Rule, owner: AWS, provider: VariableCheck, version: '1'}
        configuration: {Variable: "#{variables.stage}", Operator: EQ, Value: live}
"""


def test_a_condition_that_does_not_hold_is_shown_and_overridden(here, capsys):
    (here / "pipeline.yml").write_text(PIPELINE.rstrip() + CONDITION)
    assert 1 == asked("run", "--approve")
    capsys.readouterr()
    assert 0 == asked("status")
    said = capsys.readouterr().out
    assert "beforeEntry  Failed" in said
    assert "Failed, as beforeEntry of Ask did not hold: " in said
    assert "  to go on all the same: cicd pipeline override-condition Ask " in said
    assert "OnlyLive: 'dev' EQ 'live' is false; the result is FAIL" in " ".join(said.split())
    assert 2 == asked("override-condition", "Ask", "--type", "ON_SUCCESS")
    assert "ConditionNotOverridableException" in capsys.readouterr().err
    assert 0 == asked("override-condition", "Ask", "--type", "BEFORE_ENTRY")
    assert "shop: Succeeded" in capsys.readouterr().out
    asked("status")
    assert "beforeEntry  Overridden" in capsys.readouterr().out


def test_all_action_types_are_listed_with_how_true_they_are(here, capsys):
    assert 0 == asked("actions", "--category", "Deploy")
    said = capsys.readouterr().out
    assert "Deploy/AWS/CodeDeploy" in said
    assert "Source/AWS/S3" not in said
    assert 0 == asked("actions", "--output", "json")
    result = last_json(capsys)
    assert {"category": "Source", "owner": "AWS", "provider": "CodeCommit", "version": "1"} == (
        result["actionTypes"][0]["id"]
    )
    assert "refused" == result["fidelity"]["Deploy/AWS/OpsWorks"]["fidelity"]


def test_an_approval_is_answered_at_the_terminal_that_waits_for_it(here):
    from tests.cli.killed import Outside
    from tests.cli.waiting import typed

    status, screen = typed(
        Outside(here),
        ["pipeline", "run"],
        ("type yes or no", "perhaps\r"),
        ("yes or no?", "yes it is fine\r"),
    )
    assert (0, True) == (status, "Ask/Approve Succeeded: it is fine" in screen), screen
    answered = call(here)
    assert ("Approve", "it is fine") == (answered["actionName"], answered["summary"])


def test_of_a_pipeline_the_approval_that_waits_is_meant_and_status_says_who_waits_for_whom(
    here, capsys
):
    def until(words, *asking):
        for _ in range(600):
            status = asked(*asking)
            said = capsys.readouterr().out
            if (0, True) == (status, words in said):
                return said
            time.sleep(0.1)
        raise AssertionError(f"{words} is not in {said}")

    command = [sys.executable, "-m", "cicd", "pipeline", "run", "--variable", "stage=x"]
    running = []
    try:
        running.append(subprocess.Popen(command, stdout=-3, stderr=-3))
        first = until("Ask/Approve waits until", "status").split()[1]
        running.append(subprocess.Popen(command, stdout=-3, stderr=-3))
        until(f"waiting for the stage Ask, where the execution {first[:-1]} is", "status")
        assert 0 == asked("approve", "shop", "Approve")
        assert 0 == running[0].wait(60)
        until("Ask/Approve waits until", "status")
        assert 0 == asked("approve", "shop")
        assert 0 == running[1].wait(60)
    finally:
        for each in running:
            each.kill()
            each.wait()


BATCH = """
- name: Build
  actions:
  - name: Many
    actionTypeId: {category: Build, owner: AWS, provider: CodeBuild, version: '1'}
    configuration: {ProjectName: app, BatchEnabled: "true"}
    inputArtifacts: [{name: code}]
"""
GRAPH = """version: 0.2
batch: {build-list: [{identifier: left}, {identifier: right}]}
phases:
  build:
    commands:
      - test $CODEBUILD_BATCH_BUILD_IDENTIFIER = left
"""


def test_a_batch_that_failed_ends_with_the_block_of_each_build_that_did(here, capsys):
    (here / "pipeline.yml").write_text(PIPELINE[: PIPELINE.index("- name: Ask")] + BATCH.lstrip())
    (here / "cicd.yml").write_text("projects: [{name: app}]\nlocal: {runner: host}\n")
    (here / "buildspec.yml").write_text(GRAPH)
    (here / ".gitignore").write_text(".cicd\n")
    commit()
    assert 1 == asked("run")
    said = capsys.readouterr()
    assert "\nright  FAILED\n" in said.out
    assert "left  FAILED" not in said.out
    assert "buildspec.yml:6:9" in said.err


SIBLINGS = """
- name: Out
  actions:
  - name: Check
    actionTypeId: {category: Test, owner: AWS, provider: CodeBuild, version: '1'}
    configuration: {ProjectName: app}
    inputArtifacts: [{name: code}]
  - name: Ship
    actionTypeId: {category: Deploy, owner: AWS, provider: CodeDeploy, version: '1'}
    configuration: {ApplicationName: shop, DeploymentGroupName: web}
    inputArtifacts: [{name: code}]
"""
INSTANCE = """
projects: [{name: app}]
applications: [{applicationName: shop}]
deploymentGroups: [{applicationName: shop, deploymentGroupName: web}]
local:
  runner: host
  deploymentGroups: {shop/web: {instances: [{id: one, directory: .cicd/one}]}}
"""


def test_each_sibling_that_failed_has_its_block_at_the_end(here, capsys):
    (here / "pipeline.yml").write_text(
        PIPELINE[: PIPELINE.index("- name: Ask")] + SIBLINGS.lstrip()
    )
    (here / "cicd.yml").write_text(INSTANCE)
    (here / "buildspec.yml").write_text("version: 0.2\nphases: {build: {commands: [exit 7]}}\n")
    (here / "appspec.yml").write_text(
        "version: 0.0\nos: linux\nhooks: {BeforeInstall: [{location: stop.sh}]}\n"
    )
    (here / "stop.sh").write_text("#!/bin/sh\necho no room here\nexit 3\n")
    (here / "stop.sh").chmod(0o755)
    commit()
    assert 1 == asked("run")
    # Once when the script wrote it, and once in the block.
    assert 2 == capsys.readouterr().out.count("no room here")
    assert 0 == asked("status")
    said = capsys.readouterr()
    assert "Out/Check: Build terminated with state: FAILED" in said.out
    assert "a command of BUILD ended with exit status 7" in said.err
    blocks = said.out[said.out.index("Out/Ship: Deployment") :].splitlines()
    assert ["  [stdout]no room here"] == [line for line in blocks if "no room here" in line]


def test_a_build_that_was_stopped_has_no_empty_reason(here, capsys):
    (here / "pipeline.yml").write_text(
        PIPELINE[: PIPELINE.index("- name: Ask")] + SIBLINGS[: SIBLINGS.index("  - name: Ship")]
    )
    (here / "cicd.yml").write_text("projects: [{name: app}]\nlocal: {runner: host}\n")
    (here / "buildspec.yml").write_text("version: 0.2\nphases: {build: {commands: [sleep 60]}}\n")
    commit()
    script = (
        "for n in $(seq 100); do sleep 0.1; "
        f"'{sys.executable}' -m cicd builds stop && exit 0; done; exit 1"
    )
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    other = subprocess.Popen(["sh", "-c", script], env=environment, stdout=-3, stderr=-3)
    assert 1 == asked("run")
    assert 0 == other.wait()
    assert "Out/Check: Build terminated with state: STOPPED\n" in capsys.readouterr().out


def until_there(path):
    for _ in range(300):
        if path.exists():
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} did not come")


@pytest.mark.parametrize("words", [("pipeline", "run"), ("build",)])
def test_who_stops_by_ctrl_c_is_in_the_audit(here, words):
    (here / "pipeline.yml").write_text(
        PIPELINE[: PIPELINE.index("- name: Ask")] + SIBLINGS[: SIBLINGS.index("  - name: Ship")]
    )
    (here / "cicd.yml").write_text("projects: [{name: app}]\nlocal: {runner: host}\n")
    (here / "buildspec.yml").write_text(
        f"version: 0.2\nphases: {{build: {{commands: [touch '{here}/began'; sleep 3]}}}}\n"
    )
    commit()
    running = subprocess.Popen(
        [sys.executable, "-m", "cicd", *words],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=-3,
        stderr=-3,
    )
    try:
        until_there(here / "began")
        running.send_signal(signal.SIGINT)
        assert 130 == running.wait(60)
    finally:
        running.kill()
        running.wait()
    begun, stopped = audit_log(here / ".cicd").records()
    (identity,) = begun["responseElements"].values()
    stop, name = {"pipeline": ("StopPipelineExecution", "pipelineExecutionId")}.get(
        words[0], ("StopBuild", "id")
    )
    assert (stop, identity) == (stopped["eventName"], stopped["requestParameters"][name])


def test_what_was_left_with_its_pipeline_goes_on_with_it(here, capsys):
    (here / "pipeline.yml").write_text(
        PIPELINE[: PIPELINE.index("- name: Ask")] + SIBLINGS[: SIBLINGS.index("  - name: Ship")]
    )
    (here / "cicd.yml").write_text("projects: [{name: app}]\nlocal: {runner: host}\n")
    (here / "buildspec.yml").write_text(
        f"version: 0.2\nphases: {{build: {{commands: [touch '{here}/began'; sleep 5]}}}}\n"
    )
    commit()
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-m", "cicd", "pipeline", "run"]
    running = subprocess.Popen(command, env=environment, stdout=-3, stderr=-3)
    until_there(here / "began")
    running.kill()
    running.wait()
    assert 0 == run(cicd, ["status"])
    said = capsys.readouterr().out
    assert 2 == said.count("left in the middle  ")
    (hint,) = (line for line in said.splitlines() if "was left in the middle:" in line)
    assert "cicd pipeline resume" in hint
    assert 0 == asked("stop", "--abandon")
