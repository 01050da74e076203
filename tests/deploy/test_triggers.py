import json
from dataclasses import replace

import pytest

from cicd.deploy.plan import RollbackEvent
from cicd.deploy.run import resume_deployment
from cicd.deploy.trigger import Trigger, TriggerEvent
from cicd.ports import Probe
from tests.deploy.test_run import cut, version
from tests.deploy.world import SH, World, hooks


class Triggered(World):
    """A group with one trigger, for every event, whose subscriber is a command."""

    command = "cat >> told; echo >> told"

    @property
    def group(self):
        subscriber = Probe(command=self.command, directory=str(self.root))
        trigger = Trigger(name="all", events=tuple(TriggerEvent), subscriber=subscriber)
        return replace(World.group.fget(self), triggers=(trigger,))

    def told(self):
        lines = (self.root / "told").read_text().splitlines()
        return [json.loads(line) for line in lines if line]


@pytest.fixture
def world(tmp_path):
    return Triggered(tmp_path, ids=("a", "b"))


def kinds(told):
    return [
        f"{each['instanceId']} {each['instanceStatus']}"
        if "instanceId" in each
        else each["status"]
        for each in told
    ]


def test_a_subscriber_is_told_in_order(world):
    world.deploy(version(world, "v1"))
    assert [
        "Created",
        "a InProgress",
        "a Succeeded",
        "b InProgress",
        "b Succeeded",
        "Succeeded",
    ] == kinds(world.told())


def test_payloads_have_the_keys_of_the_service(world):
    result = world.deploy(
        version(world, "v1", hooks(AfterInstall="c.sh"), {"c.sh": SH + "exit 1\n"})
    )
    told = world.told()
    assert {"all"} == {each["eventTriggerName"] for each in told}
    assert {result.deployment_id} == {each["deploymentId"] for each in told}
    failed = next(each for each in told if each.get("instanceStatus") == "Failed")
    events = json.loads(failed["lifecycleEvents"])
    assert ["AfterInstall"] == [
        each["LifecycleEvent"] for each in events if each["LifecycleEventStatus"] == "Failed"
    ]
    end = told[-1]
    assert "Failed" == end["status"]
    assert "HEALTH_CONSTRAINTS" == json.loads(end["errorInformation"])["ErrorCode"]
    assert "1" == json.loads(end["deploymentOverview"])["Skipped"]
    assert end["completeTime"] is not None


def test_a_rollback_is_told_with_both_ids(tmp_path):
    world = Triggered(tmp_path, rollback=(RollbackEvent.DEPLOYMENT_FAILURE,))
    world.deploy(version(world, "v1"))
    bad = world.deploy(version(world, "v2", hooks(AfterInstall="c.sh"), {"c.sh": SH + "exit 1\n"}))
    about = [
        json.loads(e["rollbackInformation"]) for e in world.told() if "rollbackInfo" in str(e)
    ]
    assert [
        {
            "RollbackDeploymentId": bad.rollback.deployment_id,
            "RollbackTriggeringDeploymentId": bad.deployment_id,
        }
    ] == about


@pytest.mark.parametrize("command", ["exit 3", "nowhere-to-be-found", "kill $$"])
def test_a_subscriber_that_fails_changes_nothing_and_is_named_in_the_log(world, command):
    world.command = command
    result = world.deploy(version(world, "v1"))
    assert "Succeeded" == result.status
    said = [line.text for _, line in world.logs.read(result.stream)]
    assert any(text.startswith("Trigger all: DeploymentSuccess not told: ") for text in said)


def test_a_resume_tells_only_what_is_new(world):
    result = world.deploy(version(world, "v1"))
    (world.root / "told").unlink()
    cut(world, result, "b/Install")
    resume_deployment(result.deployment_id, world.services)
    assert ["b Succeeded", "Succeeded"] == kinds(world.told())
