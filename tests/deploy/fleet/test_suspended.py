"""Processes of fleets that rest while their group is deployed to."""

import threading
from dataclasses import dataclass, replace

import pytest

from cicd.deploy.find_group import find_group
from cicd.deploy.fleet.ledger import stream_of
from cicd.document.resources import Resources
from cicd.errors import DocumentError, UsageError
from tests.deploy.fleet.world import FleetWorld
from tests.deploy.world import SH, hooks

APPSPEC = "files: [{source: app, destination: /srv}]\n" + hooks(AfterInstall="say.sh")
FILES = {"app": "v1", "say.sh": SH + "echo now; sleep 0.1\n"}


@dataclass
class RestingWorld(FleetWorld):
    suspended: tuple = ("Terminate",)

    @property
    def group(self):
        return replace(super().group, suspended_processes=self.suspended)


class Shrinking:
    """Makes a fleet smaller as soon as a hook of a deployment says something."""

    def __init__(self, world):
        self.waits = threading.Event()
        self.thread = threading.Thread(target=lambda: world.scale(1))

    def line(self, _stream, line):
        if line.text == "[stdout]now" and self.thread.ident is None:
            self.thread.start()
            assert self.waits.wait(20)

    def event(self, _stream, event, _said):
        if event.data.get("signal") == "waiting":
            self.waits.set()

    def block(self, *_):
        pass


def test_a_fleet_becomes_smaller_when_the_deployment_that_suspends_it_is_over(tmp_path):
    world = RestingWorld(root=tmp_path)
    world.up(3)
    shrinking = Shrinking(world)
    world.listen(shrinking)
    result = world.deploy(world.revision("v1", APPSPEC, FILES))
    shrinking.thread.join(20)
    assert ["Succeeded"] * 3 == [status for _, status in result.targets]
    assert {"autoScalingGroupProcessesToSuspend": ["Terminate"]} == (
        result.deployment["deploymentInfo"]["ec2DeploymentOptions"]
    )
    assert 1 == len(world.fleet.in_service)
    events = [event for _, event in world.log.read(stream_of("web"))]
    told = [event.data["signal"] for event in events]
    assert told.index("waiting") < told.index("scaled") < told.index("terminating")
    over = [e for _, e in world.log.read(f"deployment/{result.deployment_id}")][-1]
    assert events[told.index("terminating")].at >= over.at


def test_other_processes_hold_nothing_up_and_a_larger_size_neither(tmp_path):
    world = RestingWorld(root=tmp_path, suspended=("AZRebalance",))
    world.up(2)
    assert world.deploy(world.revision("v1", APPSPEC, FILES)).status == "Succeeded"
    assert 1 == len(world.scale(1).fleet.in_service)


def test_a_deployment_that_nobody_drives_is_named_instead_of_waited_for(tmp_path):
    world = RestingWorld(root=tmp_path)
    world.up(2)

    class Dies:
        def event(self, _stream, event, _said):
            if event.key.endswith("/Install"):
                raise KeyboardInterrupt

        def line(self, *_):
            pass

    world.listen(Dies())
    with pytest.raises(KeyboardInterrupt):
        world.deploy(world.revision("v1", APPSPEC, FILES))
    with pytest.raises(UsageError, match="ends no member") as refusal:
        world.scale(1)
    assert "cicd deploy resume d-" in refusal.value.hint
    assert 2 == len(world.fleet.in_service)


GROUP = """
applications:
  - applicationName: shop
    deploymentGroups:
      - deploymentGroupName: web
        FLEETS
        ec2DeploymentOptions: {autoScalingGroupProcessesToSuspend: [PROCESS]}
local: {deploymentGroups: {web: {instances: [{id: a, directory: a}]}}}
"""


def read(tmp_path, fleets, process):
    text = GROUP.replace("FLEETS", fleets).replace("PROCESS", process)
    (tmp_path / "cicd.yml").write_text(text)
    return find_group(Resources.load(tmp_path), name="web", home=tmp_path)


def test_processes_are_named_in_their_own_case_and_are_of_fleets(tmp_path):
    group = read(tmp_path, "autoScalingGroups: [web]", "Terminate, ScheduledActions")
    assert ("Terminate", "ScheduledActions") == group.suspended_processes
    for fleets, process in (("autoScalingGroups: [web]", "terminate"), ("tags: []", "Terminate")):
        with pytest.raises(DocumentError) as refusal:
            read(tmp_path, fleets, process)
        problem = refusal.value.problems[0]
        assert "deploy/suspended-process" == problem.rule
        assert "InvalidAutoScalingGroupProcessToSuspendException" == problem.note
