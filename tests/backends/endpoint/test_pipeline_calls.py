"""CodePipeline's calls by boto3 as it is, while another process runs the pipeline."""

import json
import subprocess
import sys
import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cicd.settings import load_settings
from cicd.wiring import make_services
from cicd.wiring.functions import serve
from cicd.wiring.kept import audit_log

PIPELINE = """
name: shop
roleArn: arn:aws:iam::123456789012:role/p
pipelineType: V2
artifactStore: {type: S3, location: artifacts}
stages:
  - name: Source
    actions:
      - name: Checkout
        actionTypeId: {category: Source, owner: AWS, provider: CodeCommit, version: "1"}
        configuration: {RepositoryName: shop, BranchName: main}
        outputArtifacts: [{name: code}]
  - name: Ask
    actions:
      - name: Approve
        actionTypeId: {category: Approval, owner: AWS, provider: Manual, version: "1"}
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "pipeline.yml").write_text(PIPELINE)
    (tmp_path / "cicd.yml").write_text("local: {repositories: {shop: .}}\n")
    monkeypatch.chdir(tmp_path)
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        ("-c", "user.name=n", "-c", "user.email=e@x", "commit", "--quiet", "--message=m"),
    ):
        subprocess.run(("git", *words), check=True)
    return tmp_path / ".cicd"


@pytest.fixture
def client(home):
    settings = load_settings({"home": str(home)}, {}, home.parent)
    with make_services(settings, reporters=()) as services:
        yield boto3.client(
            "codepipeline",
            endpoint_url=serve(services, 0).url,
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=Config(retries={"max_attempts": 1}),
        )


def waits(client, running):
    """Give the token of the approval, once it is asked for."""
    while running.poll() is None:
        try:
            asked = client.get_pipeline_state(name="shop")["stageStates"][1]
        except client.exceptions.PipelineNotFoundException:
            asked = {"actionStates": [{}]}
        latest = asked["actionStates"][0].get("latestExecution", {})
        if "token" in latest:
            return latest["token"]
        time.sleep(0.02)
    raise AssertionError(running.communicate())


def test_an_approval_is_answered_by_the_api_from_another_process_and_is_audited(home, client):
    program = (sys.executable, "-m", "cicd", "pipeline", "run", "--output", "plain")
    running = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    token = waits(client, running)
    (listed,) = client.list_pipeline_executions(pipelineName="shop")["pipelineExecutionSummaries"]
    id_ = listed["pipelineExecutionId"]
    assert "InProgress" == listed["status"]
    answer = {
        "pipelineName": "shop",
        "stageName": "Ask",
        "actionName": "Approve",
        "result": {"summary": "looks good", "status": "Approved"},
    }
    with pytest.raises(client.exceptions.InvalidApprovalTokenException):
        client.put_approval_result(**answer, token="00000000-0000-0000-0000-000000000000")
    client.disable_stage_transition(
        pipelineName="shop", stageName="Ask", transitionType="Inbound", reason="a rehearsal"
    )
    held = client.get_pipeline_state(name="shop")["stageStates"][1]["inboundTransitionState"]
    assert (False, "a rehearsal") == (held["enabled"], held["disabledReason"])
    client.enable_stage_transition(pipelineName="shop", stageName="Ask", transitionType="Inbound")
    assert client.put_approval_result(**answer, token=token)["approvedAt"].year > 2000
    assert 0 == running.wait(30)
    running.stdout.close()

    found = client.get_pipeline_execution(pipelineName="shop", pipelineExecutionId=id_)
    assert "Succeeded" == found["pipelineExecution"]["status"]
    actions = client.list_action_executions(
        pipelineName="shop", filter={"pipelineExecutionId": id_}
    )["actionExecutionDetails"]
    assert [("Approve", "Succeeded"), ("Checkout", "Succeeded")] == [
        (each["actionName"], each["status"]) for each in actions
    ]
    with pytest.raises(client.exceptions.PipelineExecutionNotStoppableException):
        client.stop_pipeline_execution(pipelineName="shop", pipelineExecutionId=id_)
    with pytest.raises(ClientError, match="PipelineExecutionNotFoundException"):
        client.stop_pipeline_execution(pipelineName="shop", pipelineExecutionId=id_[:-1] + "g")

    records = list(audit_log(home).records())
    assert [
        ("StartPipelineExecution", ""),
        ("PutApprovalResult", "InvalidApprovalTokenException"),
        ("DisableStageTransition", ""),
        ("EnableStageTransition", ""),
        ("PutApprovalResult", ""),
        ("StopPipelineExecution", "PipelineExecutionNotStoppableException"),
        ("StopPipelineExecution", "PipelineExecutionNotFoundException"),
    ] == [(each["eventName"], each.get("errorCode", "")) for each in records]
    approved = records[4]
    assert "Boto3" in approved["userAgent"]
    assert {**answer, "token": "****"} == approved["requestParameters"]
    assert token not in json.dumps(records)
    assert [] == audit_log(home).verify()[1]
