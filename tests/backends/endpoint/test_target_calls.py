"""CodeBuild's and CodeDeploy's calls by boto3 as it is, and every call of the three services."""

import json
import subprocess
import sys
from http.client import HTTPConnection

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cicd.settings import load_settings
from cicd.wiring import make_services
from cicd.wiring.functions import serve

RESOURCES = """
projects:
  - name: app
    source: {type: NO_SOURCE, buildspec: "version: 0.2\\nphases: {build: {commands: [exit 3]}}"}
  - name: lib
    source: {type: NO_SOURCE, buildspec: "version: 0.2\\nphases: {build: {commands: [true]}}"}
applications:
  - applicationName: shop
    deploymentGroups:
      - deploymentGroupName: web
        deploymentConfigName: CodeDeployDefault.AllAtOnce
local:
  deploymentGroups:
    web: {instances: [{id: one, directory: out/one}, {id: two, directory: out/two}]}
"""
SERVICES = ("codebuild", "codedeploy", "codepipeline")


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "cicd.yml").write_text(RESOURCES)
    (tmp_path / "appspec.yml").write_text(
        "version: 0.0\nos: linux\nfiles: [{source: cicd.yml, destination: /srv}]\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".cicd"


@pytest.fixture
def endpoint(home):
    settings = load_settings({"home": str(home)}, {}, home.parent)
    with make_services(settings, reporters=()) as services:
        yield serve(services, 0, settings)


@pytest.fixture
def clients(endpoint):
    return {
        name: boto3.client(
            name,
            endpoint_url=endpoint.url,
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=Config(retries={"max_attempts": 1}, parameter_validation=False),
        )
        for name in SERVICES
    }


def cicd(*words):
    program = (sys.executable, "-m", "cicd", *words)
    return subprocess.run(program, capture_output=True, text=True, check=False)


def test_builds_and_projects_are_given_as_the_service_would(clients):
    client = clients["codebuild"]
    assert [] == client.list_builds()["ids"]
    assert 1 == cicd("build", "--project", "app", "--runner", "host").returncode
    assert 0 == cicd("build", "--project", "lib", "--runner", "host").returncode
    lib, app = client.list_builds()["ids"]
    assert [app, lib] == client.list_builds(sortOrder="ASCENDING")["ids"]
    assert [app] == client.list_builds_for_project(projectName="app")["ids"]
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.list_builds_for_project(projectName="none")
    arn = f"arn:aws:codebuild:us-east-1:123456789012:build/{lib}"
    found = client.batch_get_builds(ids=[app, arn, "app:none"])
    assert [(app, "FAILED"), (lib, "SUCCEEDED")] == [
        (each["id"], each["buildStatus"]) for each in found["builds"]
    ]
    assert ["app:none"] == found["buildsNotFound"]
    assert ["app", "lib"] == client.list_projects()["projects"]
    found = client.batch_get_projects(names=["lib", "none"])
    assert [("lib", "NO_SOURCE")] == [
        (each["name"], each["source"]["type"]) for each in found["projects"]
    ]
    assert ["none"] == found["projectsNotFound"]
    with pytest.raises(client.exceptions.InvalidInputException):
        client.batch_get_builds(ids=[])


def test_deployments_and_groups_are_given_as_the_service_would(clients):
    client = clients["codedeploy"]
    assert 0 == cicd("deploy", "--group", "web").returncode
    (id_,) = client.list_deployments()["deployments"]
    named = {"applicationName": "shop", "deploymentGroupName": "web"}
    assert [id_] == client.list_deployments(**named)["deployments"]
    assert [] == client.list_deployments(includeOnlyStatuses=["Failed"])["deployments"]
    with pytest.raises(client.exceptions.DeploymentGroupNameRequiredException):
        client.list_deployments(applicationName="shop")
    info = client.batch_get_deployments(deploymentIds=[id_, "d-NONE"])["deploymentsInfo"]
    assert [(id_, "Succeeded")] == [(each["deploymentId"], each["status"]) for each in info]
    assert info[0]["createTime"] <= info[0]["completeTime"]
    assert ["one", "two"] == sorted(client.list_deployment_targets(deploymentId=id_)["targetIds"])
    failed = {"TargetStatus": ["Failed"]}
    listed = client.list_deployment_targets(deploymentId=id_, targetFilters=failed)
    assert [] == listed["targetIds"]
    one = client.get_deployment_target(deploymentId=id_, targetId="one")["deploymentTarget"]
    assert "Succeeded" == one["instanceTarget"]["status"]
    with pytest.raises(client.exceptions.DeploymentTargetDoesNotExistException):
        client.batch_get_deployment_targets(deploymentId=id_, targetIds=["three"])
    with pytest.raises(client.exceptions.DeploymentDoesNotExistException):
        client.get_deployment(deploymentId=id_[:-1])
    assert ["shop"] == client.list_applications()["applications"]
    assert ["web"] == client.list_deployment_groups(applicationName="shop")["deploymentGroups"]
    group = client.get_deployment_group(**named)["deploymentGroupInfo"]
    assert "CodeDeployDefault.AllAtOnce" == group["deploymentConfigName"]
    with pytest.raises(client.exceptions.ApplicationDoesNotExistException):
        client.list_deployment_groups(applicationName="none")


def test_times_are_numbers_which_every_sdk_reads(clients, endpoint):
    assert 0 == cicd("deploy", "--group", "web").returncode
    (id_,) = clients["codedeploy"].list_deployments()["deployments"]
    target = "CodeDeploy_20141006.GetDeployment"
    info = asked(endpoint, target, {"deploymentId": id_})[1]["deploymentInfo"]
    assert (float, float) == (type(info["createTime"]), type(info["completeTime"]))


def asked(endpoint, target, fields):
    host, _, port = endpoint.url.removeprefix("http://").partition(":")
    connection = HTTPConnection(host, int(port), timeout=60)
    connection.request("POST", "/", json.dumps(fields), {"X-Amz-Target": target})
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_every_call_of_the_service_is_answered_or_refused_with_what_to_do(endpoint, service):
    model = botocore.session.get_session().get_service_model(service)
    prefix = model.metadata["targetPrefix"]
    for name in model.operation_names:
        status, answer = asked(endpoint, f"{prefix}.{name}", {})
        assert status in (200, 400), (name, answer)
        kind = answer.get("__type")
        assert "UnknownOperationException" != kind, name
        if kind == "UnsupportedOperationException":
            assert answer["message"].startswith(f"{name} is not carried out here: ")


def test_what_no_service_has_is_refused_with_what_there_is(endpoint):
    status, answer = asked(endpoint, "CodeBuild_20161006.Nothing", {})
    assert (400, "UnknownOperationException") == (status, answer["__type"])
    assert "there are BatchGetBuilds, BatchGetProjects, ListBuilds" in answer["message"]


def test_a_pipeline_cannot_be_made_by_a_call_and_where_it_is_made_is_told(clients):
    with pytest.raises(ClientError, match=r"edit cicd\.yml, the pipeline's document"):
        clients["codepipeline"].create_pipeline(pipeline={})
