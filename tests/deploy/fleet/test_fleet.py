"""Fleets: members come, get what is good, and go."""

import pytest

from cicd.deploy.fleet.run import reap_fleets
from cicd.errors import Unavailable, UsageError
from tests.deploy.fleet.world import FleetWorld
from tests.deploy.world import SH, hooks

FILES = "files: [{source: app, destination: /srv}]\n"


@pytest.fixture
def world(tmp_path):
    return FleetWorld(root=tmp_path)


def names(fleet):
    return [each.target.id for each in fleet.in_service]


def good(world, name="v1", **scripts):
    """Deploy a revision that succeeds, with an app of its own name."""
    contents = {f"{event}.sh": SH + text for event, text in scripts.items()}
    appspec = FILES + hooks(**{event: f"{event}.sh" for event in scripts})
    revision = world.revision(name, appspec, {"app": name, **contents})
    result = world.deploy(revision)
    assert result.status == "Succeeded"
    return revision


def test_members_are_made_in_service_and_listen_one_beside_the_other(world):
    fleet = world.up(3).fleet
    assert names(fleet) == ["web-1", "web-2", "web-3"]
    assert [each.target.endpoint[-4:] for each in fleet.in_service] == ["8100", "8101", "8102"]
    assert world.member(2).is_dir()


def test_a_deployment_goes_to_the_members_and_they_have_ports_of_their_own(world):
    world.up(2)
    good(world, ValidateService='echo "$PORT"\n')
    assert (world.member(2) / "srv/app").read_text() == "v1"


def test_a_member_that_joins_gets_the_last_good_revision(world):
    world.up(1)
    good(world)
    bad = world.revision(
        "v2", FILES + hooks(AfterInstall="no.sh"), {"app": "v2", "no.sh": SH + "exit 1\n"}
    )
    assert world.deploy(bad).status == "Failed"
    world.scale(2)
    assert (world.member(2) / "srv/app").read_text() == "v1"
    (launch,) = world.made_by("autoscaling")
    assert [name for name, _ in launch.targets] == ["web-2"]
    assert launch.events[0][1] == "ApplicationStop"


def test_a_member_whose_launch_fails_is_abandoned_and_removed(world):
    world.up(1)
    good(world, ValidateService='test "$(basename "$CICD_INSTANCE_ROOT")" = web-1\n')
    result = world.scale(3)
    assert names(result.fleet) == ["web-1"]
    assert sorted(name for name, _ in result.abandoned) == ["web-2", "web-3"]
    assert "ABANDON" in result.abandoned[0][1]
    assert not world.member(2).exists()
    # What a launch did is not the group's last good deployment.
    assert world.scale(1).fleet.desired == 1


def test_the_eldest_end_first_and_their_places_are_given_to_the_next(world):
    world.up(3)
    assert names(world.scale(1).fleet) == ["web-3"]
    assert not world.member(1).exists()
    fleet = world.scale(2).fleet
    assert names(fleet) == ["web-3", "web-4"]
    assert fleet.in_service[1].target.endpoint == "http://127.0.0.1:8100"


def test_a_member_that_was_lost_is_replaced(world):
    world.up(2)
    world.member(1).rmdir()
    assert names(world.scale(2).fleet) == ["web-2", "web-3"]


def test_termination_hooks_stop_the_application_before_the_member_ends(world):
    world.termination_hook = True
    world.up(2)
    good(world, ApplicationStop=f'echo "$LIFECYCLE_EVENT" >> {world.root}/stopped\n')
    world.scale(1)
    assert (world.root / "stopped").read_text() == "ApplicationStop\n"
    (ended,) = world.made_by("autoscalingTermination")
    assert [event for _, event, _ in ended.events] == ["ApplicationStop"]


def test_without_the_option_no_termination_hook_runs(world):
    world.up(1)
    good(world, ApplicationStop=f"touch {world.root}/stopped\n")
    world.down()
    assert not (world.root / "stopped").exists()


def test_a_termination_goes_on_even_if_its_hooks_fail(world):
    world.termination_hook = True
    world.up(1)
    good(world, ApplicationStop="exit 1\n")
    world.down()
    assert not world.member(1).exists()


def test_behind_a_load_balancer_a_member_joins_at_the_end_and_leaves_first(tmp_path):
    world = FleetWorld(root=tmp_path, balanced=True, termination_hook=True)
    world.ports = {"web-1": 8100, "web-2": 8101}
    world.up(1)
    good(world)
    world.fake.told.clear()
    world.scale(2)
    assert world.told() == ["register web-2"]
    (launch,) = world.made_by("autoscaling")
    assert "BlockTraffic" not in [event for _, event, _ in launch.events]
    world.fake.told.clear()
    world.down()
    assert {"deregister web-1", "deregister web-2"} == set(world.told())
    ended = world.made_by("autoscalingTermination")[0]
    assert [event for _, event, _ in ended.events] == [
        "BeforeBlockTraffic",
        "BlockTraffic",
        "AfterBlockTraffic",
        "ApplicationStop",
    ]


def test_a_fleet_is_made_once_and_may_be_made_again(world):
    world.up(1)
    with pytest.raises(UsageError, match="already"):
        world.up(1)
    world.down()
    with pytest.raises(UsageError, match="no fleet 'web'"):
        world.scale(1)
    # Nothing that was deployed to an earlier member is a new one's history.
    assert names(world.up(1).fleet) == ["web-2"]


def test_what_stands_in_the_way_is_not_touched(world):
    world.member(1).mkdir(parents=True)
    (world.member(1) / "mine").touch()
    with pytest.raises(Unavailable, match="no fleet made it"):
        world.up(1)
    assert (world.member(1) / "mine").exists()
    with pytest.raises(UsageError):
        world.scale(1)


def test_what_a_dead_run_left_half_made_is_reaped_or_replaced(world):
    from cicd.deploy.fleet import ledger

    world.up(2)
    ledger.note("web", world.services, "terminating", member="web-1", cause="killed")
    assert reap_fleets(world.services) == ["web-1"]
    assert not world.member(1).exists()
    assert names(world.scale(2).fleet) == ["web-2", "web-3"]


def test_a_user_does_not_roll_back_what_a_fleet_deployed(world):
    from cicd.deploy.by_hand import roll_back_deployment

    world.up(1)
    good(world)
    world.scale(2)
    (launch,) = world.made_by("autoscaling")
    with pytest.raises(UsageError, match="made by a fleet itself"):
        roll_back_deployment(launch.deployment_id, world.services)
