import threading
from datetime import timedelta

import pytest

from cicd.deploy.by_hand import roll_back_deployment
from cicd.deploy.history import last_good
from cicd.deploy.plan import RollbackEvent
from cicd.deploy.run import get_deployment
from cicd.deploy.traffic.plan import BlueAction, BlueGreenOptions, endpoint_of
from cicd.errors import UsageError
from tests.deploy.traffic.test_in_place import TRAFFIC_HOOKS, _hurried
from tests.deploy.traffic.test_status import Waiting
from tests.deploy.traffic.world import TrafficWorld
from tests.deploy.world import SH, events, hooks

EVERY = {**TRAFFIC_HOOKS, "ApplicationStart": "say.sh"}


def saying(world, name):
    script = SH + f'echo {name} $LIFECYCLE_EVENT >> "$CICD_INSTANCE_ROOT/said"\n'
    return world.revision(name, hooks(**EVERY), {"say.sh": script})


def test_traffic_goes_back_to_blue_by_the_scripts_of_what_each_has(tmp_path, monkeypatch):
    world = TrafficWorld(
        tmp_path,
        ids=("blue",),
        green_ids=("green",),
        options=BlueGreenOptions(),
        config="AllAtOnce",
        rollback=(RollbackEvent.DEPLOYMENT_FAILURE,),
    )
    assert "Succeeded" == world.deploy(saying(world, "v1")).status
    # v1 is on green now, so that is the original environment of v2.
    world.at("said", "green").unlink()
    monkeypatch.setattr("cicd.deploy.compile.plan_traffic", _hurried)
    world.fake.ailing.add(endpoint_of(world.spec("blue")))
    result = world.deploy(saying(world, "v2"))
    assert ("Failed", "Succeeded") == (result.status, result.rollback.status)
    assert "AllowTraffic" == result.detail["lifecycleEventName"]
    assert [
        *("v1 BeforeAllowTraffic", "v1 AfterAllowTraffic"),
    ] == world.text("said", "green").splitlines()
    assert [
        *("v2 ApplicationStart", "v2 BeforeAllowTraffic"),
        *("v2 BeforeBlockTraffic", "v2 AfterBlockTraffic"),
    ] == world.text("said", "blue").splitlines()
    assert ["BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic"] == list(
        events(result.rollback, "blue")
    )
    assert {endpoint_of(world.spec("green"))} == world.fake.healthy("web-tg")
    world.fake.ailing.clear()
    assert revision_of(result.rollback).endswith("v1")
    with pytest.raises(UsageError, match=f"what {result.deployment_id} made, which Failed"):
        roll_back_deployment(result.rollback.deployment_id, world.services)
    assert last_good("web", world.group_id, world.services).revision.name.endswith("v1")
    third = world.deploy(saying(world, "v3"))
    # After the rollback green is still the environment that has traffic.
    assert ["blue", "green"] == [name for name, _ in third.targets]


def revision_of(result):
    return result.deployment["deploymentInfo"]["revision"]["s3Location"]["key"]


def test_what_is_good_after_traffic_went_back_and_forward_again_is_what_has_it(tmp_path):
    options = BlueGreenOptions(blue_action=BlueAction.KEEP_ALIVE)
    world = TrafficWorld(
        tmp_path, ids=("blue",), green_ids=("green",), options=options, config="AllAtOnce"
    )
    world.deploy(saying(world, "v1"))
    second = world.deploy(saying(world, "v2"))
    back = roll_back_deployment(second.deployment_id, world.services)
    assert revision_of(back).endswith("v1")
    forward = roll_back_deployment(back.deployment_id, world.services)
    assert revision_of(forward).endswith("v2")
    assert "Install" not in [event for _, event, _ in forward.events]
    again = roll_back_deployment(forward.deployment_id, world.services)
    assert revision_of(again).endswith("v1")


def back_by_hand(tmp_path, options):
    world = TrafficWorld(
        tmp_path, ids=("blue",), green_ids=("green",), options=options, config="AllAtOnce"
    )
    world.deploy(saying(world, "v1"))
    second = world.deploy(saying(world, "v2"))
    back = roll_back_deployment(second.deployment_id, world.services)
    assert "Succeeded" == back.status
    # v1 went to green, v2 to blue; so traffic is on green again.
    assert {endpoint_of(world.spec("green"))} == world.fake.healthy("web-tg")
    return events(back, "green")


def test_an_environment_that_runs_on_is_given_its_traffic_back(tmp_path):
    went = back_by_hand(tmp_path, BlueGreenOptions(blue_action=BlueAction.KEEP_ALIVE))
    assert ["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"] == list(went)


def test_an_environment_that_was_ended_is_deployed_to_anew(tmp_path):
    went = back_by_hand(tmp_path, BlueGreenOptions())
    assert "Install" in went
    assert "AllowTraffic" in went


def test_an_original_that_waits_for_its_end_is_kept_and_given_its_traffic_back(tmp_path):
    options = BlueGreenOptions(termination_wait=timedelta(hours=1))
    world = TrafficWorld(tmp_path, ids=("blue",), green_ids=("green",), config="AllAtOnce")
    world.options = BlueGreenOptions(blue_action=BlueAction.KEEP_ALIVE)
    world.deploy(saying(world, "v1"))
    world.options = options
    waiting = Waiting("Succeeded: ")
    world.listen(waiting)
    deploying = threading.Thread(target=world.deploy, args=(saying(world, "v2"),))
    deploying.start()
    assert waiting.reached.wait(60)
    second = world.executions.list(kind="deployment")[0].stream.partition("/")[2]
    back = roll_back_deployment(second, world.services)
    deploying.join(60)
    assert ("Succeeded", "Succeeded") == (
        get_deployment(second, world.services).status,
        back.status,
    )
    assert {endpoint_of(world.spec("green"))} == world.fake.healthy("web-tg")
    assert ["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"] == list(
        events(back, "green")
    )
