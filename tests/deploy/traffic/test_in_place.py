from dataclasses import replace
from datetime import timedelta

import pytest

from cicd.deploy.agent.fault import AgentFault
from cicd.deploy.compile import compile_plan
from cicd.deploy.traffic.control import allow_traffic
from cicd.errors import UsageError
from cicd.ports import CancelToken
from cicd.testing.clock import START, VirtualClock
from tests.deploy.traffic.world import TrafficWorld
from tests.deploy.world import SH, events, hooks

ALL = [
    *("BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic", "ApplicationStop"),
    *("DownloadBundle", "BeforeInstall", "Install", "AfterInstall", "ApplicationStart"),
    *("ValidateService", "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"),
]
AROUND = ("BeforeBlockTraffic", "AfterBlockTraffic", "BeforeAllowTraffic", "AfterAllowTraffic")
TRAFFIC_HOOKS = dict.fromkeys(AROUND, "say.sh")


@pytest.fixture
def world(tmp_path):
    return TrafficWorld(tmp_path, ids=("a", "b"))


def saying(world, name):
    script = SH + f'echo {name} $LIFECYCLE_EVENT >> "$CICD_INSTANCE_ROOT/said"\n'
    return world.revision(name, hooks(**TRAFFIC_HOOKS), {"say.sh": script})


def test_with_a_load_balancer_all_thirteen_events_run_in_order(world):
    result = world.deploy(saying(world, "v1"))
    assert dict.fromkeys(ALL, "Succeeded") == events(result, "a")
    assert ALL == list(events(result, "b"))


def test_an_instance_leaves_its_load_balancer_and_joins_it_one_after_the_other(world):
    world.deploy(saying(world, "v1"))
    assert ["deregister a", "register a", "deregister b", "register b"] == world.told()


def test_scripts_around_the_block_are_the_previous_revisions(world):
    world.deploy(saying(world, "v1"))
    assert "v1 BeforeAllowTraffic\nv1 AfterAllowTraffic\n" == world.text("said", "a")
    world.at("said", "a").unlink()
    world.deploy(saying(world, "v2"))
    assert [
        *("v1 BeforeBlockTraffic", "v1 AfterBlockTraffic"),
        *("v2 BeforeAllowTraffic", "v2 AfterAllowTraffic"),
    ] == world.text("said", "a").splitlines()


def test_an_instance_that_does_not_become_healthy_fails_its_event(world, monkeypatch):
    compiled = compile_plan(world.request(saying(world, "v1"))).plan
    assert timedelta(hours=1) == compiled.traffic.healthy_within
    monkeypatch.setattr("cicd.deploy.compile.plan_traffic", _hurried)
    world.fake.ailing.add(compiled.traffic.endpoint("a"))
    result = world.deploy(world.root / "revisions" / "v1")
    assert "Failed" == result.status
    assert "AllowTraffic" == result.detail["lifecycleEventName"]
    assert "did not become healthy in target group 'web-tg'" in result.failure
    # OneAtATime: the second keeps what it has, and its traffic.
    assert ["deregister a", "register a"] == world.told()


def test_the_end_of_its_hour_is_told_as_what_was_waited_for(world, monkeypatch):
    monkeypatch.setattr("cicd.deploy.limits._EVENT", timedelta(seconds=1))
    plan = compile_plan(world.request(saying(world, "v1"))).plan
    world.fake.ailing.add(plan.traffic.endpoint("a"))
    result = world.deploy(world.root / "revisions" / "v1")
    assert "AllowTraffic" == result.detail["lifecycleEventName"]
    assert "did not become healthy in target group 'web-tg' within 60 minutes" in result.failure


class Fast(VirtualClock):
    """A minute of it is a second of the machine's."""

    def machine(self, moment):
        return START + (moment - START) / 60


@pytest.mark.parametrize(("clock", "silent"), [(VirtualClock(), 10), (Fast(), 600)])
def test_a_wait_for_health_says_once_what_it_waits_for_and_where_to_look(tmp_path, clock, silent):
    world = TrafficWorld(tmp_path, ids=("a",))
    plan = compile_plan(world.request(saying(world, "v1"))).plan.traffic
    world.fake.ailing.add(plan.endpoint("a"))
    said = []

    def say(text):
        said.append((clock.now() - START, text))

    services = replace(world.services, clock=clock)
    with pytest.raises(AgentFault, match=r"within 60 minutes: .* 399. Seen last: it is ill\."):
        allow_traffic(plan, "a", services, CancelToken(), say=say)
    then = timedelta(seconds=silent)
    reason = f"{plan.endpoint('a')} is not healthy in 'web-tg' yet: it is ill; GET / must answer"
    where = "look at 'cicd router show web-tg', and at what ApplicationStart left running: "
    assert [
        (pytest.approx(then, abs=timedelta(seconds=1)), f"{reason} with 200 to 399"),
        (pytest.approx(then, abs=timedelta(seconds=1)), f"{where}'cicd deploy logs --instance a'"),
    ] == said


def test_who_is_made_ill_by_a_fault_is_told_what_ends_it(tmp_path):
    world = TrafficWorld(tmp_path, ids=("a",))
    plan = compile_plan(world.request(saying(world, "v1"))).plan.traffic
    services, said = replace(world.services, clock=VirtualClock()), []
    with pytest.raises(AgentFault):
        allow_traffic(plan, "a", services, CancelToken(), ill=lambda: True, say=said.append)
    assert 1 == len(said)
    assert said[0].endswith("'cicd fleet fault' makes it unhealthy, until it is told 'none'")
    assert [] == world.fake.told


def _hurried(load_balancers, targets):
    from cicd.deploy.traffic.plan import plan_traffic

    return replace(plan_traffic(load_balancers, targets), healthy_within=timedelta(seconds=0.1))


def test_a_rollback_goes_through_the_load_balancer_too(tmp_path):
    from cicd.deploy.plan import RollbackEvent

    world = TrafficWorld(tmp_path, ids=("a",), rollback=(RollbackEvent.DEPLOYMENT_FAILURE,))
    world.deploy(saying(world, "v1"))
    broken = world.revision("v2", hooks(ValidateService="no.sh"), {"no.sh": SH + "exit 1\n"})
    result = world.deploy(broken)
    assert ("Failed", "Succeeded") == (result.status, result.rollback.status)
    assert ALL == list(events(result.rollback, "a"))
    assert "register a" == world.told()[-1]


def test_the_shape_says_that_traffic_is_controlled(world):
    info = world.deploy(saying(world, "v1")).deployment["deploymentInfo"]
    assert {
        "deploymentType": "IN_PLACE",
        "deploymentOption": "WITH_TRAFFIC_CONTROL",
    } == info["deploymentStyle"]
    assert {"targetGroupInfoList": [{"name": "web-tg"}]} == info["loadBalancerInfo"]


def test_an_instance_must_say_where_it_listens(world):
    group = world.group
    silent = tuple(replace(target, variables=()) for target in group.targets)
    request = replace(world.request(saying(world, "v1")), group=replace(group, targets=silent))
    with pytest.raises(UsageError, match="'a' does not say where it listens"):
        compile_plan(request)
