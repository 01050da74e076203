"""The wire: raw HTTP, and boto3 as it is."""

import json
import os
import socket
import threading
import time
from http.client import HTTPConnection

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cicd.backends.endpoint import peer
from cicd.wiring.functions import serve
from tests.functions.world import create, home

HANDLER = """
import os
def handler(event, context):
    print("heard", event)
    if event == "list":
        import boto3
        found = boto3.client("lambda").list_functions()["Functions"]
        return [each["FunctionName"] for each in found]
    if event == "raise":
        raise RuntimeError("no")
    return [os.environ["AWS_LAMBDA_FUNCTION_VERSION"], event]
"""


@pytest.fixture
def endpoint(tmp_path):
    with home(tmp_path) as services:
        functions = create(services, "fn", HANDLER, timeout=60)
        functions.publish("fn")
        functions.update("fn", lambda held: held.__class__(**{**_held(held), "timeout": 61}))
        functions.publish("fn")
        yield serve(services, 0)


def _held(held):
    return {name: getattr(held, name) for name in held.__slots__}


@pytest.fixture
def client(endpoint):
    return boto3.client(
        "lambda",
        endpoint_url=endpoint.url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"max_attempts": 1}),
    )


def raw(endpoint, method, path, body=b"", **headers):
    host, port = endpoint.url.removeprefix("http://").split(":")
    connection = HTTPConnection(host, int(port), timeout=30)
    connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def test_boto3_invokes_publishes_and_moves_an_alias(client):
    answer = client.invoke(FunctionName="fn", Payload=b'{"a": 1}', LogType="Tail")
    assert (200, "$LATEST") == (answer["StatusCode"], answer["ExecutedVersion"])
    assert ["$LATEST", {"a": 1}] == json.load(answer["Payload"])
    assert answer["LogResult"]
    client.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    client.update_alias(
        FunctionName="fn", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}}
    )
    ran = [
        client.invoke(FunctionName="fn", Qualifier="live")["ExecutedVersion"] for _ in range(80)
    ]
    assert 17 <= ran.count("2") <= 23
    found = client.get_alias(FunctionName="fn", Name="live")
    assert {"2": 0.25} == found["RoutingConfig"]["AdditionalVersionWeights"]
    versions = client.list_versions_by_function(FunctionName="fn")["Versions"]
    assert ["$LATEST", "1", "2"] == [each["Version"] for each in versions]
    assert "2" == client.publish_version(FunctionName="fn")["Version"]  # nothing has changed
    assert "fn" == client.get_function(FunctionName="fn")["Configuration"]["FunctionName"]
    assert 60 == client.get_function(FunctionName="fn:1")["Configuration"]["Timeout"]
    raised = client.invoke(FunctionName="fn", Payload=b'"raise"')
    assert "Unhandled" == raised["FunctionError"]
    assert "RuntimeError" == json.load(raised["Payload"])["errorType"]
    assert 204 == client.invoke(FunctionName="fn", InvocationType="DryRun")["StatusCode"]


def test_a_function_reaches_the_endpoint_that_invoked_it(client):
    assert ["fn"] == json.load(client.invoke(FunctionName="fn", Payload=b'"list"')["Payload"])


def test_an_event_is_taken_and_runs_while_nobody_waits(endpoint, client):
    assert 202 == client.invoke(FunctionName="fn", InvocationType="Event")["StatusCode"]
    services = endpoint._server.RequestHandlerClass.served.services
    for _ in range(2400):  # far longer than any machine takes
        if any("REPORT" in line.text for _, line in services.logs.read("function/fn")):
            return
        threading.Event().wait(0.05)
    raise AssertionError("it never ran")


def test_refusals_are_the_exceptions_that_boto3_knows(client):
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="Function not found"):
        client.invoke(FunctionName="nope")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName="fn", Qualifier="9")
    with pytest.raises(client.exceptions.InvalidRequestContentException):
        client.invoke(FunctionName="fn", Payload=b"{")
    with pytest.raises(client.exceptions.RequestTooLargeException):
        client.invoke(FunctionName="fn", Payload=b'"' + b"x" * 6_291_456 + b'"')
    with pytest.raises(client.exceptions.ResourceConflictException):
        client.create_alias(FunctionName="fn", Name="a", FunctionVersion="1")
        client.create_alias(FunctionName="fn", Name="a", FunctionVersion="1")
    with pytest.raises(ClientError, match="UnknownOperationException"):
        client.list_layers()


PIPELINES = "CodePipeline_20150709"
LONG = json.dumps({"name": "x" * 5000}).encode()  # no file can have that name


