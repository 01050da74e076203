"""Node → load balancers and blue/green options of a deployment group."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.traffic.plan import (
    DRAIN,
    BlueAction,
    BlueGreenOptions,
    GreenAction,
    LoadBalancer,
    ReadyAction,
)
from cicd.document.fields import Fields
from cicd.document.node import NodeKind
from cicd.document.problem import Problems
from cicd.ports import Endpoint, HealthCheck, RouterSpec, RouteSpec
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.document.node import Entry, Node
    from cicd.document.position import Span
    from cicd.document.resources import Resources

LONGEST_WAIT: Final = 2880  # minutes. Source: CodeDeploy API Reference, "BlueInstanceTermination…"
_STATUSES: Final = re.compile(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?")
_LISTS: Final = ("targetGroupInfoList", "elbInfoList")


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """``deploymentStyle`` of a group, with what goes with it."""

    load_balancers: tuple[LoadBalancer, ...] = ()
    blue_green: BlueGreenOptions | None = None


def read_style(fields: Fields, resources: Resources, problems: Problems) -> Style:
    """Read ``deploymentStyle``, ``loadBalancerInfo`` and ``blueGreenDeploymentConfiguration``."""
    kind, option, at = "IN_PLACE", "WITHOUT_TRAFFIC_CONTROL", fields.span("deploymentStyle")
    style = fields.mapping("deploymentStyle")
    if style is not None:
        kind = style.choice("deploymentType", ("IN_PLACE", "BLUE_GREEN"), default=kind)
        option = style.choice(
            "deploymentOption",
            ("WITHOUT_TRAFFIC_CONTROL", "WITH_TRAFFIC_CONTROL"),
            default=option,
        )
        at = style.span("deploymentOption")
        style.unknown()
    named = _names(fields)
    options = read_blue_green(fields)
    if kind == "BLUE_GREEN" and option == "WITHOUT_TRAFFIC_CONTROL":
        problems.error(
            "deploy/blue-green",
            "a blue/green deployment needs a load balancer",
            at,
            hint="add 'deploymentOption: WITH_TRAFFIC_CONTROL' and 'loadBalancerInfo'",
            note="InvalidDeploymentStyleException",
        )
    if option == "WITHOUT_TRAFFIC_CONTROL":
        return Style()
    if not named:
        problems.error(
            "deploy/load-balancer",
            "traffic is to be controlled, and no load balancer is named",
            at,
            hint="add 'loadBalancerInfo: {targetGroupInfoList: [{name: web}]}'",
            note="InvalidLoadBalancerInfoException",
        )
    found = [_find(name, span, kind, resources, problems) for name, span in named]
    balancers = tuple(each for each in found if each is not None)
    return Style(load_balancers=balancers, blue_green=options if kind == "BLUE_GREEN" else None)


def _names(fields: Fields) -> list[tuple[str, Span]]:
    info = fields.mapping("loadBalancerInfo")
    if info is None:
        return []
    named = []
    for key in _LISTS:
        for item in info.sequence(key):
            entry = info.inner(item, what="load balancer")
            name = entry.required_text("name")
            if name:
                named.append((name, entry.span("name")))
            entry.unknown()
    info.node("targetGroupPairInfoList")  # of ECS
    info.unknown()
    return named


def every_load_balancer(resources: Resources) -> dict[str, LoadBalancer]:
    """Read what stands for load balancers here, by name; what is wrong with them is not told."""
    entries = _entries(resources)
    return {name: _read(name, entries[name].value, Problems()) for name in entries}


def _entries(resources: Resources) -> Mapping[str, Entry]:
    local = resources.local
    entry = local.entries.get("loadBalancers") if local is not None else None
    return entry.value.entries if entry and entry.value.kind is NodeKind.MAPPING else {}


def _find(
    name: str, span: Span, kind: str, resources: Resources, problems: Problems
) -> LoadBalancer | None:
    """Find what stands for a load balancer here; without it there is no traffic to control."""
    known = _entries(resources)
    if name in known:
        return _read(name, known[name].value, problems)
    hint = f"add 'loadBalancers: {{{name}: 8080}}' under 'local' of cicd.yml: where it listens"
    if kind == "BLUE_GREEN":
        problems.error(
            "deploy/load-balancer", f"there is no load balancer '{name}' here", span, hint=hint
        )
    else:
        problems.warning(
            "deploy/traffic-control",
            f"there is no load balancer '{name}' here: the traffic events are left out",
            span,
            hint=hint,
        )
    return None


def _read(name: str, node: Node, problems: Problems) -> LoadBalancer:
    if node.kind is NodeKind.SCALAR:
        port = int(node.text) if re.fullmatch(r"[0-9]{1,5}", node.text) else 0
        if not 0 < port < 65536:
            problems.error(
                "deploy/load-balancer",
                f"'{node.text}' is not a port",
                node.span,
                hint="write the port that it listens on, such as 8080",
            )
        return _balancer(name, Endpoint(host="127.0.0.1", port=port), HealthCheck(), DRAIN)
    fields = Fields(node, problems, room="deploy", what=f"local load balancer '{name}'")
    fields.required("port")
    listen = Endpoint(
        host=fields.text("host", default="") or "127.0.0.1",
        port=fields.integer("port", 1, minimum=1, maximum=65535),
    )
    drain = fields.integer(
        "deregistrationDelay", int(DRAIN.total_seconds()), minimum=0, maximum=3600
    )
    router = fields.text("router", default="") or "proxy"
    check = read_check(fields, problems)
    fields.unknown()
    return _balancer(name, listen, check, timedelta(seconds=drain), router)


def read_check(fields: Fields, problems: Problems) -> HealthCheck:
    """Read how targets are checked: ``healthCheckPath``, ``matcher``, ``healthCheckInterval``."""
    usual = HealthCheck()
    written = fields.text("matcher", default="") or f"{usual.lowest}-{usual.highest}"
    found = _STATUSES.fullmatch(written)
    if found is None:
        problems.error(
            "deploy/load-balancer",
            f"'{written}' is not a range of status codes",
            fields.span("matcher"),
            hint="write one, such as 200, or two, such as 200-399",
        )
        return usual
    path = fields.text("healthCheckPath", default=None)
    seconds = fields.integer("healthCheckInterval", 1, minimum=1, maximum=300)
    return HealthCheck(
        path=usual.path if path is None else path,
        lowest=int(found[1]),
        highest=int(found[2] or found[1]),
        interval=timedelta(seconds=seconds),
    )


def _balancer(
    name: str, listen: Endpoint, check: HealthCheck, drain: timedelta, router: str = "proxy"
) -> LoadBalancer:
    route = RouteSpec(name=name, listen=listen, weights=((name, 100),))
    spec = RouterSpec(name=name, kind=router, routes=(route,), health_check=check)
    return LoadBalancer(group=name, router=spec, drain=drain)


def read_blue_green(fields: Fields) -> BlueGreenOptions:
    """Read ``blueGreenDeploymentConfiguration`` of a group."""
    written = fields.mapping("blueGreenDeploymentConfiguration")
    if written is None:
        return BlueGreenOptions()
    ready, ready_wait = ReadyAction.CONTINUE_DEPLOYMENT, 0
    option = written.mapping("deploymentReadyOption")
    if option is not None:
        ready = option.choice("actionOnTimeout", ReadyAction, default=ready)
        ready_wait = option.integer("waitTimeInMinutes", 0, minimum=0, maximum=LONGEST_WAIT)
        option.unknown()
    blue, blue_wait = BlueAction.TERMINATE, 0
    ending = written.mapping("terminateBlueInstancesOnDeploymentSuccess")
    if ending is not None:
        blue = ending.choice("action", BlueAction, default=blue)
        blue_wait = ending.integer(
            "terminationWaitTimeInMinutes", 0, minimum=0, maximum=LONGEST_WAIT
        )
        ending.unknown()
    green = GreenAction.DISCOVER_EXISTING
    provisioning = written.mapping("greenFleetProvisioningOption")
    if provisioning is not None:
        green = provisioning.choice("action", GreenAction, default=green)
        provisioning.unknown()
    written.unknown()
    return BlueGreenOptions(
        ready_action=ready,
        ready_wait=timedelta(minutes=ready_wait),
        blue_action=blue,
        termination_wait=timedelta(minutes=blue_wait),
        green_action=green,
    )
