"""`cicd events`, `cicd metrics` and `cicd audit` from outside, after one pipeline has run."""

import json
import subprocess

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from cicd.cli.controls import control_of

PIPELINE = """
name: shop
roleArn: role
pipelineType: V2
artifactStore: {type: S3, location: artifacts}
stages:
- name: Source
  actions:
  - name: Checkout
    actionTypeId: {category: Source, owner: AWS, provider: CodeCommit, version: '1'}
    configuration: {RepositoryName: shop, BranchName: main}
    outputArtifacts: [{name: code}]
- name: Build
  actions:
  - name: Compile
    actionTypeId: {category: Build, owner: AWS, provider: CodeBuild, version: '1'}
    configuration: {ProjectName: app}
    inputArtifacts: [{name: code}]
"""
RESOURCES = """
projects:
- name: app
  environment: {type: LINUX_CONTAINER, computeType: BUILD_GENERAL1_SMALL, image: x}
  source: {type: CODEPIPELINE, buildspec: "version: 0.2\\nphases: {build: {commands: ['true']}}"}
local:
  runner: host
  subscribers:
    everything: {file: all.jsonl}
    stages:
      command: cat >> stages.jsonl; echo >> stages.jsonl
      pattern: {detail-type: [{prefix: CodePipeline Stage}], detail: {state: [SUCCEEDED]}}
    broken: {command: exit 3}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "pipeline.yml").write_text(PIPELINE)
    (tmp_path / "cicd.yml").write_text(RESOURCES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CICD_HOME", str(tmp_path / ".cicd"))
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        ("-c", "user.name=n", "-c", "user.email=e@x", "commit", "--quiet", "--message=m"),
    ):
        subprocess.run(("git", *words), check=True)
    return tmp_path


def told(capsys, *words):
    status = run(cicd, [*words, "--output", "json"])
    return status, json.loads(capsys.readouterr().out.splitlines()[-1])


def test_what_happened_is_listed_told_counted_and_audited(here, capsys):
    assert 0 == run(cicd, ["pipeline", "run"])
    said = capsys.readouterr().err
    assert 1 == said.count("the subscriber 'broken' was not told")

    _, listed = told(capsys, "events", "list")
    listed = listed["Events"]
    written = [json.loads(line) for line in (here / "all.jsonl").read_text().splitlines()]
    # The log gives again, byte for byte, what subscribers were told when it happened.
    assert {each["id"]: each for each in listed} == {each["id"]: each for each in written}
    assert {"aws.codepipeline", "aws.codebuild"} == {each["source"] for each in listed}
    whole = [each for each in listed if "Pipeline Execution" in each["detail-type"]]
    assert ["STARTED", "SUCCEEDED"] == [each["detail"]["state"] for each in whole]
    compile_started = next(
        each["detail"] for each in listed if each["detail"].get("action") == "Compile"
    )
    assert "code" == compile_started["input-artifacts"][0]["name"]

    stages = map(json.loads, (here / "stages.jsonl").read_text().splitlines())
    assert ["Source", "Build"] == [each["detail"]["stage"] for each in stages]
    pattern = '{"detail": {"state": ["SUCCEEDED"], "stage": [{"exists": false}]}}'
    _, only = told(capsys, "events", "list", "--pattern", pattern)
    assert ["shop"] == [each["detail"]["pipeline"] for each in only["Events"]]
    assert 0 == run(cicd, ["events", "tail", "-n", "1"])
    assert "pipeline    shop" in capsys.readouterr().out

    _, counted = told(capsys, "metrics", "app")
    values = {each["Label"]: each["Values"] for each in counted["MetricDataResults"]}
    assert ([1], [0]) == (values["SucceededBuilds"], values["FailedBuilds"])

    _, audited = told(capsys, "audit", "--filter", "eventName=StartPipelineExecution")
    (record,) = audited["Records"]
    assert record["responseElements"]["pipelineExecutionId"] == whole[0]["detail"]["execution-id"]
    assert 0 == run(cicd, ["audit", "--verify"])
    log = here / ".cicd" / "audit.jsonl"
    log.write_text(log.read_text().replace("StartPipelineExecution", "GetPipeline"))
    assert 1 == run(cicd, ["audit", "--verify"])


@pytest.mark.parametrize(
    ("words", "count"),
    [((), 12), (("--since", "30d"), 30), (("--since", "2h", "--period", "1h"), 2)],
)
def test_a_sparkline_is_as_long_as_what_was_asked_for(here, capsys, words, count):
    assert 0 == run(cicd, ["pipeline", "run"])
    capsys.readouterr()
    assert 0 == run(cicd, ["metrics", "shop", "--format", "spark", *words])
    said = capsys.readouterr()
    assert f" {'·' * (count - 1)}█ " in said.out
    assert f"{count} periods of" in said.err


def test_a_secret_is_never_in_the_audit_and_a_refusal_is(here, capsys, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(here / "data"))
    assert 0 == run(cicd, ["secret", "put", "db", "--value", "hush-hush"])
    assert 2 == run(cicd, ["pipeline", "stop", "nothing"])
    capsys.readouterr()
    _, found = told(capsys, "audit")
    put, stop = found["Records"]
    assert ("PutSecretValue", {"secretId": "db"}) == (put["eventName"], put["requestParameters"])
    assert ("PipelineExecutionNotFoundException", None) == (
        stop["errorCode"],
        stop["responseElements"],
    )
    assert "hush" not in (here / ".cicd" / "audit.jsonl").read_text()


def test_what_is_asked_of_fleets_and_functions_is_audited(here, capsys):
    code = here / "code"
    code.mkdir()
    (code / "index.py").write_text("def handler(event, context):\n    return 1\n")
    make = ("--runtime", "python3.11", "--handler", "index.handler", "--code", str(code))
    assert 0 == run(cicd, ["function", "create", "greet", *make, "--env", "TOKEN=hush-hush"])
    assert 0 == run(cicd, ["function", "publish", "greet"])
    assert 0 == run(cicd, ["function", "alias", "greet", "live", "--version", "1"])
    assert 0 == run(cicd, ["function", "alias", "greet", "live"])
    assert 0 == run(cicd, ["function", "alias", "greet", "live", "--rm"])
    assert 0 == run(cicd, ["function", "rm", "greet"])
    assert 0 == run(cicd, ["fleet", "up", "web", "--directory", "--count", "2"])
    assert 0 == run(cicd, ["fleet", "scale", "web", "1"])
    assert 0 == run(cicd, ["fleet", "down", "web"])
    assert 2 == run(cicd, ["fleet", "down", "nothing"])
    capsys.readouterr()
    _, found = told(capsys, "audit")
    assert [
        ("lambda.amazonaws.com", "CreateFunction"),
        ("lambda.amazonaws.com", "PublishVersion"),
        ("lambda.amazonaws.com", "UpdateAlias"),
        ("lambda.amazonaws.com", "DeleteAlias"),
        ("lambda.amazonaws.com", "DeleteFunction"),
        ("autoscaling.amazonaws.com", "CreateAutoScalingGroup"),
        ("autoscaling.amazonaws.com", "SetDesiredCapacity"),
        ("autoscaling.amazonaws.com", "DeleteAutoScalingGroup"),
        ("autoscaling.amazonaws.com", "DeleteAutoScalingGroup"),
    ] == [(each["eventSource"], each["eventName"]) for each in found["Records"]]
    assert [{"name": "TOKEN", "value": "****"}] == (
        found["Records"][0]["requestParameters"]["environment"]
    )
    assert "ValidationException" == found["Records"][-1]["errorCode"]
    assert "hush" not in (here / ".cicd" / "audit.jsonl").read_text()


def test_a_batch_is_audited_as_a_batch_and_a_rehearsal_not_at_all():
    control = control_of("cicd build", {"batch": True})
    assert control is not None
    assert ("StartBuildBatch", True) == (control.name, control.begins)
    assert control_of("cicd artifact prune", {"dry_run": True}) is None


def test_looking_is_no_control_call(here):
    (here / ".cicd").mkdir()
    assert 0 == run(cicd, ["events", "list"])
    assert 0 == run(cicd, ["audit"])
    assert not (here / ".cicd" / "audit.jsonl").exists()


def test_a_pattern_is_tried_on_an_event_of_a_file(here, capsys):
    (here / "event.json").write_text('{"detail": {"state": "FAILED"}}')
    good, bad = '{"detail": {"state": ["FAILED"]}}', '{"detail": {"state": ["STARTED"]}}'
    assert 0 == run(cicd, ["events", "test-pattern", good, "event.json"])
    assert 1 == run(cicd, ["events", "test-pattern", bad, "event.json"])
    assert 2 == run(cicd, ["events", "test-pattern", '{"detail": {"state": "x"}}', "event.json"])
    assert "must stand in a list" in capsys.readouterr().err
    assert 2 == run(cicd, ["events", "list", "--pattern", "nowhere"])


@pytest.mark.parametrize(
    ("subscriber", "rule"),
    [
        ("{}", "resources/subscriber"),
        ("{command: x, file: y}", "resources/subscriber"),
        ("{url: 'ftp://x'}", "resources/subscriber"),
        ("{file: y, pattern: {detail: {state: FAILED}}}", "resources/event-pattern"),
        ("{file: y, pattern: '{'}", "resources/event-pattern"),
    ],
)
def test_a_subscriber_that_cannot_be_told_is_refused_with_its_place(
    here, capsys, subscriber, rule
):
    (here / "cicd.yml").write_text(f"local: {{subscribers: {{me: {subscriber}}}}}\n")
    assert 3 == run(cicd, ["pipeline", "status"])
    assert rule in capsys.readouterr().err
