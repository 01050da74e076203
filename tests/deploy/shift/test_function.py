"""Deployments to functions: aliases that really move, and hooks that really report."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cicd.deploy.by_hand import stop_deployment
from cicd.deploy.find_group import find_group
from cicd.deploy.run import DeploymentRequest, get_deployment, resume_deployment, run_deployment
from cicd.deploy.shift.config import custom_shift
from cicd.deploy.shift.hook_status import execution_id, put_hook_status
from cicd.deploy.spec import ComputePlatform
from cicd.document.resources import Resources
from cicd.errors import DocumentError, UsageError
from cicd.wiring.functions import serve
from tests.functions.world import create, home

ROOT = Path(__file__).resolve().parents[3]
HANDLER = """
import os
def handler(event, context): return os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
"""
HOOK = """
import json, os, urllib.request

def report(event, **more):
    body = {"deploymentId": event["DeploymentId"], "status": "Succeeded",
            "lifecycleEventHookExecutionId": event["LifecycleEventHookExecutionId"], **more}
    call = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], json.dumps(body).encode(), {
        "X-Amz-Target": "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus"})
    try:
        urllib.request.urlopen(call)
        print("taken")
    except urllib.error.HTTPError as refused:
        print("refused", json.load(refused)["__type"])

def handler(event, context):
    do = os.environ["DO"]
    if do == "twice":
        report(event, status="Perhaps")
        report(event, lifecycleEventHookExecutionId="other")
        report(event, deploymentId="d-OTHER0000")
        report(event)
        report(event, status="Failed")
    elif do == "fail":
        report(event, status="Failed")
    elif do == "good":
        report(event)
    elif do == "raise":
        raise ValueError("oh")
    return "Succeeded"  # which means nothing
"""
CICD = """
applications:
  - applicationName: fn
    computePlatform: Lambda
    deploymentGroups:
      - deploymentGroupName: live
        deploymentStyle: {deploymentType: BLUE_GREEN, deploymentOption: WITH_TRAFFIC_CONTROL}
        autoRollbackConfiguration: {enabled: EVENTS, events: [EVENTS]}
        alarmConfiguration: {enabled: true, alarms: [{name: bad}]}
local:
  alarms:
    bad: {command: "test ! -e bad", period: 1}
"""
EVENTS = "DEPLOYMENT_FAILURE, DEPLOYMENT_STOP_ON_ALARM"


class World:
    """A function with two versions, whose alias leads to the first; and its deployments."""

    def __init__(self, root, services, hook=""):
        self.root, self.services = root, services
        self.functions = create(services, "fn", HANDLER, timeout=60)
        self.functions.publish("fn")
        self.functions.update("fn", lambda held: type(held)(**{**_held(held), "timeout": 61}))
        self.functions.publish("fn")
        self.functions.put_alias("fn", "live", "1", {})
        self.hooks = ""
        if hook:
            event, _, do = hook.partition("=")
            create(services, "hook", HOOK, timeout=60, environment={"DO": do})
            self.hooks = f"Hooks: [{{{event}: hook}}]"
        self.write("1", "2")

    def write(self, current, target, name="fn", alias="live"):
        (self.root / "revision").mkdir(exist_ok=True)
        (self.root / "revision/appspec.yml").write_text(
            "version: 0.0\nresources:\n  - r:\n      type: AWS::Lambda::Function\n"
            f"      properties: {{name: {name}, alias: {alias}, currentversion: '{current}', "
            f"TargetVersion: {target}}}\n{self.hooks}\n"
        )

    def request(self, rollback="", strategy="AllAtOnce", percentage=10, interval="5m", **more):
        enabled = "true" if rollback else "false"
        text = CICD.replace("enabled: EVENTS", f"enabled: {enabled}").replace("EVENTS", rollback)
        (self.root / "cicd.yml").write_text(text)
        group = find_group(Resources.load(self.root), home=self.services.home)
        shift = None
        if strategy != "AllAtOnce":
            shift = custom_shift(strategy, ComputePlatform.LAMBDA, percentage, interval)
        return DeploymentRequest(group=group, revision=self.root / "revision", shift=shift, **more)

    def deploy(self, **more):
        return run_deployment(self.request(**more), self.services)

    @property
    def alias(self):
        alias = self.functions.find("fn").alias("live")
        return alias.function_version, dict(alias.additional)


def _held(held):
    return {name: getattr(held, name) for name in held.__slots__}


def code_of(result):
    return result.deployment["deploymentInfo"].get("errorInformation", {}).get("code")


def weights_of(result, services):
    return [
        int(event.key.rpartition("/")[2])
        for _, event in services.log.read(result.stream)
        if event.kind == "STARTED" and event.key.rpartition("/")[2].isdecimal()
    ]


@pytest.fixture
def opened(tmp_path):
    with home(tmp_path, speed=600) as services:
        yield tmp_path, services


LOAD = """
import http.client, sys
from pathlib import Path