def test_raw_http_gets_no_traceback_and_strangers_get_nothing(endpoint):
    path = "/2015-03-31/functions/fn/invocations"
    status, headers, body = raw(endpoint, "POST", path, b'{"a": 1}')
    assert (200, ["$LATEST", {"a": 1}]) == (status, json.loads(body))
    assert "$LATEST" == headers["X-Amz-Executed-Version"]
    status, headers, body = raw(endpoint, "POST", "/2015-03-31/functions/no/invocations")
    assert (404, "ResourceNotFoundException") == (status, headers["x-amzn-ErrorType"])
    assert 403 == raw(endpoint, "POST", path, Host="evil.example")[0]
    assert 403 == raw(endpoint, "POST", path, Origin="http://evil.example")[0]
    assert 413 == raw(endpoint, "POST", path, Content_Length="99999999")[0]
    assert 413 == raw(endpoint, "POST", path, Content_Length="9" * 5000)[0]
    assert 411 == raw(endpoint, "POST", path, Transfer_Encoding="chunked")[0]
    assert 411 == raw(endpoint, "POST", path, Content_Length="-1")[0]
    for wrong in (
        ("POST", "/", b"{", {"X_Amz_Target": "CodeDeploy_20141006.GetDeployment"}),
        ("POST", "/", b"[]", {"X_Amz_Target": "CodeDeploy_20141006.GetDeployment"}),
        ("POST", "/", b"{}", {"X_Amz_Target": "CodeDeploy_20141006.Nothing"}),
        ("POST", "/", b'{"name": "\\ud800"}', {"X_Amz_Target": f"{PIPELINES}.GetPipeline"}),
        ("POST", "/", LONG, {"X_Amz_Target": f"{PIPELINES}.GetPipeline"}),
        ("POST", "/", LONG, {"X_Amz_Target": f"{PIPELINES}.StartPipelineExecution"}),
        ("PUT", "/2015-03-31/functions/fn/aliases/x", b"[1]", {}),
        ("GET", "/2015-03-31/functions/%00", b"", {}),
    ):
        status, headers, body = raw(endpoint, *wrong[:3], **wrong[3])
        assert 400 <= status < 500, wrong
        assert b"Traceback" not in body


def test_who_is_not_heard_is_answered_at_once_and_keeps_no_connection(endpoint, monkeypatch):
    assert 200 == raw(endpoint, "GET", "/2015-03-31/functions/")[0]
    monkeypatch.setattr(peer, "is_heard", lambda *_: False)
    status, _, body = raw(endpoint, "GET", "/2015-03-31/functions/")
    assert (403, True) == (status, b"AccessDeniedException" in body)
    host, port = endpoint.url.removeprefix("http://").split(":")
    began = time.monotonic()
    waiting = [socket.create_connection((host, int(port)), timeout=30) for _ in range(40)]
    for each in waiting:
        with each:
            said = b"".join(iter(lambda each=each: each.recv(4096), b""))
            assert said.startswith(b"HTTP/1.1 403 ")
    assert time.monotonic() - began < 10


def test_another_user_of_the_machine_is_refused(endpoint, monkeypatch):
    monkeypatch.setattr(peer, "owner_in", lambda *_: 4242 if os.geteuid() != 4242 else 4243)
    target = {"X_Amz_Target": "CodePipeline_20150709.ListPipelines"}
    status, _, body = raw(endpoint, "POST", "/", b"{}", **target)
    assert (403, "AccessDeniedException") == (status, json.loads(body)["__type"])


def test_only_the_loopback_address_is_listened_on(endpoint):
    assert "127.0.0.1" == endpoint._server.server_address[0]


def test_a_deployment_that_is_not_there_is_the_exception_of_its_name(endpoint):
    target = {"X_Amz_Target": "CodeDeploy_20141006.GetDeployment"}
    status, _, body = raw(endpoint, "POST", "/", b'{"deploymentId": "d-NOTTHERE1"}', **target)
    shape = json.loads(body)
    assert (400, "DeploymentDoesNotExistException", "no deployment 'd-NOTTHERE1'") == (
        status,
        shape["__type"],
        shape["message"],
    )


@pytest.mark.parametrize("name", ["", ".", "..", "%2e%2e", "%00", "x" * 300, "A", "a-"])
def test_no_bucket_is_another_place_than_one_of_a_job(endpoint, tmp_path, name):
    services = endpoint._server.RequestHandlerClass.served.services
    (services.home / "jobs" / "a").mkdir(parents=True)
    for method, body in (("GET", b""), ("PUT", b"mine")):
        path = f"/codepipeline-local-{name}/a/key"
        status, _, said = raw(endpoint, method, path, body)
        assert (404, True) == (status, b"NoSuchBucket" in said)
    assert [] == list((services.home / "jobs" / "a").iterdir())
    status, _, said = raw(endpoint, "PUT", "/codepipeline-local-a/../../state.db", b"mine")
    assert (400, True) == (status, b"InvalidArgument" in said)
