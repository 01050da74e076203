"""Blue/green with a fleet: it is copied, takes its place, and is ended or kept."""

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cicd.cli.show.deployment import finish
from cicd.cli.show.plain import Plain
from cicd.deploy.by_hand import roll_back_deployment
from cicd.deploy.fleet import ledger
from cicd.deploy.fleet.ledger import members_of
from cicd.deploy.fleet.run import scale_fleet
from cicd.deploy.traffic.fleet_copy import copy_of
from cicd.deploy.traffic.plan import BlueAction, BlueGreenOptions, GreenAction, ReadyAction
from cicd.errors import Unavailable, UsageError
from tests.deploy.fleet.world import FLEET, FleetWorld
from tests.deploy.world import SH, hooks

FILES = "files: [{source: app, destination: /srv}]\n"
COPY = BlueGreenOptions(green_action=GreenAction.COPY_AUTO_SCALING_GROUP)


class CopyWorld(FleetWorld):
    @property
    def group(self):
        group = super().group
        return replace(group, green=tuple(copy_of(each) for each in group.targets))


def make(tmp_path, options=COPY, **more):
    world = CopyWorld(root=tmp_path, balanced=True, options=options, config="AllAtOnce", **more)
    world.up(2)
    return world


def deploy(world, name="v1", **scripts):
    contents = {f"{event}.sh": SH + text for event, text in scripts.items()}
    appspec = FILES + hooks(**{event: f"{event}.sh" for event in scripts})
    return world.deploy(world.revision(name, appspec, {"app": name, **contents}))


def meant(world):
    return [each.id for each in members_of(FLEET, world.services)]


def test_the_copy_has_the_revision_takes_the_place_and_the_original_ends(tmp_path):
    world = make(tmp_path)
    first = deploy(world)
    assert first.status == "Succeeded"
    copy = f"CodeDeploy_web_{first.deployment_id}"
    assert meant(world) == [f"{copy}-1", f"{copy}-2"]
    replacement = first.deployment["deploymentInfo"]["targetInstances"]
    assert replacement == {"tagFilters": [], "autoScalingGroups": [copy]}
    assert [*first.endpoints] == meant(world)  # nothing listens any more where the original did
    assert (tmp_path / copy / f"{copy}-1/srv/app").read_text() == "v1"
    assert not world.member(1).exists()
    assert [each.name for each in ledger.active(world.services)] == [copy]
    told = [what for what, _, endpoint in world.fake.told]
    assert told == ["register"] * 2 + ["deregister"] * 2


def test_the_next_deployment_copies_the_copy_and_ports_go_back(tmp_path):
    world = make(tmp_path)
    deploy(world)
    listening = [each.endpoint[-4:] for each in members_of(FLEET, world.services)]
    second = deploy(world, "v2")
    copy = f"CodeDeploy_web_{second.deployment_id}"
    assert meant(world) == [f"{copy}-1", f"{copy}-2"]
    assert listening == ["9100", "9101"]
    assert members_of(FLEET, world.services)[0].endpoint[-4:] == "8100"


def test_an_original_that_is_kept_is_the_groups_no_more(tmp_path):
    world = make(tmp_path, replace(COPY, blue_action=BlueAction.KEEP_ALIVE))
    first = deploy(world)
    assert world.member(1).exists()
    assert meant(world)[0].startswith("CodeDeploy_web_")
    assert world.fleet.replaced_by == f"CodeDeploy_web_{first.deployment_id}"
    assert len(world.fleet.in_service) == 2


def test_traffic_goes_back_to_an_original_that_was_kept_and_so_does_the_name(tmp_path):
    world = make(tmp_path, replace(COPY, blue_action=BlueAction.KEEP_ALIVE))
    deploy(world)
    blue = meant(world)
    second = deploy(world, "v2")
    back = roll_back_deployment(second.deployment_id, world.services)
    assert back.status == "Succeeded"
    assert meant(world) == blue
    assert "Install" not in [event for _, event, _ in back.events]
    scale_fleet(blue[0].removesuffix("-1"), 3, world.services, (world.group,))
    joined = members_of(FLEET, world.services)[-1]
    assert (Path(joined.location) / "srv/app").read_text() == "v1"


def test_an_original_that_has_ended_is_made_anew_for_the_way_back(tmp_path):
    world = make(tmp_path)
    deploy(world)
    second = deploy(world, "v2")
    back = roll_back_deployment(second.deployment_id, world.services)
    assert back.status == "Succeeded", back.failure
    copy = f"CodeDeploy_web_{back.deployment_id}"
    assert meant(world) == [f"{copy}-1", f"{copy}-2"]
    assert (tmp_path / copy / f"{copy}-1/srv/app").read_text() == "v1"


def test_a_copy_whose_deployment_fails_has_no_traffic_and_the_original_stays(tmp_path):
    world = make(tmp_path)
    failed = deploy(world, ValidateService="exit 1\n")
    assert failed.status == "Failed"
    assert meant(world) == ["web-1", "web-2"]
    copy = f"CodeDeploy_web_{failed.deployment_id}"
    assert {each.name for each in ledger.active(world.services)} == {"web", copy}
    assert (copy,) == failed.left_fleets
    out = io.StringIO()
    assert 1 == finish(Plain(out, out), failed)
    assert f"is left to be looked at: cicd fleet down {copy}\n" in out.getvalue()
    assert world.fake.told == []


def test_a_copy_that_cannot_be_made_leaves_nothing(tmp_path):
    world = make(tmp_path)
    machines = world.services.machines(None)

    class Full:
        made = 0

        def make(self, order):
            self.made += 1
            if self.made == 2:
                raise Unavailable("there is no room")
            return machines.make(order)

        runs, remove, strays = machines.runs, machines.remove, machines.strays

    full = Full()
    world.services = replace(world.services, machines=lambda _kind: full, jobs=1)
    with pytest.raises(Unavailable, match="no room"):
        deploy(world)
    assert [each.name for each in ledger.active(world.services)] == ["web"]
    assert [each.name for each in tmp_path.glob("CodeDeploy*/*/")] == []
    assert meant(world) == ["web-1", "web-2"]


def test_a_deployment_that_waits_to_be_continued_and_is_not_stops_with_the_copy_there(tmp_path):
    options = replace(COPY, ready_action=ReadyAction.STOP_DEPLOYMENT, ready_wait=timedelta())
    world = make(tmp_path, options)
    assert deploy(world).status == "Stopped"
    assert meant(world) == ["web-1", "web-2"]


def test_the_copy_is_scaled_under_its_own_name_and_its_members_get_what_is_good(tmp_path):
    world = make(tmp_path)
    first = deploy(world)
    copy = f"CodeDeploy_web_{first.deployment_id}"
    scale_fleet(copy, 3, world.services, (world.group,))
    assert (tmp_path / copy / f"{copy}-3/srv/app").read_text() == "v1"
    assert len(meant(world)) == 3


def test_members_that_joined_later_leave_with_the_others_and_the_old_name_still_serves(tmp_path):
    world = make(tmp_path)
    deploy(world)
    second = deploy(world, "v2")
    world.scale(3)  # by the name that cicd.yml has
    joined = meant(world)[2]
    back = roll_back_deployment(second.deployment_id, world.services)
    assert back.status == "Succeeded"
    assert joined in dict(back.targets)
    assert [each.name for each in ledger.active(world.services)] == [
        f"CodeDeploy_web_{back.deployment_id}"
    ]
    with pytest.raises(UsageError, match="already, as 'CodeDeploy_web_"):
        world.up(1)
