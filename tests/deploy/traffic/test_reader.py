from datetime import timedelta

import pytest

from cicd.deploy.find_group import find_group
from cicd.deploy.traffic.plan import BlueAction, ReadyAction, endpoint_of
from cicd.document.resources import Resources
from cicd.errors import DocumentError, UsageError
from cicd.ports import Endpoint, TargetSpec

WEB = """
applications:
  - applicationName: shop
    deploymentGroups:
      - deploymentGroupName: web
        deploymentStyle: {deploymentType: IN_PLACE, deploymentOption: WITH_TRAFFIC_CONTROL}
        loadBalancerInfo: {targetGroupInfoList: [{name: web-tg}]}
local:
  loadBalancers:
    web-tg: 8080
  deploymentGroups:
    web:
      instances: [{id: a, directory: a, endpoint: "http://127.0.0.1:8081"}]
      greenInstances: [{id: b, directory: b, endpoint: "http://127.0.0.1:8082"}]
"""
BLUE_GREEN = WEB.replace("IN_PLACE", "BLUE_GREEN")


def find(tmp_path, text):
    (tmp_path / "cicd.yml").write_text(text)
    return find_group(Resources.load(tmp_path), home=tmp_path / ".cicd")


def refused(tmp_path, text):
    with pytest.raises(DocumentError) as found:
        find(tmp_path, text)
    return [problem.rule for problem in found.value.problems]


def test_one_line_is_a_load_balancer(tmp_path):
    (balancer,) = find(tmp_path, WEB).load_balancers
    (route,) = balancer.router.routes
    assert ("web-tg", "proxy") == (balancer.group, balancer.router.kind)
    assert (Endpoint(host="127.0.0.1", port=8080), (("web-tg", 100),)) == (
        route.listen,
        route.weights,
    )


def test_a_mapping_says_more(tmp_path):
    more = (
        "{port: 80, host: 0.0.0.0, deregistrationDelay: 5, healthCheckPath: /up, matcher: 200, "
        "healthCheckInterval: 3}"
    )
    (balancer,) = find(tmp_path, WEB.replace("web-tg: 8080", f"web-tg: {more}")).load_balancers
    check = balancer.router.health_check
    assert "0.0.0.0" == balancer.router.routes[0].listen.host
    assert timedelta(seconds=5) == balancer.drain
    assert ("/up", 200, 200, 3) == (
        *(check.path, check.lowest, check.highest),
        check.interval.total_seconds(),
    )


def test_a_classic_load_balancer_is_one_too(tmp_path):
    (balancer,) = find(tmp_path, WEB.replace("targetGroupInfoList", "elbInfoList")).load_balancers
    assert "web-tg" == balancer.group


def test_without_traffic_control_there_is_no_load_balancer(tmp_path):
    group = find(tmp_path, WEB.replace("WITH_TRAFFIC", "WITHOUT_TRAFFIC"))
    assert ((), None) == (group.load_balancers, group.blue_green)


def test_a_load_balancer_that_is_not_here_is_noted(tmp_path):
    group = find(tmp_path, WEB.replace("web-tg: 8080", "other: 8080"))
    assert () == group.load_balancers
    assert ["deploy/traffic-control"] == [note.rule for note in group.notes]


def test_blue_green_options_are_read_and_have_defaults(tmp_path):
    usual = find(tmp_path, BLUE_GREEN).blue_green
    assert (ReadyAction.CONTINUE_DEPLOYMENT, BlueAction.TERMINATE, timedelta()) == (
        *(usual.ready_action, usual.blue_action),
        usual.termination_wait,
    )
    written = """loadBalancerInfo: {targetGroupInfoList: [{name: web-tg}]}
        blueGreenDeploymentConfiguration:
          deploymentReadyOption: {actionOnTimeout: STOP_DEPLOYMENT, waitTimeInMinutes: 60}
          terminateBlueInstancesOnDeploymentSuccess:
            {action: KEEP_ALIVE, terminationWaitTimeInMinutes: 5}
          greenFleetProvisioningOption: {action: DISCOVER_EXISTING}
"""
    line = "loadBalancerInfo: {targetGroupInfoList: [{name: web-tg}]}\n"
    options = find(tmp_path, BLUE_GREEN.replace(line, written)).blue_green
    assert (ReadyAction.STOP_DEPLOYMENT, timedelta(hours=1)) == (
        options.ready_action,
        options.ready_wait,
    )
    assert (BlueAction.KEEP_ALIVE, timedelta(minutes=5)) == (
        options.blue_action,
        options.termination_wait,
    )


def test_a_fleet_is_copied_beside_the_original(tmp_path):
    copied = BLUE_GREEN.replace(
        "    deploymentGroups:\n      - deploymentGroupName: web\n",
        "    deploymentGroups:\n      - deploymentGroupName: web\n"
        "        blueGreenDeploymentConfiguration:\n"
        "          greenFleetProvisioningOption: {action: COPY_AUTO_SCALING_GROUP}\n",
    )
    assert "b" == find(tmp_path, copied).green[0].id
    without = "\n".join(line for line in copied.split("\n") if "greenI" not in line)
    (green,) = find(tmp_path, without).green
    assert ("a-copy", str(tmp_path / "a-copy")) == (green.id, green.location)
    assert ("http://127.0.0.1:9081", "9081") == (green.endpoint, dict(green.variables)["PORT"])


def test_a_style_that_cannot_be_is_refused(tmp_path):
    assert ["deploy/blue-green"] == refused(
        tmp_path, BLUE_GREEN.replace("WITH_TRAFFIC", "WITHOUT_TRAFFIC")
    )
    assert ["deploy/load-balancer"] == refused(
        tmp_path, WEB.replace("targetGroupInfoList: [{name: web-tg}]", "")
    )
    assert ["deploy/load-balancer"] == refused(
        tmp_path, BLUE_GREEN.replace("web-tg: 8080", "other: 8080")
    )
    assert ["deploy/green-fleet"] == refused(
        tmp_path, "\n".join(line for line in BLUE_GREEN.split("\n") if "greenI" not in line)
    )
    for wrong in ("0", "http", "{port: 8080, matcher: all}"):
        assert ["deploy/load-balancer"] == refused(
            tmp_path, WEB.replace("web-tg: 8080", f"web-tg: {wrong}")
        )


@pytest.mark.parametrize(
    ("endpoint", "variables", "expected"),
    [
        ("http://127.0.0.1:8081", (), "127.0.0.1:8081"),
        ("10.0.0.1:8081", (), "10.0.0.1:8081"),
        ("http://web-1/", (), "web-1:80"),
        (None, (("PORT", "8083"),), "127.0.0.1:8083"),
        ("http://[::1]:9", (), "[::1]:9"),
    ],
)
def test_where_an_instance_listens_is_its_endpoint_or_its_port(endpoint, variables, expected):
    target = TargetSpec(id="a", location="/a", endpoint=endpoint, variables=variables)
    assert expected == str(endpoint_of(target))


@pytest.mark.parametrize("endpoint", [None, "http://", "http://a:port", "http://a:70000"])
def test_what_is_no_endpoint_is_refused(endpoint):
    with pytest.raises(UsageError, match="where it listens"):
        endpoint_of(TargetSpec(id="a", location="/a", endpoint=endpoint))
