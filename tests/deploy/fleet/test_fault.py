"""What a member is made to suffer, and what a deployment to it says then."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cicd.deploy.fleet.fault import Fault, FaultKind, parse_fault
from cicd.deploy.fleet.run import set_fault
from cicd.deploy.lifecycle import LifecycleEvent
from cicd.deploy.plan import RollbackEvent
from cicd.engine.clock import ScaledClock
from cicd.errors import UsageError
from tests.deploy.fleet.world import FLEET, FleetWorld
from tests.deploy.world import SH, events, hooks, message

FILES = "files: [{source: app, destination: /srv}]\n"


@pytest.fixture
def world(tmp_path):
    made = FleetWorld(root=tmp_path, config="AllAtOnce")
    made.services = replace(made.services, clock=ScaledClock(3000))
    made.up(2)
    return made


def suffer(world, fault, member="web-2"):
    return set_fault(FLEET, member, fault, world.services, (world.group,))


def deploy(world, **scripts):
    contents = {f"{event}.sh": SH + text for event, text in scripts.items()}
    appspec = FILES + hooks(**{event: f"{event}.sh" for event in scripts})
    return world.deploy(world.revision("v1", appspec, {"app": "v1", **contents}))


def only_the_second_failed(result):
    return dict(result.targets) == {"web-1": "Succeeded", "web-2": "Failed"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("none", None),
        ("slow=500ms", Fault(kind=FaultKind.SLOW, time=timedelta(milliseconds=500))),
        ("skew=-10m", Fault(kind=FaultKind.SKEW, time=timedelta(minutes=-10))),
        (
            "failing-hook=AfterInstall",
            Fault(kind=FaultKind.FAILING_HOOK, event=LifecycleEvent.AFTER_INSTALL),
        ),
        ("disk-full", Fault(kind=FaultKind.DISK_FULL)),
    ],
)
def test_faults_are_words(text, fault):
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    "text",
    ["", "sloww=2s", "slow", "slow=2", "slow=-2s", "failing-hook=Install", "unhealthy=1"],
)
def test_what_is_no_fault_is_refused_with_a_hint(text):
    with pytest.raises(UsageError) as refused:
        parse_fault(text)
    assert refused.value.hint


def test_a_fault_of_nobody_is_refused(world):
    with pytest.raises(UsageError, match="no member 'web-9'"):
        suffer(world, "slow=1s", "web-9")


def test_a_slow_member_takes_so_much_longer_for_each_event(world):
    suffer(world, "slow=10m")
    result = deploy(world)
    assert result.status == "Succeeded"
    took = {}
    for target in result.deployment["deploymentTargets"]:
        shape = target["instanceTarget"]
        took[shape["targetId"]] = shape["lastUpdatedAt"]
    assert took["web-2"] > took["web-1"]


def test_the_hook_of_one_event_fails_and_the_words_say_that_it_was_meant_to(world):
    suffer(world, "failing-hook=ValidateService")
    result = deploy(world)
    assert only_the_second_failed(result)
    assert events(result, "web-2")["ValidateService"] == "Failed"
    assert events(result, "web-2")["ApplicationStart"] == "Succeeded"


def test_a_full_disk_fails_install_and_what_was_begun_is_removed_later(world):
    suffer(world, "disk-full")
    result = deploy(world)
    assert only_the_second_failed(result)
    assert events(result, "web-2")["Install"] == "Failed"
    assert not (world.member(2) / "srv/app").exists()
    suffer(world, "none")
    assert world.deploy(world.root / "revisions/v1").status == "Succeeded"
    assert (world.member(2) / "srv/app").read_text() == "v1"


def test_nobody_reaches_a_member_that_is_cut_off_and_all_its_events_are_skipped(world):
    suffer(world, "partitioned")
    result = deploy(world)
    assert only_the_second_failed(result)
    assert set(events(result, "web-2").values()) == {"Skipped"}
    world.config = "OneAtATime"
    suffer(world, "partitioned", "web-1")
    failed = world.deploy(world.root / "revisions/v1")
    assert failed.status == "Failed"
    assert "One or more lifecycle events did not run" in failed.failure
    assert failed.deployment["deploymentInfo"]["errorInformation"]["code"] == "HEALTH_CONSTRAINTS"


@pytest.mark.parametrize(("skew", "way"), [("skew=6m", "ahead of"), ("skew=-2h", "behind")])
def test_a_clock_that_is_off_gets_the_diagnosis_in_words(world, skew, way):
    suffer(world, skew, "web-1")
    suffer(world, skew)
    result = deploy(world)
    assert result.status == "Failed"
    assert set(events(result, "web-2").values()) == {"Skipped"}
    assert "InvalidSignatureException - Signature expired" in message(result)
    assert way in message(result)


def test_a_clock_that_is_off_by_less_is_well(world):
    suffer(world, "skew=4m")
    assert dict(deploy(world).targets)["web-2"] == "Succeeded"


def test_a_failing_launch_is_rehearsed_too_and_rolls_back_nothing(world):
    world.rollback = (RollbackEvent.DEPLOYMENT_FAILURE,)
    deploy(world, ValidateService="exit 0\n")
    suffer(world, "failing-hook=ApplicationStop")
    world.termination_hook = True
    world.scale(0)
    assert len(world.made_by("autoscalingTermination")) == 2
    assert world.made_by("codeDeployRollback") == []


def test_an_unhealthy_member_leaves_its_load_balancer_and_joins_when_it_is_well(tmp_path):
    world = FleetWorld(root=tmp_path, balanced=True, config="AllAtOnce")
    world.services = replace(world.services, clock=ScaledClock(30_000))
    world.ports = {"web-1": 8100, "web-2": 8101}
    world.up(2)
    deploy(world)
    world.fake.told.clear()
    suffer(world, "unhealthy")
    assert world.told() == ["deregister web-2"]
    result = world.deploy(world.root / "revisions/v1")
    assert only_the_second_failed(result)
    assert events(result, "web-2")["AllowTraffic"] == "Failed"
    assert "become healthy" in str(result.deployment)
    world.fake.told.clear()
    suffer(world, "none")
    assert world.told() == ["register web-2"]
