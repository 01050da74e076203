"""CodePipeline's calls by boto3 as it is, while another process runs the pipeline."""

import json
import subprocess
import sys
import time

import boto3
import pytest
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError

from cicd.pipeline.jobs.job import Job
from cicd.pipeline.jobs.ledger import submit
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
            endpoint_url=serve(services, 0, settings).url,
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=Config(retries={"max_attempts": 1}, parameter_validation=False),
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


def token_of(client, id_):
    """Give the token of an execution's approval, once it is asked for."""
    for _ in until(client, id_):
        stage = client.get_pipeline_state(name="shop")["stageStates"][1]
        latest = stage["actionStates"][0].get("latestExecution", {})
        if stage.get("latestExecution", {}).get("pipelineExecutionId") == id_ and (
            "InProgress" == latest.get("status") and "token" in latest
        ):
            return latest["token"]
    raise AssertionError(client.get_pipeline_state(name="shop"))


def until(client, id_):
    """Look again and again, while an execution goes on."""
    while status(client, id_) in {"InProgress", "Stopping"}:
        yield
        time.sleep(0.02)


def status(client, id_):
    found = client.get_pipeline_execution(pipelineName="shop", pipelineExecutionId=id_)
    return found["pipelineExecution"]["status"]


def answer(client, id_, word):
    client.put_approval_result(
        pipelineName="shop",
        stageName="Ask",
        actionName="Approve",
        result={"summary": "", "status": word},
        token=token_of(client, id_),
    )
    for _ in until(client, id_):
        pass
    return status(client, id_)


def test_what_the_api_starts_is_driven_by_the_endpoint_and_retried_rolled_back_and_stopped(
    home, client
):
    assert ["shop"] == [each["name"] for each in client.list_pipelines()["pipelines"]]
    assert {} == client.get_pipeline_state(name="shop")["stageStates"][1]["actionStates"][0].get(
        "latestExecution", {}
    )
    first = client.start_pipeline_execution(name="shop", clientRequestToken="once")
    first = first["pipelineExecutionId"]
    again = client.start_pipeline_execution(name="shop", clientRequestToken="once")
    assert first == again["pipelineExecutionId"]
    assert "Succeeded" == answer(client, first, "Approved")

    second = client.start_pipeline_execution(name="shop")["pipelineExecutionId"]
    assert "Failed" == answer(client, second, "Rejected")
    source, asked = client.get_pipeline_state(name="shop")["stageStates"]
    assert asked["actionStates"][0]["latestExecution"]["lastUpdatedBy"]
    took = source["actionStates"][0]
    assert took["currentRevision"]["revisionId"] == took["latestExecution"]["externalExecutionId"]
    where = {"pipelineName": "shop", "stageName": "Ask"}
    client.retry_stage_execution(**where, pipelineExecutionId=second, retryMode="FAILED_ACTIONS")
    assert "Succeeded" == answer(client, second, "Approved")
    latest = {"pipelineExecutionId": second, "startTimeRange": "Latest"}
    assert [("Approve", "Succeeded"), ("Checkout", "Succeeded")] == [
        (each["actionName"], each["status"])
        for each in client.list_action_executions(
            pipelineName="shop", filter={"latestInPipelineExecution": latest}
        )["actionExecutionDetails"]
    ]
    attempts = client.get_paginator("list_action_executions").paginate(
        pipelineName="shop",
        filter={"pipelineExecutionId": second},
        PaginationConfig={"PageSize": 1},
    )
    assert ["Succeeded", "Failed", "Succeeded"] == [
        each["status"] for page in attempts for each in page["actionExecutionDetails"]
    ]

    third = client.rollback_stage(**where, targetPipelineExecutionId=first)["pipelineExecutionId"]
    assert "Succeeded" == answer(client, third, "Approved")
    assert 2 == len(client.get_pipeline_state(name="shop")["stageStates"])

    fourth = client.start_pipeline_execution(name="shop")["pipelineExecutionId"]
    token_of(client, fourth)
    client.stop_pipeline_execution(pipelineName="shop", pipelineExecutionId=fourth, abandon=True)
    for _ in until(client, fourth):
        pass
    assert "Stopped" == status(client, fourth)

    page = client.list_pipeline_executions(pipelineName="shop", maxResults=1)
    rest = client.list_pipeline_executions(pipelineName="shop", nextToken=page["nextToken"])
    assert [fourth, third, second, first] == [
        each["pipelineExecutionId"]
        for listed in (page, rest)
        for each in listed["pipelineExecutionSummaries"]
    ]
    asked = client.list_pipeline_executions(
        pipelineName="shop", filter={"succeededInStage": {"stageName": "Ask"}}
    )
    assert [third, second, first] == [
        each["pipelineExecutionId"] for each in asked["pipelineExecutionSummaries"]
    ]
    assert [
        "StartPipelineExecution",
        "StartPipelineExecution",
        "PutApprovalResult",
        "StartPipelineExecution",
        "PutApprovalResult",
        "RetryStageExecution",
        "PutApprovalResult",
        "RollbackStage",
        "PutApprovalResult",
        "StartPipelineExecution",
        "StopPipelineExecution",
    ] == [each["eventName"] for each in audit_log(home).records()]


