"""Deployments to a service whose tasks and load balancer are in memory; the rest is real."""

import re
from dataclasses import replace

import pytest

from cicd.deploy.by_hand import roll_back_deployment
from cicd.deploy.shift.hook_status import put_hook_status
from cicd.engine.clock import ScaledClock
from cicd.errors import Unavailable, UsageError
from cicd.ports import Endpoint
from cicd.testing.fakes import RecordingReporter
from tests.deploy.service_world import deploy, service_world, told


class Reporting:
    """Functions that report at once, each what ``reports`` says."""

    def __init__(self, world, **reports):
        self.world, self.reports = world, reports

    def has(self, name):
        return name in self.reports

    def call(self, name, payload):
        put_hook_status(
            payload["DeploymentId"],
            payload["LifecycleEventHookExecutionId"],
            self.reports[name],
            self.world.services,
        )


@pytest.fixture
def world(tmp_path):
    return service_world(tmp_path)


def with_hook(world, event):
    with (world.place / "appspec.yaml").open("a") as appspec:
        appspec.write(f"Hooks:\n  - {event}: check\n")


def greet(world, words):
    text = (world.place / "taskdef.json").read_text()
    (world.place / "taskdef.json").write_text(re.sub("version [0-9]", words, text))


def revision_of(result):
    return result.deployment["deploymentInfo"]["revision"]["s3Location"]["eTag"]


def test_target_groups_alternate_and_each_original_ends(world):
    first, second = deploy(world), deploy(world)
    assert (first.status, second.status) == ("Succeeded", "Succeeded")
    assert told(world) == [
        ("weights", "test", "greeter-blue 100, greeter-green 0"),
        ("weights", "production", "greeter-blue 100, greeter-green 0"),
        ("weights", "test", "greeter-blue 0, greeter-green 100"),
        ("weights", "production", "greeter-blue 0, greeter-green 100"),
    ]
    assert list(world.sets.sets) == [second.deployment_id.removeprefix("d-")]


def test_by_hand_the_earlier_version_is_deployed_anew_once_its_tasks_have_ended(world):
    deploy(world)
    second = deploy(world)
    back = roll_back_deployment(second.deployment_id, world.services)
    assert back.status == "Succeeded"
    assert told(world)[-1] == ("weights", "production", "greeter-blue 100, greeter-green 0")
    assert list(world.sets.sets) == [back.deployment_id.removeprefix("d-")]


def test_by_hand_it_is_never_a_version_that_was_rolled_back(world):
    first = deploy(world)
    greet(world, "version 2")
    with_hook(world, "AfterAllowTraffic")
    world.services = replace(
        world.services, hook_functions=lambda: Reporting(world, check="Failed")
    )
    second = deploy(world)
    assert (second.status, second.rollback.status) == ("Failed", "Succeeded")
    assert revision_of(second.rollback) == revision_of(first)
    greet(world, "version 3")
    world.services = replace(
        world.services, hook_functions=lambda: Reporting(world, check="Succeeded")
    )
    third = deploy(world)
    assert third.status == "Succeeded"
    ordered, create = [], world.sets.create

    def creating(order, *, secrets):
        ordered.append(order)
        return create(order, secrets=secrets)

    world.sets.create = creating
    back = roll_back_deployment(third.deployment_id, world.services)
    assert back.status == "Succeeded", back.failure
    assert ["hello from version 1"] == [dict(ordered[-1].containers[0].environment)["GREETING"]]


def test_a_version_that_does_not_become_healthy_gets_nothing_and_is_ended(world):
    deploy(world)
    text = (world.place / "cicd.yml").read_text()
    limited = text.replace("desiredCount: 2", "desiredCount: 2\n        healthyWithinMinutes: 1")
    (world.place / "cicd.yml").write_text(limited)
    world.services = replace(world.services, clock=ScaledClock(120))
    world.sets.dead = True
    failed = deploy(world)
    assert failed.status == "Failed"
    assert "it ended with 3" in failed.failure
    assert failed.rollback.status == "Succeeded"
    assert told(world)[-2:] == [
        ("weights", "production", "greeter-blue 100, greeter-green 0"),
        ("weights", "test", "greeter-blue 100, greeter-green 0"),
    ]
    assert len(world.sets.sets) == 1


def test_why_no_task_can_be_made_is_told_with_its_hint_and_once(world):
    class Refusing(type(world.sets)):
        def create(self, order, *, secrets):
            raise Unavailable("image 'shop:1' is not here", hint="pull it")

    world.sets = Refusing()
    reporter = RecordingReporter()
    world.services = replace(world.services, reporters=(reporter,))
    failed = deploy(world)
    assert failed.failure == "greeter: Install: image 'shop:1' is not here; pull it"
    said = reporter.said()
    assert 1 == sum("is not here" in text for text in said)
    assert f"{failed.deployment_id}: Failed ECS_UPDATE_ERROR" in said


