"""Rolling updates of a service whose tasks are in memory, and their circuit breaker."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from cicd.deploy.rolling.carry_out import roll_out
from cicd.deploy.rolling.reader import find_service
from cicd.deploy.rolling.record import RolloutState, read_record
from cicd.document.resources import Resources
from cicd.errors import Conflict, DocumentError, UsageError
from cicd.ports import CancelToken, Endpoint, TaskState
from cicd.testing.clock import VirtualClock
from cicd.testing.fake_router import RecordingTrafficRouter
from tests.deploy.world import World

CICD = """
services:
  - serviceName: shop
    cluster: local
    taskDefinition: taskdef.json
    desiredCount: 2
    deploymentConfiguration:
      minimumHealthyPercent: 50
      maximumPercent: 100
      deploymentCircuitBreaker: {enable: true, rollback: true}
    loadBalancers: [{targetGroupArn: shop-tasks, containerName: web, containerPort: 80}]
local:
  services:
    shop: {port: 8080}
"""
TASK = {
    "family": "shop",
    "containerDefinitions": [
        {"name": "web", "image": "shop:0", "portMappings": [{"containerPort": 80}]},
        {"name": "side", "image": "side:0"},
    ],
}


class Machine:
    """Task sets of one task; those with an image in ``bad`` end again and again."""

    def __init__(self):
        self.orders, self.bad, self.restarts, self.most = {}, set(), {}, 0
        self.ports = iter(range(2000, 3000))
        self.endpoints = {}

    def create(self, order, *, secrets):
        assert (1, {}) == (order.count, secrets)
        self.orders[order.id] = order
        self.endpoints[order.id] = Endpoint(host="127.0.0.1", port=next(self.ports))
        self.most = max(self.most, len(self.orders))
        return self.look(order.service, order.id)

    def look(self, service, task_set):
        order = self.orders.get(task_set)
        if order is None:
            return ()
        fails = order.containers[0].image in self.bad
        count = self.restarts[task_set] = self.restarts.get(task_set, 0) + fails
        return (
            TaskState(
                number=1,
                endpoint=self.endpoints[task_set],
                running=not fails,
                healthy=not fails,
                restarts=count,
                said="container 'web' ended with 3: oh" if fails else "",
            ),
        )

    def known(self, service):
        assert "local/shop" == service
        return tuple(self.orders)

    def remove(self, service, task_set):
        self.orders.pop(task_set, None)

    @property
    def images(self):
        return sorted(o.containers[0].image for o in self.orders.values())


class Shop:
    def __init__(self, root):
        self.world = World(root=root)
        self.machine, self.said = Machine(), []
        routers = {}
        self.services = replace(
            self.world.services,
            router=lambda spec: routers.setdefault(spec.name, RecordingTrafficRouter(spec)),
            task_sets=lambda: self.machine,
            clock=VirtualClock(),
        )
        self.routers = routers
        (root / "cicd.yml").write_text(CICD)
        self.service = find_service(Resources.load(root), "local", "shop")

    def deploy(self, owner="pipeline/1/Deploy/Ship", cancel=None, **images):
        return roll_out(
            self.service,
            json.dumps(TASK),
            images,
            owner=owner,
            timeout=timedelta(minutes=10),
            services=self.services,
            cancel=cancel or CancelToken(),
            say=self.said.append,
        )

    @property
    def record(self):
        return read_record("local/shop", self.services)[0]


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def test_tasks_are_replaced_one_by_one_behind_the_load_balancer(shop):
    assert "" == shop.deploy(web="shop:1").reason
    assert ["shop:1", "shop:1"] == shop.machine.images
    shop.machine.most = 0
    done = shop.deploy(owner="pipeline/2/Deploy/Ship", side="side:2")
    assert (2, "") == (done.revision, done.reason)
    assert 2 == shop.machine.most  # maximumPercent 100
    assert ["shop:1", "shop:1"] == shop.machine.images  # what is not listed stays as it is
    assert {"web": "shop:1", "side": "side:2"} == dict(shop.record.revision.images)
    told = [each[0] for each in shop.routers["shop"].told]
    assert 2 == told.count("deregister")
    assert 2 == len(shop.routers["shop"].healthy("shop-tasks"))
    assert "shop: steady at revision 2" == shop.said[-1]


def test_the_circuit_breaker_gives_the_last_good_revision_back(shop):
    shop.deploy(web="shop:1")
    shop.machine.bad.add("shop:2")
    done = shop.deploy(owner="pipeline/2/Deploy/Ship", web="shop:2")
    assert "ECS deployment circuit breaker was triggered: container 'web' ended" in done.reason
    assert "rolled back to revision 1" in done.reason
    assert ["shop:1", "shop:1"] == shop.machine.images
    assert (RolloutState.FAILED, 1) == (shop.record.state, shop.record.revision.number)
    again = shop.deploy(owner="pipeline/3/Deploy/Ship", web="shop:3")
    assert (3, "") == (again.revision, again.reason)  # no number is given twice


def test_without_a_breaker_it_is_tried_until_the_time_is_over_and_what_was_there_serves(shop):
    shop.deploy(web="shop:1")
    shop.service = replace(shop.service, breaker=replace(shop.service.breaker, enable=False))
    shop.machine.bad.add("shop:2")
    done = shop.deploy(owner="pipeline/2/Deploy/Ship", web="shop:2")
    assert "did not become steady in time: container 'web' ended" in done.reason
    assert ["shop:1", "shop:2"] == shop.machine.images
    assert "" == shop.deploy(owner="pipeline/3/Deploy/Ship", web="shop:3").reason
    assert ["shop:3", "shop:3"] == shop.machine.images


def test_who_goes_on_after_a_crash_makes_no_second_revision(shop):
    stopped = CancelToken()
    stopped.cancel("KILLED")
    assert "asked to end" in shop.deploy(cancel=stopped, web="shop:1").reason
    assert RolloutState.IN_PROGRESS is shop.record.state
    done = shop.deploy(web="shop:1")
    assert (1, "", 2) == (done.revision, done.reason, len(shop.machine.images))


def test_two_do_not_deploy_to_one_service_at_once(shop):
    stopped = CancelToken()
    stopped.cancel("KILLED")
    shop.deploy(cancel=stopped, web="shop:1")
    stream, now = "pipeline/1", shop.services.clock.now()
    shop.services.executions.submit(
        stream, kind="pipeline", name="shop", status="InProgress", parent=None, at=now
    )
    with shop.services.executions.drive(stream), pytest.raises(Conflict, match="being deployed"):
        shop.deploy(owner="pipeline/2/Deploy/Ship", web="shop:2")


def test_a_container_that_the_task_has_not_is_refused_and_nothing_is_begun(shop):
    with pytest.raises(UsageError, match="has no container 'api'"):
        shop.deploy(api="api:1")
    assert None is shop.record.revision


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("maximumPercent: 100", "maximumPercent: 150", ""),
        ("minimumHealthyPercent: 50", "minimumHealthyPercent: 100", "can never be updated"),
        ("minimumHealthyPercent: 50", "minimumHealthyPercent: 500", "minimumHealthyPercent"),
        ("desiredCount: 2", "deploymentController: {type: CODE_DEPLOY}", "CodeDeployToECS"),
        ("    shop: {port: 8080}", "    other: {port: 8080}", "listens here"),
        ("desiredCount", "desiredCont", "desiredCont"),
    ],
)
def test_a_service_that_cannot_be_is_told_with_what_to_do(tmp_path, before, after, said):
    assert before in CICD
    (tmp_path / "cicd.yml").write_text(CICD.replace(before, after))
    resources = Resources.load(tmp_path)
    if not said:
        assert 3 == find_service(resources, "local", "shop").highest
        return
    with pytest.raises(DocumentError) as refused:
        find_service(resources, "local", "shop")
    words = "\n".join(f"{each.message} {each.hint}" for each in refused.value.problems)
    assert said in words


def test_a_service_that_is_not_there_is_aws_exception_with_the_missing_lines(shop, tmp_path):
    resources = Resources.load(tmp_path)
    with pytest.raises(UsageError, match="ServiceNotFoundException") as refused:
        find_service(resources, "local", "shp")
    assert "did you mean 'shop'?" == refused.value.hint
    with pytest.raises(UsageError, match="in the cluster 'local', not in 'prod'"):
        find_service(resources, "prod", "shop")
