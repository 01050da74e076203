"""Node → a service that is updated in place: ``services``, and ``local.services``."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.rolling.moves import is_stuck
from cicd.deploy.rolling.service import CircuitBreaker, RollingService
from cicd.deploy.traffic.plan import DRAIN
from cicd.deploy.traffic.reader import read_check
from cicd.document.fields import Fields
from cicd.document.problem import Problems
from cicd.errors import UsageError
from cicd.nearest import closest
from cicd.ports import Endpoint, RouterSpec, RouteSpec

if TYPE_CHECKING:
    from cicd.document.node import Node
    from cicd.document.resources import Resources

SECTION: Final = "services"
ROUTE: Final = "production"
_RULE: Final = "deploy/service"
# What the cloud does with its own machines, networks and accounts.
_CLOUD: Final = (
    *("launchType", "platformVersion", "networkConfiguration", "role", "schedulingStrategy"),
    *("capacityProviderStrategy", "placementConstraints", "placementStrategy", "tags"),
    *("serviceRegistries", "enableECSManagedTags", "propagateTags", "enableExecuteCommand"),
    *("healthCheckGracePeriodSeconds", "availabilityZoneRebalancing"),
)


def find_service(resources: Resources, cluster: str, name: str) -> RollingService:
    """
    Find a service of ``cicd.yml``.

    Raises:
        UsageError: There is none of that name, or it is in another cluster.
        DocumentError: It is described wrongly.

    """
    node = resources.find(SECTION, name)
    if node is None:
        known = resources.section(SECTION)
        near = closest(name, tuple(known))
        raise UsageError(
            f"Service not found: {name} (ServiceNotFoundException)",
            hint=f"did you mean '{near}'?"
            if near
            else "describe it in cicd.yml: services: [{serviceName: "
            f"{name}, cluster: {cluster}, taskDefinition: taskdef.json, desiredCount: 1}}]",
        )
    service = read_service(node, resources)
    if service.cluster != cluster:
        raise UsageError(
            f"Service not found: {name} is in the cluster '{service.cluster}', not in '{cluster}' "
            "(ServiceNotFoundException)",
            hint="the action's ClusterName and the service's 'cluster' must be the same",
        )
    return service


def read_service(node: Node, resources: Resources) -> RollingService:
    """Read one; raises ``DocumentError``. Source: ECS API Reference, "CreateService"."""
    problems = Problems()
    fields = Fields(node, problems, room="deploy", what="service")
    name = fields.required_text("serviceName")
    controller = fields.mapping("deploymentController")
    if controller is not None and controller.text("type", default="ECS") != "ECS":
        problems.error(
            _RULE,
            f"the service '{name}' is deployed by CodeDeploy, not by ECS itself",
            fields.span("deploymentController"),
            hint="leave it out here, and deploy with a CodeDeployToECS action",
        )
    lowest, highest, breaker = _configuration(fields)
    container, port, group = _balancer(fields, problems)
    service = RollingService(
        name=name,
        cluster=fields.text("cluster", default="") or "default",
        task_definition=fields.required_text("taskDefinition"),
        desired_count=fields.integer("desiredCount", 1, minimum=0, maximum=100),
        minimum_healthy_percent=lowest,
        maximum_percent=highest,
        breaker=breaker,
        container_name=container,
        container_port=port,
        target_group=group,
    )
    for key in _CLOUD:
        fields.node(key)
    if is_stuck(service):
        problems.error(
            _RULE,
            f"'{name}' can never be updated: {service.lowest} tasks must run, and no more than "
            f"{service.highest} may",
            fields.span("deploymentConfiguration"),
            hint="lower minimumHealthyPercent, or raise maximumPercent",
        )
    service = _with_listener(service, resources, fields, problems)
    fields.unknown()
    problems.raise_errors()
    return service


def _configuration(fields: Fields) -> tuple[int, int, CircuitBreaker]:
    written = fields.mapping("deploymentConfiguration")
    usual = CircuitBreaker()
    if written is None:
        return 100, 200, usual
    lowest = written.integer("minimumHealthyPercent", 100, minimum=0, maximum=100)
    highest = written.integer("maximumPercent", 200, minimum=100, maximum=1000)
    breaker = written.mapping("deploymentCircuitBreaker")
    if breaker is not None:
        usual = CircuitBreaker(
            enable=breaker.flag("enable", default=False),
            rollback=breaker.flag("rollback", default=False),
        )
        breaker.unknown()
    written.unknown()
    return lowest, highest, usual


def _balancer(fields: Fields, problems: Problems) -> tuple[str, int, str]:
    balancers = fields.sequence("loadBalancers")
    if not balancers:
        return "", 0, ""
    if len(balancers) > 1:
        problems.error(_RULE, "a service here has one load balancer", balancers[1].span)
    balancer = fields.inner(balancers[0], what="load balancer")
    name = balancer.required_text("containerName")
    balancer.required("containerPort")
    port = balancer.integer("containerPort", 0, minimum=1, maximum=65535)
    group = balancer.required_text("targetGroupArn")
    balancer.unknown()
    # "arn:aws:elasticloadbalancing:…:targetgroup/NAME/ID", or a name alone
    parts = group.split("/")
    return name, port, parts[1] if len(parts) > 1 else group


def _with_listener(
    service: RollingService, resources: Resources, fields: Fields, problems: Problems
) -> RollingService:
    local = resources.local
    section = local.entries.get(SECTION) if local is not None else None
    entry = section.value.entries.get(service.name) if section is not None else None
    if entry is None:
        if service.container_name:
            problems.error(
                _RULE,
                f"nothing says where the service '{service.name}' listens here",
                fields.span("loadBalancers"),
                hint=f"add 'local: services: {service.name}: {{port: 8080}}' to cicd.yml",
            )
        return service
    inner = Fields(entry.value, problems, room="deploy", what="local service")
    inner.required("port")
    port = inner.integer("port", 1, minimum=1, maximum=65535)
    host = inner.text("host", default="") or "127.0.0.1"
    kind = inner.text("router", default="") or "proxy"
    check = read_check(inner, problems)
    seconds = inner.integer(
        "deregistrationDelay", int(DRAIN.total_seconds()), minimum=0, maximum=3600
    )
    inner.unknown()
    if not service.container_name:
        problems.error(
            _RULE,
            f"the service '{service.name}' has no 'loadBalancers' that could listen",
            entry.key_span,
        )
    listen = Endpoint(host=host, port=port)
    route = RouteSpec(name=ROUTE, listen=listen, weights=((service.target_group, 100),))
    router = RouterSpec(name=service.name, kind=kind, routes=(route,), health_check=check)
    return replace(service, router=router, drain=timedelta(seconds=seconds))
