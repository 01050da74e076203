"""Node → a service of a deployment group: ``ecsServices``, its listeners and target groups."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.shift.plan import HEALTHY_WITHIN, PRODUCTION, TEST
from cicd.deploy.traffic.plan import DRAIN, BlueGreenOptions
from cicd.deploy.traffic.reader import read_blue_green, read_check
from cicd.ports import Endpoint, HealthCheck, RouterSpec, RouteSpec
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.document.fields import Fields
    from cicd.document.problem import Problems

TASK_DEFINITION: Final = "taskdef.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceGroup:
    """A deployment group of ECS: its service, and what stands for its load balancer here."""

    service: str
    cluster: str
    target_groups: tuple[str, str]
    router: RouterSpec
    options: BlueGreenOptions
    desired_count: int = 1
    drain: timedelta = DRAIN
    healthy_within: timedelta = HEALTHY_WITHIN
    task_definition: str = TASK_DEFINITION  # a path in the revision


def read_service(
    group: str, fields: Fields, local: Fields | None, problems: Problems
) -> ServiceGroup | None:
    """
    Read the service of a group; None: it is for servers.

    Args:
        group: The group's name.
        fields: The group.
        local: ``service`` of ``local: deploymentGroups: GROUP``.
        problems: Where to note what is wrong.

    Source: CodeDeploy API Reference, "CreateDeploymentGroup", "TargetGroupPairInfo".
    """
    services = fields.sequence("ecsServices")
    if not services:
        return None
    service = fields.inner(services[0], what="service")
    name = service.required_text("serviceName")
    cluster = service.text("clusterName", default="") or "default"
    service.unknown()
    if len(services) > 1:
        problems.error(
            "deploy/service", "a group deploys to one service", services[1].span, hint="keep one"
        )
    _check_style(fields, problems)
    options = read_blue_green(fields)
    groups, has_test = _read_pair(fields, problems)
    if local is None:
        problems.error(
            "deploy/service",
            f"nothing says where the service '{name}' listens here",
            fields.span("ecsServices"),
            hint=f"add 'local: deploymentGroups: {group}: service: {{port: 8080}}' to cicd.yml",
        )
        return None
    return _read_local(
        ServiceGroup(
            service=name,
            cluster=cluster,
            target_groups=groups,
            router=RouterSpec(name=name, routes=()),
            options=options,
        ),
        local,
        problems,
        has_test=has_test,
    )


def _read_local(
    made: ServiceGroup, local: Fields, problems: Problems, *, has_test: bool
) -> ServiceGroup:
    local.required("port")
    host = local.text("host", default="") or "127.0.0.1"
    listens = [(PRODUCTION, local.integer("port", 1, minimum=1, maximum=65535))]
    test = local.integer("testPort", 0, minimum=1, maximum=65535)
    if test and has_test:
        listens.append((TEST, test))
    elif bool(test) != has_test:
        problems.error(
            "deploy/service",
            "a test listener needs a 'testTrafficRoute' of the group, and a 'testPort' here",
            local.span("testPort"),
            hint="write both, or neither",
        )
    check: HealthCheck = read_check(local, problems)
    # Traffic begins at the second group, which is empty: the first deployment fills the first
    # one, and nothing is sent there before it is healthy.
    weights = ((made.target_groups[1], 100),)
    router = RouterSpec(
        name=made.service,
        kind=local.text("router", default="") or "proxy",
        routes=tuple(
            RouteSpec(name=route, listen=Endpoint(host=host, port=port), weights=weights)
            for route, port in listens
        ),
        health_check=check,
    )
    drain = local.integer(
        "deregistrationDelay", int(DRAIN.total_seconds()), minimum=0, maximum=3600
    )
    minutes = local.integer(
        "healthyWithinMinutes",
        int(HEALTHY_WITHIN.total_seconds() // 60),
        minimum=1,
        maximum=60,
    )
    read = ServiceGroup(
        service=made.service,
        cluster=made.cluster,
        target_groups=made.target_groups,
        router=router,
        options=made.options,
        desired_count=local.integer("desiredCount", 1, minimum=1, maximum=100),
        drain=timedelta(seconds=drain),
        healthy_within=timedelta(minutes=minutes),
        task_definition=local.text("taskDefinition", default="") or TASK_DEFINITION,
    )
    local.unknown()
    return read


def _check_style(fields: Fields, problems: Problems) -> None:
    style = fields.mapping("deploymentStyle")
    kind, option = "", ""
    if style is not None:
        kind = style.text("deploymentType", default="")
        option = style.text("deploymentOption", default="")
        style.unknown()
    if (kind, option) != ("BLUE_GREEN", "WITH_TRAFFIC_CONTROL"):
        problems.error(
            "deploy/blue-green",
            "a service is deployed blue/green, with traffic control",
            fields.span("deploymentStyle"),
            hint="write 'deploymentStyle: {deploymentType: BLUE_GREEN, "
            "deploymentOption: WITH_TRAFFIC_CONTROL}'",
            note="InvalidDeploymentStyleException",
        )


def _read_pair(fields: Fields, problems: Problems) -> tuple[tuple[str, str], bool]:
    info = fields.mapping("loadBalancerInfo")
    pairs = () if info is None else info.sequence("targetGroupPairInfoList")
    names: list[str] = []
    has_test = False
    if info is not None and pairs:
        pair = info.inner(pairs[0], what="pair of target groups")
        for item in pair.sequence("targetGroups"):
            entry = pair.inner(item, what="target group")
            names.append(entry.required_text("name"))
            entry.unknown()
        pair.node("prodTrafficRoute")
        has_test = pair.node("testTrafficRoute") is not None
        pair.unknown()
        for key in ("targetGroupInfoList", "elbInfoList"):
            info.node(key)
        info.unknown()
    if len(names) != 2 or names[0] == names[1]:
        problems.error(
            "deploy/load-balancer",
            "a service needs a pair of target groups",
            fields.span("loadBalancerInfo"),
            hint="write 'loadBalancerInfo: {targetGroupPairInfoList: [{targetGroups: "
            "[{name: blue}, {name: green}], prodTrafficRoute: {listenerArns: [web]}}]}'",
            note="InvalidLoadBalancerInfoException",
        )
        return ("blue", "green"), has_test
    return (names[0], names[1]), has_test
