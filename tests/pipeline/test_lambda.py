"""Functions that pipelines invoke, really: they report through the endpoint, with boto3."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from cicd.document.resources import Resources
from cicd.pipeline.compile import Start
from cicd.pipeline.jobs import follow
from cicd.pipeline.jobs.job import Job, JobResult
from cicd.pipeline.jobs.ledger import JobRefused, put_result, result_of, submit
from cicd.pipeline.run import ExecutionRequest, execution_state, plan_execution, start_execution
from cicd.testing.fakes import RecordingReporter
from tests.functions.world import create
from tests.git_command import git
from tests.pipeline.documents import SOURCE_STAGE, action, pipeline, stage
from tests.pipeline.gates import gate, rule
from tests.pipeline.test_whole import machine

INVOKE = "Invoke/AWS/Lambda"
HANDLER = """
import io, json, zipfile

def handler(event, context):
    job = event["CodePipeline.job"]
    data = job["data"]
    do = data["actionConfiguration"]["configuration"].get("UserParameters")
    if do in ("silent", "raise"):
        if do == "raise":
            raise ValueError("oh")
        return {"status": "Succeeded"}
    import boto3

    pipeline = boto3.client("codepipeline")
    if do == "copy":
        s3 = boto3.client("s3")
        place = data["inputArtifacts"][0]["location"]["s3Location"]
        body = s3.get_object(Bucket=place["bucketName"], Key=place["objectKey"])["Body"].read()
        names = zipfile.ZipFile(io.BytesIO(body)).namelist()
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("list.txt", "\\n".join(names))
        out = data["outputArtifacts"][0]["location"]["s3Location"]
        s3.put_object(Bucket=out["bucketName"], Key=out["objectKey"], Body=made.getvalue())
    if do in ("fail", "deny"):
        kind = "ConfigurationError" if do == "fail" else "PermissionError"
        pipeline.put_job_failure_result(jobId=job["id"], failureDetails={
            "type": kind, "message": "the database is not there"})
        return
    if do == "steps" and "continuationToken" not in data:
        pipeline.put_job_success_result(jobId=job["id"], continuationToken="half")
        return
    answer = dict(outputVariables={"Word": data.get("continuationToken", "whole")},
                  executionDetails={"summary": "done", "externalExecutionId": "x-1"})
    pipeline.put_job_success_result(jobId=job["id"], **answer)
    try:
        pipeline.put_job_success_result(jobId=job["id"])
    except pipeline.exceptions.InvalidJobStateException:
        print("twice is refused")
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(follow, "BEFORE_THE_NEXT", timedelta(seconds=0.1))


