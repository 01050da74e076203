from dataclasses import replace

import pytest

from cicd.backends.target_directory import DirectoryTarget
from cicd.deploy.by_hand import roll_back_deployment
from cicd.deploy.health import Attempt, health_order
from cicd.deploy.run import forecast_deployment
from cicd.deploy.state import Status
from cicd.errors import Unavailable, UsageError
from cicd.ports import TargetKind
from tests.deploy.test_process import plan
from tests.deploy.world import World, hooks

S, F, SKIPPED = Status.SUCCEEDED, Status.FAILED, Status.SKIPPED


def attempt(digest, status, **targets):
    made = plan()
    revision = replace(made.revision, digest=digest)
    return Attempt(plan=replace(made, revision=revision), status=status, targets=targets)


def test_without_a_history_targets_go_by_id():
    assert ["a", "b"] == health_order(["b", "a"], [])


def test_unhealthy_ones_go_first():
    attempts = [attempt("1", "Succeeded", a=S, b=F, c=S)]
    assert ["b", "a", "c"] == health_order(["a", "b", "c"], attempts)


class Halting(World):
    """Instances are containers; those in ``down`` do not run."""

    down = ("c",)

    def spec(self, name):
        return replace(super().spec(name), kind=TargetKind.CONTAINER)

    def __post_init__(self):
        super().__post_init__()
        self.services = replace(self.services, target=self.target)

    def target(self, spec):
        made = DirectoryTarget(spec, isolated=False)
        if spec.id in self.down:
            made.check = self.refuse
        return made

    def refuse(self):
        raise Unavailable("container 'c' does not run: exited")


@pytest.mark.parametrize(
    ("config", "status", "statuses"),
    [
        ("OneAtATime", "Failed", {"a": "Skipped", "b": "Skipped", "c": "Failed"}),
        ("AllAtOnce", "Succeeded", {"a": "Succeeded", "b": "Succeeded", "c": "Failed"}),
    ],
)
def test_an_instance_that_does_not_run_counts_as_failed_before_any_other_is_begun(
    tmp_path, config, status, statuses
):
    world = Halting(tmp_path, ids=("a", "b", "c"), config=config)
    result = world.deploy(world.revision("v1", "files: []\n"))
    assert (status, statuses) == (result.status, dict(result.targets))


def test_a_rollback_by_hand_begins_with_what_does_not_run_now(tmp_path):
    world = Halting(tmp_path, ids=("a", "b", "c"))
    world.down = ()
    for name in ("v1", "v2"):
        second = world.deploy(world.revision(name, "files: []\n"))
    world.down = ("c",)
    back = roll_back_deployment(second.deployment_id, world.services)
    assert [("c", "Failed"), ("a", "Skipped"), ("b", "Skipped")] == list(back.targets)


def test_a_plan_tells_of_an_instance_that_does_not_run(tmp_path):
    world = Halting(tmp_path, ids=("a", "b", "c"))
    request = world.request(world.revision("v1", "files: []\n"))
    _, forecast = forecast_deployment(request, world.services)
    assert ("Failed", ("c",)) == (forecast.status, forecast.down)
    assert ["Failed", "Skipped", "Skipped"] == [each.status for each in forecast.targets]


def test_of_healthy_ones_the_old_go_before_the_current():
    attempts = [
        attempt("2", "Succeeded", a=S, b=SKIPPED),
        attempt("1", "Succeeded", a=S, b=S),
    ]
    assert ["b", "a"] == health_order(["a", "b"], attempts)


def test_of_unhealthy_ones_the_unknown_go_before_the_old():
    attempts = [attempt("2", "Failed", a=F, b=F), attempt("1", "Succeeded", a=S)]
    assert ["b", "a"] == health_order(["a", "b"], attempts)


def test_only_instances_without_the_last_good_revision_are_updated(tmp_path):
    world = World(tmp_path, ids=("a", "b"), config="AllAtOnce")
    breaks = "#!/bin/sh\ntest $NAME = a\n"
    good = world.deploy(
        world.revision("v1", hooks(ValidateService="v.sh"), {"v.sh": breaks}),
    )
    assert [("a", "Succeeded"), ("b", "Failed")] == sorted(good.targets)
    again = world.deploy(
        world.root / "revisions/v1", update_outdated_instances_only=True, description="the rest"
    )
    assert [("b", "Failed")] == list(again.targets)
    assert again.deployment["deploymentInfo"]["updateOutdatedInstancesOnly"] is True


def test_where_nobody_is_outdated_there_is_nothing_to_update(tmp_path):
    world = World(tmp_path)
    revision = world.revision("v1", "files: []\n")
    world.deploy(revision)
    with pytest.raises(UsageError, match="NO_INSTANCES"):
        world.deploy(revision, update_outdated_instances_only=True)
