"""What of a call is in the audit, and what is not."""

import json
from datetime import UTC, datetime

import pytest

from cicd.backends.endpoint.call import Answer, Call
from cicd.backends.endpoint.control_calls import control_call

AT = datetime(2026, 11, 26, tzinfo=UTC)


def target(name, /, **fields):
    headers = {"x-amz-target": name, "user-agent": "Boto3/1"}
    body = json.dumps(fields).encode()
    return Call(method="POST", path="/", query={}, headers=headers, body=body)


def lambda_(method, path, body=b""):
    path = f"/2015-03-31/functions{path}"
    return Call(method=method, path=path, query={}, headers={}, body=body)


def of(call, answer=None):
    return control_call(call, answer or Answer(), at=AT, user="ann")


def test_a_jobs_report_is_kept_without_what_may_be_secret():
    reported = target(
        "CodePipeline_20150709.PutJobSuccessResult",
        jobId="7",
        outputVariables={"word": "hush"},
        continuationToken="hush",
    )
    found = of(reported)
    assert ("codepipeline", "PutJobSuccessResult", "ann", "Boto3/1") == (
        found.service,
        found.name,
        found.user,
        found.agent,
    )
    assert {
        "jobId": "7",
        "outputVariables": {"word": "****"},
        "continuationToken": "****",
    } == found.request


def test_a_secret_deep_in_a_declaration_is_not_kept():
    action = {"name": "Code", "configuration": {"Owner": "me", "OAuthToken": "hush"}}
    asked = target("CodePipeline_20150709.CreatePipeline", pipeline={"stages": [[action]]})
    kept = {"name": "Code", "configuration": {"Owner": "me", "OAuthToken": "****"}}
    assert {"pipeline": {"stages": [[kept]]}} == of(asked).request


@pytest.mark.parametrize("name", ["BatchGetBuilds", "ListBuilds", "DescribeTestCases"])
def test_a_call_that_looks_at_builds_is_not_kept(name):
    assert of(target(f"CodeBuild_20161006.{name}")) is None


def test_a_refusal_is_kept_with_its_exception():
    body = json.dumps({"__type": "JobNotFoundException", "message": "no job"}).encode()
    failed = target("CodePipeline_20150709.PutJobFailureResult", jobId="8")
    found = of(failed, Answer(status=400, body=body))
    assert ("JobNotFoundException", "no job", None) == (found.error, found.message, found.response)


@pytest.mark.parametrize(
    ("call", "name", "parameters"),
    [
        (
            target("CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus", status="Succeeded"),
            "PutLifecycleEventHookExecutionStatus",
            {"status": "Succeeded"},
        ),
        (lambda_("POST", "/fn/versions"), "PublishVersion20150331", {"functionName": "fn"}),
        (
            lambda_("PUT", "/fn/aliases/live", b'{"FunctionVersion": "2"}'),
            "UpdateAlias20150331",
            {"functionName": "fn", "name": "live", "FunctionVersion": "2"},
        ),
        (lambda_("DELETE", "/fn/aliases/live", b"["), "DeleteAlias20150331", None),
    ],
)
def test_what_changes_something_has_its_record(call, name, parameters):
    found = of(call)
    assert name == found.name
    assert parameters is None or parameters == found.request


@pytest.mark.parametrize(
    "call",
    [
        target("CodePipeline_20150709.GetPipelineState", name="shop"),
        target("CodePipeline_20150709.ListActionExecutions", pipelineName="shop"),
        target("CodeDeploy_20141006.GetDeployment", deploymentId="d-1"),
        target("Unknown.PutThing"),
        lambda_("GET", "/fn/aliases"),
        lambda_("POST", "/fn/invocations", b"{}"),  # a data event
    ],
)
def test_what_only_looks_and_an_invocation_have_none(call):
    assert of(call) is None
