"""Instances that have another revision than the group: late members, and outdated ones."""

from dataclasses import replace

import pytest

from cicd.deploy.run import get_deployment, resume_deployment
from tests.deploy.fleet.world import FleetWorld
from tests.deploy.world import SH, hooks

FILES = "files: [{source: app, destination: /srv}]\n"


@pytest.fixture
def world(tmp_path):
    made = FleetWorld(root=tmp_path)
    made.up(1)
    return made


class Joining:
    """A member joins once, while a hook of a deployment says that it is time."""

    def __init__(self, world):
        self.world = world
        self.joined = False

    def line(self, _stream, line):
        if line.text == "[stdout]now" and not self.joined:
            self.joined = True
            self.world.scale(2)

    def event(self, *_):
        pass

    block = event


def joined_during_the_second(world):
    assert world.deploy(world.revision("v1", FILES, {"app": "v1"})).status == "Succeeded"
    second = world.revision(
        "v2", FILES + hooks(AfterInstall="say.sh"), {"app": "v2", "say.sh": SH + "echo now\n"}
    )
    world.listen(Joining(world))
    return world.deploy(second)


def test_a_member_that_joined_meanwhile_gets_the_revision_afterwards_and_both_are_related(world):
    result = joined_during_the_second(world)
    assert (world.member(2) / "srv/app").read_text() == "v2"
    (launch,) = world.made_by("autoscaling")
    (update,) = world.made_by("CodeDeployAutoUpdate")
    assert [name for name, _ in update.targets] == ["web-2"] == [n for n, _ in launch.targets]
    root = get_deployment(result.deployment_id, world.services).deployment["deploymentInfo"]
    assert root["relatedDeployments"] == {
        "autoUpdateOutdatedInstancesDeploymentIds": [update.deployment_id]
    }
    assert update.deployment["deploymentInfo"]["relatedDeployments"] == {
        "autoUpdateOutdatedInstancesRootDeploymentId": result.deployment_id
    }
    resume_deployment(result.deployment_id, world.services)
    assert len(world.made_by("CodeDeployAutoUpdate")) == 1


def test_outdated_members_are_left_alone_where_the_group_says_so(tmp_path):
    class Ignoring(FleetWorld):
        @property
        def group(self):
            return replace(super().group, update_outdated=False)

    world = Ignoring(root=tmp_path)
    world.up(1)
    joined_during_the_second(world)
    assert (world.member(2) / "srv/app").read_text() == "v1"
    assert world.made_by("CodeDeployAutoUpdate") == []