def test_an_install_that_times_out_tells_what_the_load_balancer_saw(world):
    deploy(world)
    text = (world.place / "cicd.yml").read_text()
    limited = text.replace("desiredCount: 2", "desiredCount: 2\n        healthyWithinMinutes: 1")
    (world.place / "cicd.yml").write_text(limited)
    world.services = replace(world.services, clock=ScaledClock(120))
    world.routers["greeter"].ailing |= {Endpoint(host="127.0.0.1", port=n) for n in (1002, 1003)}
    failed = deploy(world, auto_rollback=False)
    assert "task 0: the load balancer says: it is ill; task 1: the load" in failed.failure


@pytest.mark.parametrize("rolls_back", [True, False])
def test_a_task_that_ended_while_it_had_traffic_gives_all_back_though_it_runs_again(
    world, rolls_back
):
    deploy(world)
    text = (world.place / "cicd.yml").read_text()
    (world.place / "cicd.yml").write_text(
        text.replace("ECSAllAtOnce", "ECSLinear10PercentEvery3Minutes")
    )
    world.services = replace(world.services, clock=ScaledClock(100))
    new = ("weights", "production", "greeter-blue 80, greeter-green 20")
    world.sets.crashed = lambda: new in told(world)
    failed = deploy(world, auto_rollback=rolls_back)
    assert failed.status == "Failed"
    assert (
        "a task of the replacement failed: task 0: container 'web' ended out of memory and was "
        "started again, once so far; traffic is back at the original"
    ) in failed.failure
    last = [each for each in told(world) if each[1] == "production"][-1]
    assert last == ("weights", "production", "greeter-blue 100, greeter-green 0")
    assert (failed.rollback is not None) is rolls_back


def test_traffic_that_is_not_at_the_primary_task_set_refuses_the_next_deployment(world):
    deploy(world)
    world.routers["greeter"].set_weights("production", {"greeter-blue": 50, "greeter-green": 50})
    failed = deploy(world, auto_rollback=False)
    assert failed.status == "Failed"
    assert "Primary taskset target group must be behind listener" in failed.failure


def test_a_hook_without_a_function_is_refused_before_anything_begins(world):
    with_hook(world, "AfterInstall")
    with pytest.raises(UsageError, match="the function 'check', and there is none"):
        deploy(world)
    assert not world.sets.sets


@pytest.mark.parametrize("status", ["Succeeded", "Failed"])
def test_a_hook_counts_as_its_function_reports(world, status):
    with_hook(world, "BeforeAllowTraffic")
    functions = Reporting(world, check=status)
    world.services = replace(world.services, hook_functions=lambda: functions)
    result = deploy(world)
    assert result.status == status
    if status == "Failed":
        assert "lifecycle event validation functions failed" in result.failure
        assert not [each for each in told(world) if each[1] == "production"]


def test_a_hook_reports_once_with_a_known_word_and_its_own_id(world):
    """Trap 50."""
    with_hook(world, "AfterInstall")
    seen = []

    class Twice(Reporting):
        def call(self, name, payload):
            own = payload["LifecycleEventHookExecutionId"]
            deployment = payload["DeploymentId"]
            for execution, word in (
                (own, "Maybe"),
                ("other", "Succeeded"),
                (own, "Succeeded"),
                (own, "Failed"),
            ):
                try:
                    put_hook_status(deployment, execution, word, world.services)
                except UsageError as refused:
                    seen.append(refused.message.rpartition("(")[2])

    functions = Twice(world, check="")
    world.services = replace(world.services, hook_functions=lambda: functions)
    assert deploy(world).status == "Succeeded"
    assert seen == [
        "InvalidLifecycleEventHookExecutionStatusException)",
        "InvalidLifecycleEventHookExecutionIdException)",
        "LifecycleEventAlreadyCompletedException)",
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("appspec.yaml", "ContainerPort: 8000", "ContainerPort: 8001", "with the port 8001"),
        ("appspec.yaml", "<TASK_DEFINITION>", "other:3", "deploys the task definition 'other'"),
        ("taskdef.json", "", "", "has no task definition"),
    ],
)
def test_what_does_not_fit_is_refused(world, file, old, new, words):
    place = world.place / file
    if old:
        place.write_text(place.read_text().replace(old, new))
    else:
        place.unlink()
    with pytest.raises(UsageError, match=words):
        deploy(world)
