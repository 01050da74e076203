"""The services of this machine: what nobody wants of them, and their end."""

from dataclasses import replace

import pytest

from cicd.deploy.rolling.record import Revision, RolloutState, ServiceRecord, write_record
from cicd.deploy.services.end import end_service, find_known, reap_task_sets
from cicd.engine.clock import ScaledClock
from cicd.errors import Conflict, Unavailable, UsageError
from cicd.ports import Endpoint, TaskState
from tests.deploy.service_world import deploy, service_world, told

KEY = "local/greeter"


@pytest.fixture
def world(tmp_path):
    return service_world(tmp_path)


def places(world, task_set):
    return [task.endpoint for task in world.sets.sets[task_set]]


def stray(world, name):
    endpoint = Endpoint(host="127.0.0.1", port=9)
    task = TaskState(number=1, endpoint=endpoint, running=True, healthy=True)
    world.sets.sets[name] = (task,)


def reap(world, *serving):
    return reap_task_sets(serving, world.services)


def test_a_service_that_was_removed_has_its_first_deployment_next(world):
    deploy(world)
    deploy(world)
    end_service(find_known("greeter", world.services), world.services)
    assert not world.sets.sets
    world.routers.clear()  # its load balancer is forgotten with it
    again = deploy(world)
    assert again.status == "Succeeded"
    assert told(world)[-1] == ("weights", "production", "greeter-blue 100, greeter-green 0")


def test_a_service_is_found_by_either_name_and_another_is_refused(world):
    with pytest.raises(UsageError, match="no service 'greeter'"):
        find_known("greeter", world.services)
    deploy(world)
    assert find_known(KEY, world.services) == find_known("greeter", world.services)
    with pytest.raises(UsageError, match="ServiceNotFoundException"):
        find_known("other", world.services)


def test_a_service_is_not_removed_while_it_is_deployed_to(world):
    deploy(world)
    record = ServiceRecord(key=KEY, state=RolloutState.IN_PROGRESS, owner="pipeline/1")
    write_record(record, 0, world.services)
    with pytest.raises(Conflict, match="being deployed to by pipeline/1"):
        end_service(find_known(KEY, world.services), world.services)
    assert world.sets.sets


def test_a_first_deployment_that_is_never_healthy_leaves_nothing(world):
    text = (world.place / "cicd.yml").read_text()
    limited = text.replace("desiredCount: 2", "desiredCount: 2\n        healthyWithinMinutes: 1")
    (world.place / "cicd.yml").write_text(limited)
    world.services = replace(world.services, clock=ScaledClock(120))
    world.sets.dead = True
    assert deploy(world).status == "Failed"
    assert not world.sets.sets
    assert ("retire", "", "") == world.routers["greeter"].told[-1]


def test_what_a_later_deployment_fails_for_ends_no_load_balancer(world):
    text = (world.place / "cicd.yml").read_text()
    limited = text.replace("desiredCount: 2", "desiredCount: 2\n        healthyWithinMinutes: 1")
    (world.place / "cicd.yml").write_text(limited)
    world.services = replace(world.services, clock=ScaledClock(120))
    assert deploy(world).status == "Succeeded"
    world.sets.dead = True
    assert deploy(world).status == "Failed"
    assert ("retire", "", "") not in world.routers["greeter"].told


def test_a_service_without_tasks_is_found_until_it_was_removed(world):
    deploy(world)
    world.sets.sets.clear()  # somebody else removed its containers
    found = find_known("greeter", world.services)
    assert (KEY, ()) == (found.key, found.task_sets)
    end_service(found, world.services)
    with pytest.raises(UsageError, match="no service 'greeter'"):
        find_known("greeter", world.services)


def test_a_service_that_a_faster_clock_deployed_to_is_removed_all_the_same(world):
    slow = world.services.clock
    world.services = replace(world.services, clock=ScaledClock(1e6))
    deploy(world)
    world.services = replace(world.services, clock=slow)
    end_service(find_known(KEY, world.services), world.services)
    with pytest.raises(UsageError, match="no service"):
        find_known(KEY, world.services)
    world.routers.clear()
    assert "Succeeded" == deploy(world).status


def test_what_has_traffic_is_kept_and_what_has_none_is_ended(world):
    deploy(world)
    (primary,) = world.sets.sets
    serving = places(world, primary)
    stray(world, "LEFT")
    assert reap(world, *serving) == ["task set LEFT of service local/greeter"]
    assert list(world.sets.sets) == [primary]
    assert reap(world, *serving) == []


def test_tasks_of_the_revision_that_runs_are_kept_without_a_load_balancer(world):
    now = Revision(number=2, definition="{}")
    write_record(ServiceRecord(key=KEY, revision=now, completed=now), 0, world.services)
    for name in ("r1-1", "r2-1"):
        stray(world, name)
    assert reap(world) == ["task set r1-1 of service local/greeter"]


def test_nothing_is_ended_while_a_deployment_could_go_on(world):
    stray(world, "LEFT")
    record = ServiceRecord(key=KEY, state=RolloutState.IN_PROGRESS, owner="pipeline/1")
    write_record(record, 0, world.services)
    assert reap(world) == []


def test_the_original_that_is_kept_alive_stays(world):
    text = (world.place / "cicd.yml").read_text()
    kept = text.replace("action: TERMINATE", "action: KEEP_ALIVE")
    kept = kept.replace("            terminationWaitTimeInMinutes: 0\n", "")
    (world.place / "cicd.yml").write_text(kept)
    deploy(world)
    deploy(world)
    first, second = world.sets.sets
    assert reap(world, *places(world, second)) == []
    assert list(world.sets.sets) == [first, second]


def test_without_an_engine_nothing_is_left_behind(world):
    def none():
        raise Unavailable("no engine")

    world.sets.services = none
    assert reap(world) == []
