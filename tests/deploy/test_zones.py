from dataclasses import replace
from datetime import timedelta

import pytest

from cicd.deploy.compile import compile_plan
from cicd.deploy.config import ZonalConfig, custom, find_config, parse_minimum
from cicd.deploy.describe import describe
from cicd.deploy.process import DeploymentProcess
from cicd.deploy.rollback import plan_rollback
from cicd.deploy.strategies import strategy_for
from cicd.deploy.strategies.rolling_window import Doomed, Progress, Take
from cicd.deploy.traffic.plan import BlueGreenOptions
from cicd.document.resources import Resources
from cicd.engine.codec import encode
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.engine.rehearse import rehearse
from cicd.errors import DocumentError, UsageError
from cicd.event import EventKind
from cicd.ports import TargetSpec
from cicd.testing.clock import START
from tests.deploy.test_process import plan
from tests.deploy.traffic.world import TrafficWorld

SECOND = timedelta(seconds=1)


def zonal(minimum, per_zone="0%", monitor=0, first=None):
    zones = ZonalConfig(
        monitor_duration=monitor,
        first_zone_monitor_duration=monitor if first is None else first,
        minimum_per_zone=parse_minimum(per_zone),
    )
    return replace(custom(parse_minimum(minimum)), zonal=zones)


def zones_of(**counts):
    return {f"{zone}-{n}": zone for zone, count in counts.items() for n in range(count)}


def deployed(config, zones, failing=()):
    """Rehearse a deployment in which an event takes a second; give its process and events."""
    targets = tuple(TargetSpec(id=t, location=f"/{t}", zone=z) for t, z in zones.items())
    process = DeploymentProcess(replace(plan(), config=config, targets=targets))

    def perform(command):
        bad = command.target in failing and command.event == "ValidateService"
        return SECOND, Outcome(status=OutcomeStatus.FAILED if bad else OutcomeStatus.DONE)

    return process, rehearse(process, encode(process.plan), start=START, jobs=500, perform=perform)


def begun(events, target):
    return next(e.at - START for e in events if e.key == f"{target}/ApplicationStop")


def test_the_documented_example_takes_forty_of_the_first_zone():
    """Source: CodeDeploy User Guide, "Zonal configuration"."""
    zones = zones_of(a=100, b=100)
    move = strategy_for(zonal("160", "50"), zones).next(Progress(waiting=tuple(zones)))
    assert isinstance(move, Take)
    assert 40 == len(move.targets)
    assert {"a"} == {zones[target] for target in move.targets}


def test_a_zone_begins_when_the_one_before_has_been_monitored():
    _, events = deployed(zonal("0", monitor=60, first=600), zones_of(b=1, a=1, c=1))
    seven = 7 * SECOND
    assert timedelta() == begun(events, "a-0")
    assert seven + timedelta(minutes=10) == begun(events, "b-0")
    assert begun(events, "b-0") + seven + timedelta(minutes=1) == begun(events, "c-0")


def test_the_status_is_baking_while_a_zone_is_monitored():
    process, events = deployed(zonal("0", monitor=60), zones_of(a=1, b=1))
    state, seen, said = process.initial(), [], []
    for event in events:
        state = process.apply(state, event)
        seen.append(process.status(state))
        said.append(describe(process, state, event).text)
    assert "Baking" in seen
    assert "Succeeded" == seen[-1]
    assert [
        (
            "a-0: ValidateService Succeeded\nBaking: the zone is monitored until "
            f"{(START + timedelta(seconds=67)).astimezone():%H:%M:%S}"
        ),
    ] == [text for text in said if "monitored" in text]


def test_nothing_is_monitored_before_anything_has_begun():
    process, _ = deployed(zonal("0", monitor=60), zones_of(a=1, b=1))
    assert process.monitored_until(process.initial()) is None


def test_after_the_last_zone_nothing_is_waited_for():
    _, events = deployed(zonal("0", monitor=3600), zones_of(a=1))
    assert 7 * SECOND == events[-1].at - START


@pytest.mark.parametrize(
    ("minimum", "per_zone", "failing", "code"),
    [
        ("2", "1", ("a-0",), "HEALTH_CONSTRAINTS"),  # one of two may be out in the zone
        ("3", "0%", ("a-1",), "HEALTH_CONSTRAINTS"),  # one of four in the fleet
        ("4", "0%", (), "HEALTH_CONSTRAINTS_INVALID"),
        ("0", "2", (), "HEALTH_CONSTRAINTS_INVALID"),
    ],
)
def test_a_breach_of_the_fleets_or_the_zones_minimum_fails(minimum, per_zone, failing, code):
    process, events = deployed(zonal(minimum, per_zone), zones_of(a=2, b=2), failing)
    assert "Failed" == events[-1].data["status"]
    state = process.initial()
    for event in events:
        state = process.apply(state, event)
    assert code == process.doom(state)
    assert "Skipped" == process.target_status(state, "b-0")


def test_a_fleet_that_has_used_its_minimum_up_is_not_monitored_before_it_fails():
    zones = zones_of(a=1, b=1)
    move = strategy_for(zonal("1", monitor=9), zones).next(
        Progress(waiting=("b-0",), failed=("a-0",), ended={"a-0": START}, now=START)
    )
    assert Doomed(code="HEALTH_CONSTRAINTS") == move


def test_a_rollback_ignores_zones():
    failed = replace(plan(), config=zonal("0", monitor=60))
    wish = plan_rollback(failed, plan(), "d-2")
    assert wish.plan.config.zonal is None


def test_a_zonal_configuration_is_read_from_the_resources(tmp_path):
    (tmp_path / "cicd.yml").write_text(
        """
deploymentConfigs:
  - deploymentConfigName: zones
    computePlatform: Server
    minimumHealthyHosts: {type: HOST_COUNT, value: 1}
    zonalConfig:
      monitorDurationInSeconds: 5
      minimumHealthyHostsPerZone: {type: FLEET_PERCENT, value: 50}
"""
    )
    config = find_config("zones", Resources.load(tmp_path))
    assert zonal("1", "50%", monitor=5) == replace(config, name="Custom")


def test_a_configuration_of_ones_own_is_not_called_as_those_of_the_service_are(tmp_path):
    (tmp_path / "cicd.yml").write_text(
        "deploymentConfigs:\n"
        "  - deploymentConfigName: CodeDeployDefault.Mine\n"
        "    minimumHealthyHosts: {type: HOST_COUNT, value: 1}\n"
    )
    with pytest.raises(DocumentError, match="begins as the names of AWS"):
        find_config("CodeDeployDefault.Mine", Resources.load(tmp_path))


def test_zones_of_instances_hold_in_a_deployment_that_is_concluded():
    _, events = deployed(zonal("50%", monitor=1), zones_of(a=3, b=2))
    assert EventKind.CONCLUDED is events[-1].kind
    assert "Succeeded" == events[-1].data["status"]


def test_a_blue_green_deployment_does_not_go_from_zone_to_zone(tmp_path):
    world = TrafficWorld(tmp_path, green_ids=("d",), options=BlueGreenOptions())
    request = replace(world.request(world.serving("v1")), config=zonal("0"))
    with pytest.raises(UsageError, match="InvalidZonalDeploymentConfigurationException"):
        compile_plan(request)