def test_what_cannot_be_is_refused_in_the_answer_by_the_services_own_name(home, client):
    def refused(operation, **fields):
        with pytest.raises(ClientError) as refusal:
            getattr(client, operation)(**fields)
        return refusal.value.response["Error"]["Code"]

    assert "PipelineNotFoundException" == refused("start_pipeline_execution", name="shopp")
    assert "ValidationException" == refused(
        "start_pipeline_execution", name="shop", variables=[{"name": "no", "value": "x"}]
    )
    assert "ValidationException" == refused("get_pipeline_state")
    assert "InvalidNextTokenException" == refused(
        "list_pipeline_executions", pipelineName="shop", nextToken="x"
    )
    assert "PipelineVersionNotFoundException" == refused("get_pipeline", name="shop", version=7)
    answer = {"result": {"summary": "", "status": "Approved"}, "token": "x" * 36}
    assert "StageNotFoundException" == refused(
        "put_approval_result", pipelineName="shop", stageName="No", actionName="Approve", **answer
    )
    assert "ActionNotFoundException" == refused(
        "put_approval_result", pipelineName="shop", stageName="Ask", actionName="No", **answer
    )
    twice = [{"actionName": "Checkout", "revisionType": "COMMIT_ID", "revisionValue": "main"}] * 2
    assert "ValidationException" == refused(
        "start_pipeline_execution", name="shop", sourceRevisions=twice
    )
    with pytest.raises(ClientError, match=r"\(UnsupportedOp.*'shop' is not deleted.*: edit cicd"):
        client.delete_pipeline(name="shop")
    (home.parent / "cicd.yml").write_text("projects: 7\n")
    with pytest.raises(ClientError, match=r"InvalidStructure.*cicd.yml:1:11: 'projects' must be"):
        client.start_pipeline_execution(name="shop")


def test_what_there_is_not_is_deleted_without_a_word(client):
    for _ in range(2):
        client.delete_pipeline(name="nobody")
        client.delete_webhook(name="nobody")
    assert [] == client.list_webhooks()["webhooks"]


def test_a_pipeline_is_given_as_the_service_would_give_it(client):
    found = client.get_pipeline(name="shop")["pipeline"]
    assert ("shop", 1, "V2", "SUPERSEDED") == tuple(
        found[key] for key in ("name", "version", "pipelineType", "executionMode")
    )
    (checkout,) = found["stages"][0]["actions"]
    (approve,) = found["stages"][1]["actions"]
    assert ([], [], {}) == tuple(
        approve[key] for key in ("inputArtifacts", "outputArtifacts", "configuration")
    )
    assert (1, "1", "main") == (
        checkout["runOrder"],
        checkout["actionTypeId"]["version"],
        checkout["configuration"]["BranchName"],
    )
    assert "Manual" in [
        each["id"]["provider"] for each in client.list_action_types()["actionTypes"]
    ]