def run(root, *stages, functions=True):
    git(root, "init", "-q", "-b", "main", ".")
    (root / "pipeline.json").write_text(
        json.dumps({"pipeline": pipeline(SOURCE_STAGE, *stages, pipelineType="V2")})
    )
    (root / "cicd.yml").write_text("local: {runner: host}\n")
    (root / ".gitignore").write_text(".cicd\n*-code\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    with machine(root, RecordingReporter()) as services:
        if functions:
            create(services, "worker", HANDLER, timeout=60, memory_size=512)
        asked = ExecutionRequest(directory=root, start=Start())
        planned = plan_execution(asked, services, Resources.load(root))
        result = start_execution(planned.plan, services)
        log = [line.text for _, line in services.logs.read(result.stream)]
        return result, execution_state(result.stream, services), "\n".join(log), services


def call(do="go", **more):
    configuration = {"FunctionName": "worker", "UserParameters": do}
    return action("Call", INVOKE, configuration=configuration, **more)


def test_trap_73_artifacts_go_through_a_function_and_its_variables_to_the_next_action(tmp_path):
    use = {"FunctionName": "worker", "UserParameters": "#{Fn.Word}"}
    result, state, log, services = run(
        tmp_path,
        stage("Next", call("copy", takes="code", makes="list", namespace="Fn")),
        stage("Last", action("Use", INVOKE, configuration=use, takes="list")),
    )
    assert "Succeeded" == result.status, log
    called = state.actions["Next/Call"].result
    assert ("done", "x-1") == (called.summary, called.external_execution_id)
    assert {"Word": "whole"} == dict(called.variables)  # trap 73: of the call alone
    assert "twice is refused" in log
    made = called.outputs[0]
    services.artifacts.unpack(services.artifacts.find(made.digest), tmp_path / "seen")
    assert "cicd.yml" in (tmp_path / "seen/list.txt").read_text()
    assert [] == list((tmp_path / ".cicd/jobs").iterdir())


def test_trap_76_a_token_brings_the_function_again_with_a_new_job_of_the_same_action(tmp_path):
    result, state, log, _ = run(tmp_path, stage("Next", call("steps")))  # trap 76
    assert "Succeeded" == result.status, log
    assert {"Word": "half"} == dict(state.actions["Next/Call"].result.variables)
    assert 2 == log.count("START RequestId")


@pytest.mark.parametrize(
    ("do", "code", "words"),
    [
        ("fail", "ConfigurationError", "the database is not there"),
        ("deny", "PermissionError", "the database is not there"),
        ("silent", "JobFailed", "within 20 minutes: what it returns is no report"),  # trap 75
        ("raise", "JobFailed", "within 20 minutes"),
    ],
)
def test_trap_75_a_function_that_reports_failure_or_nothing_fails_its_action(
    tmp_path, monkeypatch, do, code, words
):
    if do not in ("fail", "deny"):
        monkeypatch.setattr(follow, "SILENCE", timedelta(seconds=2))
    result, state, log, _ = run(tmp_path, stage("Next", call(do)))
    error = state.actions["Next/Call"].result.error
    assert ("Failed", code) == (result.status, error.code)
    assert words in error.message
    assert [] == list((tmp_path / ".cicd/jobs").iterdir())
    if do == "raise":
        assert "worker ended with an error" in log


def test_a_function_that_is_not_there_is_a_wrong_configuration(tmp_path):
    result, state, _, _ = run(tmp_path, stage("Next", call()), functions=False)
    error = state.actions["Next/Call"].result.error
    assert ("Failed", "ConfigurationError") == (result.status, error.code)
    assert "Function not found" in error.message


@pytest.mark.parametrize(("do", "status"), [("go", "Succeeded"), ("fail", "Failed")])
def test_a_rule_holds_when_its_function_reports_success(tmp_path, do, status):
    asks = rule("LambdaInvoke", "Ask", {"FunctionName": "worker", "UserParameters": do})
    guarded = stage("Next", call(), beforeEntry=gate("FAIL", asks))
    result, _, log, _ = run(tmp_path, guarded)
    assert status == result.status, log


@pytest.fixture
def services(tmp_path):
    with machine(tmp_path, RecordingReporter()) as services:
        yield services


JOB = Job(id="j1", configuration={"FunctionName": "f"}, bucket="b")
GOOD = JobResult(succeeded=True)


def test_only_the_first_report_of_a_job_that_is_there_counts(services):
    with pytest.raises(JobRefused, match="JobNotFoundException"):
        put_result("j1", GOOD, services)
    submit(JOB, services)
    submit(JOB, services)
    assert None is result_of("j1", services)
    put_result("j1", GOOD, services)
    with pytest.raises(JobRefused, match="InvalidJobStateException"):
        put_result("j1", replace(GOOD, summary="again"), services)
    assert "" == result_of("j1", services).summary


@pytest.mark.parametrize(
    "wrong",
    [
        {"continuation_token": "x" * 2049},
        {"continuation_token": "x", "variables": {"a": "b"}},
        {"summary": "x" * 2049},
        {"variables": {"a.b": "c"}},
        {"succeeded": False, "failure_type": "Other", "message": "m"},
        {"succeeded": False, "failure_type": "JobFailed", "message": ""},
        {"succeeded": False, "failure_type": "JobFailed", "message": "x" * 5001},
    ],
)
def test_a_report_that_the_service_refuses_changes_nothing(services, wrong):
    submit(JOB, services)
    with pytest.raises(JobRefused, match="ValidationException"):
        put_result("j1", replace(GOOD, **wrong), services)
    assert None is result_of("j1", services)


def test_a_job_hands_on_variables_up_to_their_size(services):
    submit(JOB, services)
    long = replace(GOOD, variables={"a": "x" * 122_880})
    with pytest.raises(JobRefused, match="OutputVariablesSizeExceededException"):
        put_result("j1", long, services)
    put_result("j1", replace(GOOD, variables={"a": "x" * 122_879}), services)
