"""The Lambda deploy action: a version is published, and its alias really goes there."""

import json

import pytest

from cicd.document.resources import Resources
from cicd.functions.run import Functions
from cicd.pipeline.compile import Start
from cicd.pipeline.run import ExecutionRequest, execution_state, plan_execution, start_execution
from cicd.settings import Settings
from cicd.testing.fakes import RecordingReporter
from cicd.wiring import make_services
from tests.functions.world import create, invoke
from tests.git_command import git
from tests.pipeline.documents import SOURCE_STAGE, action, pipeline, stage

DEPLOY = "Deploy/AWS/Lambda"
OLD = "def handler(event, context): return 'old'"
NEW = "def handler(event, context): return 'new'"
CICD = """
local:
  runner: host
  alarms:
    good: {command: "true", period: 1}
    bad: {command: "false", period: 1}
"""


class World:
    """A repository whose code is a function's, and a pipeline that deploys it."""

    def __init__(self, root):
        self.root = root
        git(root, "init", "-q", "-b", "main", ".")
        (root / "app.py").write_text(NEW)
        (root / "cicd.yml").write_text(CICD)
        (root / ".gitignore").write_text(".cicd\n*-code\npipeline.json\n")
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", "one")

    def run(self, takes="code", **configuration):
        deploy = action(
            "Ship",
            DEPLOY,
            configuration={"FunctionName": "fn", **configuration},
            takes=takes,
            namespace="Fn",
        )
        document = pipeline(SOURCE_STAGE, stage("Deploy", deploy), pipelineType="V2")
        (self.root / "pipeline.json").write_text(json.dumps({"pipeline": document}))
        with make_services(
            Settings(home=self.root / ".cicd"), reporters=(RecordingReporter(),), speed=600
        ) as services:
            self.functions = Functions(services)
            if not self.functions.every():
                create(services, "fn", OLD, timeout=20)
                self.functions.publish("fn")
                self.functions.put_alias("fn", "live", "1", {})
            asked = ExecutionRequest(directory=self.root, start=Start())
            plan = plan_execution(asked, services, Resources.load(self.root)).plan
            result = start_execution(plan, services)
            self.function = self.functions.find("fn")
            self.says = invoke(self.functions, "fn", qualifier="live").answer.payload.decode()
            self.deployments = services.executions.list(kind="deployment")
            return result, execution_state(result.stream, services).actions["Deploy/Ship"].result


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_the_artifact_becomes_a_version_and_the_alias_goes_there_step_by_step(world):
    result, ended = world.run(FunctionAlias="live", DeployStrategy="Linear50PercentEvery2Minutes")
    assert "Succeeded" == result.status, ended.summary
    assert ({"FunctionVersion": "2"}, '"new"') == (dict(ended.variables), world.says)
    assert ended.external_execution_id == world.deployments[0].stream.partition("/")[2]
    again, ended = world.run(FunctionAlias="live")
    assert ("Succeeded", "live is at fn:2") == (again.status, ended.summary)  # nothing is new
    assert 1 == len(world.deployments)


def test_without_an_alias_the_artifact_is_only_published(world):
    result, ended = world.run()
    assert ("Succeeded", {"FunctionVersion": "2"}) == (result.status, dict(ended.variables))
    assert ("1", '"old"') == (world.function.aliases["live"].function_version, world.says)


def test_a_version_that_is_published_goes_live_and_back_without_any_artifact(world):
    world.run()
    result, ended = world.run(takes="", FunctionAlias="live", PublishedTargetVersion="2")
    assert ("Succeeded", '"new"') == (result.status, world.says), ended.summary
    result, _ = world.run(takes="", FunctionAlias="live", PublishedTargetVersion="1")
    assert ("Succeeded", '"old"') == (result.status, world.says)


def test_an_alarm_fails_the_action_and_gives_the_alias_back(world):
    result, ended = world.run(
        FunctionAlias="live", DeployStrategy="Canary10Percent2000Minutes", Alarms="good, bad"
    )
    assert ("Failed", "JobFailed", '"old"') == (result.status, ended.error.code, world.says)
    assert {} == dict(world.function.aliases["live"].additional)


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({"DeployStrategy": "AllAtOnce"}, "'DeployStrategy' needs a 'FunctionAlias'"),
        ({"PublishedTargetVersion": "1"}, "'PublishedTargetVersion' needs a 'FunctionAlias'"),
        (
            {"FunctionAlias": "live", "DeployStrategy": "Slowly"},
            "'Slowly' is not a DeployStrategy",
        ),
        ({"FunctionAlias": "live", "DeployStrategy": "Canary0Percent5Minutes"}, "must be 1 to 99"),
        (
            {"FunctionAlias": "live", "DeployStrategy": "Linear1PercentEvery60Minutes"},
            "later than 2880 minutes",
        ),
        ({"FunctionAlias": "none"}, "Function not found"),
        ({"FunctionAlias": "live", "PublishedTargetVersion": "9"}, "Function not found"),
        ({"FunctionAlias": "live", "Alarms": "gone"}, "cicd.yml has no alarm 'gone'"),
        ({"FunctionAlias": "live", "Alarms": "a,b,c,d,e,f,g,h,i,j,k"}, "10 alarms at most"),
        ({"FunctionName": "nobody"}, "function:nobody"),
    ],
)
def test_what_cannot_be_deployed_is_a_wrong_configuration(world, configuration, said):
    result, ended = world.run(**configuration)
    assert ("Failed", "ConfigurationError") == (result.status, ended.error.code)
    assert said in ended.error.message
    assert ("1", 1) == (
        world.function.aliases["live"].function_version,
        len(world.function.versions),
    )
