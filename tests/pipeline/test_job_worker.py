"""A worker of a custom action, in boto3's words: it polls, acknowledges, works, and reports."""

import io
import json
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import boto3
import pytest
from botocore.config import Config

from cicd.cli.boundary import run as run_cli
from cicd.cli.commands import cicd
from cicd.document.resources import Resources
from cicd.pipeline.commands import RetryMode
from cicd.pipeline.compile import Start
from cicd.pipeline.run import (
    ExecutionRequest,
    execution_state,
    plan_execution,
    resume_execution,
    start_execution,
    stop_execution,
)
from cicd.pipeline.stages import retry_stage
from cicd.testing.fakes import RecordingReporter
from cicd.wiring.functions import serve
from tests.git_command import git
from tests.pipeline.documents import SOURCE_STAGE, action, pipeline, stage
from tests.pipeline.test_whole import machine

MAKE = "Build/Custom/MyBuilder"
TYPE = {"category": "Build", "owner": "Custom", "provider": "MyBuilder", "version": "1"}


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository whose pipeline has a custom build, and takes what it made and said."""
    put = {"BucketName": "seen", "Extract": "true", "ObjectKey": "#{Made.TAG}"}
    make = action(
        "Make", MAKE, takes="code", makes="made", namespace="Made", configuration={"Do": "all"}
    )
    document = pipeline(
        SOURCE_STAGE,
        stage("Build", make),
        stage("Put", action("Put", "Deploy/AWS/S3", takes="made", configuration=put)),
    )
    (tmp_path / "pipeline.json").write_text(json.dumps({"pipeline": document}))
    (tmp_path / "cicd.yml").write_text(
        "local: {runner: host, jobWorkers: [MyBuilder], buckets: {seen: seen}}\n"
    )
    (tmp_path / ".gitignore").write_text(".cicd\nseen\n")
    git(tmp_path, "init", "-q", "-b", "main", ".")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "one")
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Worker:
    """Takes one job after another, until it has reported one without a token."""

    def __init__(self, url):
        self.pipeline, self.s3 = (
            boto3.client(
                name,
                endpoint_url=url,
                region_name="us-east-1",
                aws_access_key_id="x",
                aws_secret_access_key="x",
                config=Config(retries={"max_attempts": 1}),
            )
            for name in ("codepipeline", "s3")
        )

    def job(self, **more):
        for _ in range(1000):
            found = self.pipeline.poll_for_jobs(actionTypeId=TYPE, **more)["jobs"]
            if found:
                return found[0]
            time.sleep(0.02)
        raise AssertionError("no job was offered")

    def taken(self, **more):
        job = self.job(**more)
        taken = self.pipeline.acknowledge_job(jobId=job["id"], nonce=job["nonce"])
        assert "InProgress" == taken["status"]
        return job

    def names_of(self, job):
        place = job["data"]["inputArtifacts"][0]["location"]["s3Location"]
        body = self.s3.get_object(Bucket=place["bucketName"], Key=place["objectKey"])["Body"]
        return zipfile.ZipFile(io.BytesIO(body.read())).namelist()

    def put(self, job, **files):
        place, made = job["data"]["outputArtifacts"][0]["location"]["s3Location"], io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        self.s3.put_object(
            Bucket=place["bucketName"], Key=place["objectKey"], Body=made.getvalue()
        )


def test_each_attempt_of_an_action_is_a_job_with_the_id_of_its_own_execution(root):
    seen = []

    def fail(worker, services, stream):
        seen.append(worker.taken())
        worker.pipeline.put_job_failure_result(
            jobId=seen[0]["id"], failureDetails={"type": "JobFailed", "message": "no"}
        )

    def succeed(worker):
        seen.append(worker.taken())
        worker.put(seen[1], said="done")
        worker.pipeline.put_job_success_result(jobId=seen[1]["id"], outputVariables={"TAG": "v"})

    with running(root, fail) as (result, _):
        assert "Failed" == result.status
    with machine(root, RecordingReporter()) as services:
        worker = Worker(serve(services, 0).url)
        with ThreadPoolExecutor(1) as beside:
            worked = beside.submit(succeed, worker)
            retry_stage(
                result.stream,
                services,
                stage="Build",
                mode=RetryMode.FAILED_ACTIONS,
                now_is=None,
            )
            again = resume_execution(result.stream, services)
            worked.result()
        assert "Succeeded" == again.status, again.failure
        told = [
            each["actionExecutionId"]
            for each in again.execution["actionExecutionDetails"]
            if each["actionName"] == "Make"
        ]
    contexts = [each["data"]["pipelineContext"] for each in seen]
    assert sorted(told) == sorted(each["action"]["actionExecutionId"] for each in contexts)
    assert 2 == len(set(told))
    assert {"arn:aws:codepipeline:us-east-1:123456789012:shop"} == {
        each["pipelineArn"] for each in contexts
    }


@contextmanager
def running(root, work):
    """Run the pipeline while ``work`` is done beside it; gives its result, and its state."""
    with machine(root, RecordingReporter()) as services:
        worker = Worker(serve(services, 0).url)
        asked = ExecutionRequest(directory=root, start=Start())
        plan = plan_execution(asked, services, Resources.load(root)).plan
        stream = f"pipeline/{plan.execution_id}"

        def ended(done):
            if done.exception() is not None:  # else the pipeline would wait for ever
                stop_execution(stream, services, abandon=True)

        with ThreadPoolExecutor(1) as beside:
            worked = beside.submit(work, worker, services, stream)
            worked.add_done_callback(ended)
            result = start_execution(plan, services)
            worked.result()
        yield result, execution_state(result.stream, services)


def test_a_worker_takes_a_job_works_in_steps_and_hands_on_what_it_made(root):
    def work(worker, services, stream):
        first = worker.taken(queryParam={"Do": "all"})
        data = first["data"]
        assert TYPE == data["actionTypeId"]
        assert ("shop", "Build", "Make") == (
            data["pipelineContext"]["pipelineName"],
            data["pipelineContext"]["stage"]["name"],
            data["pipelineContext"]["action"]["name"],
        )
        assert data == worker.pipeline.get_job_details(jobId=first["id"])["jobDetails"]["data"]
        assert "pipeline.json" in worker.names_of(first)
        worker.pipeline.put_job_success_result(jobId=first["id"], continuationToken="half")
        second = worker.taken()
        assert "half" == second["data"]["continuationToken"]
        assert first["id"] != second["id"]
        worker.put(second, said="done")
        worker.pipeline.put_job_success_result(
            jobId=second["id"],
            outputVariables={"TAG": "v7"},
            executionDetails={"summary": "made", "externalExecutionId": "42"},
        )

    with running(root, work) as (result, state):
        assert "Succeeded" == result.status, result.failure
        made = state.actions["Build/Make"].result
        assert ("made", "42") == (made.summary, made.external_execution_id)
    assert "done" == (root / "seen/v7/said").read_text()
    assert [] == list((root / ".cicd/jobs").iterdir())


def test_a_job_is_one_workers_and_its_failure_the_actions(root):
    def work(worker, services, stream):
        refusals = worker.pipeline.exceptions
        job = worker.job()
        assert (
            []
            == worker.pipeline.poll_for_jobs(actionTypeId=TYPE, queryParam={"Do": "nothing"})[
                "jobs"
            ]
        )
        with pytest.raises(refusals.InvalidNonceException):
            worker.pipeline.acknowledge_job(jobId=job["id"], nonce="1")
        worker.taken()
        with pytest.raises(refusals.InvalidNonceException):
            worker.pipeline.acknowledge_job(jobId=job["id"], nonce=job["nonce"])
        with pytest.raises(refusals.JobNotFoundException):
            worker.pipeline.acknowledge_job(jobId="0" * 36, nonce=job["nonce"])
        assert [] == worker.pipeline.poll_for_jobs(actionTypeId=TYPE)["jobs"]
        worker.pipeline.put_job_failure_result(
            jobId=job["id"], failureDetails={"type": "PermissionError", "message": "no"}
        )
        with pytest.raises(refusals.InvalidJobStateException):
            worker.pipeline.put_job_success_result(jobId=job["id"])

    with running(root, work) as (result, _):
        error = result.failure.error
        assert ("Failed", "PermissionError", "no") == (result.status, error.code, error.message)


def test_a_job_of_an_execution_that_was_abandoned_is_offered_no_more(root):
    def work(worker, services, stream):
        worker.job()
        stop_execution(stream, services, abandon=True)
        for _ in range(1000):
            if not worker.pipeline.poll_for_jobs(actionTypeId=TYPE)["jobs"]:
                return
            time.sleep(0.02)
        raise AssertionError("it is offered still")

    with running(root, work) as (result, state):
        assert ("Stopped", "Abandoned") == (result.status, state.actions["Build/Make"].status)
    assert [] == list((root / ".cicd/jobs").iterdir())


def test_who_has_no_worker_is_refused_and_told_of_before(root, capsys):
    with machine(root, RecordingReporter()) as services:
        worker = Worker(serve(services, 0).url)
        for other in ({**TYPE, "provider": "Other"}, {**TYPE, "owner": "AWS"}):
            with pytest.raises(worker.pipeline.exceptions.ActionTypeNotFoundException):
                worker.pipeline.poll_for_jobs(actionTypeId=other)
    assert 0 == run_cli(cicd, ["lint", "--fail-on", "warning"])
    (root / "cicd.yml").write_text("local: {runner: host, jobWorkers: [Other]}\n")
    assert 1 == run_cli(cicd, ["lint", "--fail-on", "warning"])
    said = capsys.readouterr()
    assert "local.jobWorkers" in said.out + said.err