host, port = sys.argv[1].removeprefix("http://").split(":")
connection = http.client.HTTPConnection(host, int(port), timeout=60)

def invoke(qualifier):
    path = f"/2015-03-31/functions/fn/invocations?Qualifier={qualifier}"
    connection.request("POST", path, b"{}")
    answer = connection.getresponse()
    body = answer.read().decode()
    failed = answer.status != 200 or answer.getheader("X-Amz-Function-Error")
    return body if failed else answer.getheader("X-Amz-Executed-Version")

invoke("1"), invoke("2")  # warm
print("ready", flush=True)
while not Path(sys.argv[2]).exists():
    print(invoke("live"))
"""


def under_load(world, act, enough):
    """Give what ``act`` gives, and which version answered each invocation meanwhile."""
    endpoint = serve(world.services, 0)
    command = (sys.executable, "-c", LOAD, endpoint.url, str(enough))
    load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert "ready\n" == load.stdout.readline()
        seen: list[str] = []
        reader = threading.Thread(target=lambda: seen.extend(load.stdout.read().split("\n")))
        reader.start()
        result = act()
    finally:
        enough.touch()
        load.wait(30)
    reader.join(30)
    return result, [word for word in seen if word]


@pytest.mark.parametrize(
    ("strategy", "percentage", "share"),
    [("Canary", 10, 0.1), ("Linear", 50, 0.5), ("AllAtOnce", None, None)],
)
def test_each_strategy_gives_its_share_of_a_constant_load_from_another_process(
    tmp_path, strategy, percentage, share
):
    with home(tmp_path, speed=100) as services:
        world = World(tmp_path, services)

        def deploy():
            return world.deploy(strategy=strategy, percentage=percentage, interval="5m")

        result, seen = under_load(world, deploy, tmp_path / "enough")
    assert "Succeeded" == result.status
    assert {"1", "2"} >= set(seen)  # none failed, none went elsewhere
    if share is None:
        assert sorted(seen) == seen  # from one moment on all go to the new one
        return
    first = seen.index("2")
    last = len(seen) - seen[::-1].index("1")
    during = seen[first:last]
    assert len(during) > 100
    assert abs(during.count("2") / len(during) - share) <= 0.015


def test_an_alarm_under_load_gives_everything_back_and_no_invocation_fails(tmp_path):
    with home(tmp_path, speed=100) as services:
        world = World(tmp_path, services)

        def deploy():
            slow = {"strategy": "Canary", "percentage": 50, "interval": "24h", "rollback": EVENTS}
            _, thread, ended = begun(world, 0.5, **slow)
            (world.root / "bad").touch()
            thread.join(30)
            time.sleep(0.2)  # so that some are answered afterwards, too
            return ended[0]

        result, seen = under_load(world, deploy, tmp_path / "enough")
    assert ("Stopped", "ALARM_ACTIVE") == (result.status, code_of(result))
    assert ("Succeeded", ("1", {})) == (result.rollback.status, world.alias)
    assert {"1", "2"} == set(seen)
    assert "1" == seen[-1]


def test_linear_shifts_at_once_and_then_every_interval_and_ends_at_all(opened):
    world = World(*opened)
    result = world.deploy(strategy="Linear", percentage=30, interval="2m")  # trap 49
    assert [30, 60, 90, 100] == weights_of(result, world.services)
    assert ("2", {}) == world.alias
    target = result.deployment["deploymentTargets"][0]
    info = target["lambdaTarget"]["lambdaFunctionInfo"]
    assert ("LambdaTarget", 1.0, "2") == (
        target["deploymentTargetType"],
        info["targetVersionWeight"],
        info["targetVersion"],
    )
    assert "Lambda" == result.deployment["deploymentInfo"]["computePlatform"]


def test_a_hook_reports_through_the_endpoint_once_and_nothing_else_counts(opened):
    world = World(*opened, hook="BeforeAllowTraffic=twice")
    result = world.deploy()
    assert ("Succeeded", ("2", {})) == (result.status, world.alias)
    for _ in range(200):  # it may still print
        log = [line.text for _, line in world.services.logs.read("function/hook")]
        if any(text.startswith("REPORT") for text in log):
            break
        time.sleep(0.05)
    assert [
        "refused InvalidLifecycleEventHookExecutionStatusException",
        "refused InvalidLifecycleEventHookExecutionIdException",
        "refused DeploymentDoesNotExistException",
        "taken",
        "refused LifecycleEventAlreadyCompletedException",
    ] == [text for text in log if text.startswith(("taken", "refused"))]


@pytest.mark.parametrize(("do", "speed"), [("fail", 600), ("silent", 7200), ("raise", 7200)])
def test_no_traffic_ever_reaches_a_version_whose_hook_does_not_report_success(tmp_path, do, speed):
    with home(tmp_path, speed=speed) as services:
        world = World(tmp_path, services, hook=f"BeforeAllowTraffic={do}")
        result = world.deploy()  # trap 50: an hour of silence, in half a second
        assert ("Failed", "HOOK_EXECUTION_FAILURE") == (result.status, code_of(result))
        assert ("1", {}) == world.alias
        assert [] == weights_of(result, world.services)
        if do != "fail":
            assert "within one hour" in result.failure
        # A report that comes after all is refused, whatever it says, and moves nothing.
        late = execution_id(result.deployment_id, "BeforeAllowTraffic")
        with pytest.raises(UsageError, match=r"\(LifecycleEventAlreadyCompletedException\)"):
            put_hook_status(result.deployment_id, late, "Succeeded", services)
        assert ("1", {}) == world.alias


def test_a_report_is_for_the_hook_of_its_own_deployment_alone(tmp_path):
    with home(tmp_path, speed=7200) as services:
        world = World(tmp_path, services, hook="BeforeAllowTraffic=silent")
        first, second = world.deploy(), world.deploy()
        other = execution_id(second.deployment_id, "BeforeAllowTraffic")
        with pytest.raises(UsageError, match=r"\(InvalidLifecycleEventHookExecutionIdException\)"):
            put_hook_status(first.deployment_id, other, "Succeeded", services)
        never = execution_id(first.deployment_id, "AfterAllowTraffic")
        with pytest.raises(UsageError, match=r"\(InvalidLifecycleEventHookExecutionIdException\)"):
            put_hook_status(first.deployment_id, never, "Succeeded", services)


@pytest.mark.parametrize(("rollback", "version"), [("", "2"), (EVENTS, "1")])
def test_a_failure_after_the_shift_leaves_all_at_the_new_one_unless_rolled_back(
    opened, rollback, version
):
    world = World(*opened, hook="AfterAllowTraffic=fail")
    result = world.deploy(rollback=rollback)
    assert ("Failed", (version, {})) == (result.status, world.alias)
    assert bool(rollback) == (result.rollback is not None)
    if rollback:
        assert "Succeeded" == result.rollback.status
        assert result.rollback.deployment_id != result.deployment_id
        assert "codeDeployRollback" == result.rollback.deployment["deploymentInfo"]["creator"]


def begun(world, weight, **more):
    """Start a deployment that waits at a weight; gives its id and what collects its result."""
    ended = []
    thread = threading.Thread(target=lambda: ended.append(world.deploy(**more)))
    thread.start()
    while world.alias[1].get("2") != weight:
        assert thread.is_alive(), ended
        time.sleep(0.01)
    return world.services.executions.list(kind="deployment")[0].stream.split("/")[1], thread, ended


def test_a_stop_leaves_the_alias_split_and_later_deployments_fail_until_it_is_not(opened):
    world = World(*opened)
    slow = {"strategy": "Canary", "interval": "24h"}
    id_, thread, ended = begun(world, 0.1, **slow)
    stop_deployment(id_, world.services)
    thread.join(30)
    assert ("Stopped", "MANUAL_STOP") == (ended[0].status, code_of(ended[0]))
    assert ("1", {"2": 0.1}) == world.alias  # trap 51
    again = world.deploy()
    assert ("Failed", "INVALID_LAMBDA_CONFIGURATION") == (again.status, code_of(again))
    world.functions.put_alias("fn", "live", "1", {})
    assert "Succeeded" == world.deploy().status


@pytest.mark.parametrize("by", ["stop", "alarm"])
def test_a_rollback_in_the_middle_gives_everything_back_at_once(opened, by):
    world = World(*opened)
    slow = {"strategy": "Linear", "interval": "24m", "rollback": EVENTS}
    id_, thread, ended = begun(world, 0.1, **slow)
    if by == "stop":
        stop_deployment(id_, world.services, auto_rollback=True)
    else:
        (world.root / "bad").touch()
    thread.join(30)
    result = ended[0]
    assert "Stopped" == result.status
    assert ("MANUAL_STOP" if by == "stop" else "ALARM_ACTIVE") == code_of(result)
    assert ("1", {}) == world.alias
    assert ("Succeeded", [100]) == (
        result.rollback.status,
        weights_of(result.rollback, world.services),
    )


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda w: w.write("2", "1"), "INVALID_LAMBDA_CONFIGURATION", "points to version 1"),
        (lambda w: w.write("1", "1"), "INVALID_LAMBDA_CONFIGURATION", "are both 1"),
        (lambda w: w.write("1", "9"), "INVALID_LAMBDA_CONFIGURATION", "Function not found"),
        (
            lambda w: w.write("1", "2", alias="no"),
            "INVALID_LAMBDA_CONFIGURATION",
            "function:fn:no",
        ),
        (lambda w: w.write("1", "2", name="no"), "INVALID_LAMBDA_FUNCTION", "function:no"),
    ],
)
def test_what_the_alias_is_not_fails_the_deployment(opened, change, code, words):
    world = World(*opened)
    change(world)
    result = world.deploy()
    assert ("Failed", code) == (result.status, code_of(result))
    assert words in result.failure
    assert ("1", {}) == world.alias


def test_what_no_deployment_can_do_is_refused_before(opened):
    world = World(*opened)
    with pytest.raises(UsageError, match="InvalidIgnoreApplicationStopFailures"):
        world.deploy(ignore_application_stop_failures=True)
    world.write("1", "$LATEST")
    with pytest.raises(DocumentError):
        world.deploy()
    world.hooks = "Hooks: [{BeforeAllowTraffic: nobody}]"
    world.write("1", "2")
    with pytest.raises(UsageError, match="there is none of that name here"):
        world.deploy()


def test_an_appspec_of_json_is_recognised_without_any_group(opened):
    world = World(*opened)
    revision = world.root / "revision"
    (revision / "appspec.yml").unlink()
    properties = {"Name": "fn", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"}
    resource = {"fn": {"Type": "AWS::Lambda::Function", "Properties": properties}}
    (revision / "appspec.json").write_text(json.dumps({"version": 0.0, "Resources": [resource]}))
    group = find_group(Resources.load(revision), home=world.services.home)
    result = run_deployment(DeploymentRequest(group=group, revision=revision), world.services)
    assert ("Succeeded", ("2", {})) == (result.status, world.alias)


DRIVER = """
import sys
from pathlib import Path
from tests.deploy.shift.test_function import World
from tests.functions.world import home

root = Path(sys.argv[1])
with home(root) as services:
    world = World.__new__(World)
    world.root, world.services = root, services
    world.deploy(strategy="Linear", percentage=50, interval="2m")
"""


def test_a_killed_shift_is_resumed_at_the_weight_that_its_log_says(tmp_path):
    with home(tmp_path, speed=600) as services:
        world = World(tmp_path, services)
        driver = subprocess.Popen((sys.executable, "-c", DRIVER, str(tmp_path)), cwd=ROOT)
        while world.alias != ("1", {"2": 0.5}):
            assert driver.poll() is None
            time.sleep(0.01)
        driver.kill()
        driver.wait()
        id_ = services.executions.list(kind="deployment")[0].stream.split("/")[1]
        assert "InProgress" == get_deployment(id_, services).status
        assert ("1", {"2": 0.5}) == world.alias
        result = resume_deployment(id_, services)
    assert ("Succeeded", [50, 100]) == (result.status, weights_of(result, services))