def test_the_kinds_of_rules_are_listed_with_their_configuration(client):
    kinds = {
        each["id"]["provider"]: {
            key["name"]: key["required"] for key in each["ruleConfigurationProperties"]
        }
        for each in client.list_rule_types()["ruleTypes"]
    }
    assert {"Cron": True, "TimeZone": False} == kinds["DeploymentWindow"]
    assert "VariableCheck" in kinds


ARN = "arn:aws:codepipeline:us-east-1:123456789012:{}"
TEMPLATE = """
Parameters: {Team: {Type: String, Default: web}}
Resources:
  Shop:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      Name: made
      Tags: [{Key: team, Value: !Ref Team}]
"""


def test_tags_are_those_that_stand_beside_the_pipeline(home, client):
    assert [] == client.list_tags_for_resource(resourceArn=ARN.format("shop"))["tags"]
    request = {"pipeline": yaml.safe_load(PIPELINE), "tags": [{"key": "a", "value": "b"}]}
    (home.parent / "pipeline.yml").write_text(yaml.safe_dump(request))
    assert [{"key": "a", "value": "b"}] == client.list_tags_for_resource(
        resourceArn=ARN.format("shop")
    )["tags"]
    for arn, refusal in (
        (ARN.format("none"), "ResourceNotFoundException"),
        ("arn:aws:s3:::shop", "InvalidArnException"),
    ):
        with pytest.raises(ClientError, match=refusal):
            client.list_tags_for_resource(resourceArn=arn)


def test_tags_of_a_template_are_resolved(home, client):
    (home.parent / "pipeline.yml").unlink()
    shape = yaml.safe_load(PIPELINE)
    stages = json.dumps([_capitalised(stage) for stage in shape["stages"]])
    store = "      ArtifactStore: {Type: S3, Location: artifacts}\n"
    role = f"      RoleArn: {shape['roleArn']}\n      Stages: {stages}\n"
    (home.parent / "infra.yml").write_text(TEMPLATE + store + role)
    assert [{"key": "team", "value": "web"}] == client.list_tags_for_resource(
        resourceArn=ARN.format("made")
    )["tags"]


def _capitalised(value):
    if isinstance(value, list):
        return [_capitalised(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {key[0].upper() + key[1:]: _capitalised(each) for key, each in value.items()}


def test_a_job_is_given_as_the_function_was_invoked_with_it(home, client):
    settings = load_settings({"home": str(home)}, {}, home.parent)
    job = Job(id="7", configuration={"FunctionName": "f"}, bucket="codepipeline-local-x")
    with make_services(settings, reporters=()) as services:
        submit(job, services)
    found = client.get_job_details(jobId="7")["jobDetails"]
    assert ("7", {"FunctionName": "f"}) == (
        found["id"],
        found["data"]["actionConfiguration"]["configuration"],
    )
    with pytest.raises(client.exceptions.JobNotFoundException):
        client.get_job_details(jobId="8")


def test_a_pipeline_that_never_ran_has_a_state_even_if_a_start_must_be_given_a_variable(
    home, client
):
    path = home.parent / "pipeline.yml"
    path.write_text(PIPELINE + "variables: [{name: word}]\n")
    assert ["Source", "Ask"] == [
        each["stageName"] for each in client.get_pipeline_state(name="shop")["stageStates"]
    ]
    with pytest.raises(ClientError, match="the variable 'word' of the pipeline 'shop' has no"):
        client.start_pipeline_execution(name="shop")


def test_what_this_machine_cannot_do_is_refused_once_and_not_asked_again(home, client):
    gate = "    onFailure: {conditions: [{result: ROLLBACK}]}\n"
    (home.parent / "pipeline.yml").write_text(PIPELINE + gate)
    with pytest.raises(ClientError, match="'onFailure' of the stage 'Ask' asks nothing"):
        client.start_pipeline_execution(name="shop")
    assert ["StartPipelineExecution"] == [each["eventName"] for each in audit_log(home).records()]
