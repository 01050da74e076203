"""BlockTraffic and AllowTraffic: an instance leaves its load balancers, or joins them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.agent.fault import AgentFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.deploy.traffic.plan import LoadBalancer, TrafficPlan
    from cicd.ports import CancelToken, Clock, Endpoint, Services

_MADE_ILL: Final = "'cicd fleet fault' makes it unhealthy, until it is told 'none'"
_LOOK: Final = (
    "look at 'cicd router show {router}', and at what ApplicationStart left running: "
    "'cicd deploy logs --instance {target}'"
)
_SILENT: Final = timedelta(seconds=10)  # an application may take so long to start


def block_traffic(plan: TrafficPlan, target: str, services: Services) -> None:
    """
    Deregister an instance everywhere, and wait until its requests have ended.

    One that is not registered is none too many: so it is at the first deployment.

    Source: CodeDeploy User Guide, "Lifecycle event hook availability" (BlockTraffic).
    """
    for each in plan.load_balancers:
        router = services.router(each.router)
        router.deregister(each.group, plan.endpoint(target), drain=each.drain)


def allow_traffic(
    plan: TrafficPlan,
    target: str,
    services: Services,
    cancel: CancelToken,
    *,
    ill: Callable[[], bool] = lambda: False,
    say: Callable[[str], None],
) -> None:
    """
    Register an instance everywhere, and wait until it is healthy; raises ``AgentFault``.

    Its event's hour ends a moment before its own deadline: both are told as the same.

    One that is ``ill`` is not registered: it would have requests that it is to be spared.
    What a wait of more than some seconds is for goes to ``say``, each reason once.
    """
    endpoint = plan.endpoint(target)
    deadline = services.clock.now() + plan.healthy_within
    patient = services.clock.now() + _SILENT * _speed(services.clock)
    inbox = services.clock.inbox()
    told: set[str] = set()
    waiting = list(plan.load_balancers)
    registered: list[str] = []
    while waiting:
        each = waiting[0]
        is_ill = ill()
        if not is_ill:
            if each.group not in registered:
                for balancer in waiting:
                    services.router(balancer.router).register(balancer.group, endpoint)
                registered = [balancer.group for balancer in waiting]
            if _is_healthy(each, endpoint, services):
                waiting.pop(0)
                continue
        if cancel.reason not in (None, "TIMED_OUT"):
            raise AgentFault(f"the wait for {endpoint} to become healthy was cut short")
        if cancel.reason is not None or services.clock.now() >= deadline:
            minutes = int(plan.healthy_within.total_seconds() // 60)
            seen = _seen(each, endpoint, services)
            raise AgentFault(
                f"The instance at {endpoint} did not become healthy in target group "
                f"'{each.group}' within {minutes} minutes: {_wanted(each)}."
                f"{f' Seen last: {seen}.' if seen else ''}"
            )
        if services.clock.now() < patient:
            inbox.take(min(deadline, patient))
            continue
        why = _MADE_ILL if is_ill else _seen(each, endpoint, services)
        if why and why not in told:
            told.add(why)
            more = "" if is_ill else f"; {_wanted(each)}"
            say(f"{endpoint} is not healthy in '{each.group}' yet: {why}{more}")
            if not is_ill and told <= {why, _MADE_ILL}:
                say(_LOOK.format(router=each.router.name, target=target))
        inbox.take(deadline)


def _speed(clock: Clock) -> float:
    """Say how much faster than the machine's time a clock runs: applications start in that."""
    now = clock.now()
    return _SILENT / (clock.machine(now + _SILENT) - clock.machine(now))


def _seen(balancer: LoadBalancer, endpoint: Endpoint, services: Services) -> str:
    """Give what a load balancer's last check saw that failed; "": none did."""
    return services.router(balancer.router).ill(balancer.group).get(endpoint, "")


def _wanted(balancer: LoadBalancer) -> str:
    """Say what a health check asks for."""
    check = balancer.router.health_check
    if not check.path:
        return "it must accept connections"
    return f"GET {check.path} must answer with {check.lowest} to {check.highest}"


def _is_healthy(balancer: LoadBalancer, endpoint: Endpoint, services: Services) -> bool:
    return endpoint in services.router(balancer.router).healthy(balancer.group)
