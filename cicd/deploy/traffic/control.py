"""BlockTraffic and AllowTraffic: an instance leaves its load balancers, or joins them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.agent.fault import AgentFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.deploy.traffic.plan import LoadBalancer, TrafficPlan
    from cicd.ports import CancelToken, Endpoint, Services


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
) -> None:
    """
    Register an instance everywhere, and wait until it is healthy; raises ``AgentFault``.

    Its event's hour ends a moment before its own deadline: both are told as the same.

    One that is ``ill`` is not registered: it would have requests that it is to be spared.
    """
    endpoint = plan.endpoint(target)
    deadline = services.clock.now() + plan.healthy_within
    inbox = services.clock.inbox()
    waiting = list(plan.load_balancers)
    registered: list[str] = []
    while waiting:
        each = waiting[0]
        if not ill():
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
            check = each.router.health_check
            minutes = int(plan.healthy_within.total_seconds() // 60)
            raise AgentFault(
                f"The instance at {endpoint} did not become healthy in target group "
                f"'{each.group}' within {minutes} minutes: GET {check.path} must answer "
                f"with {check.lowest} to {check.highest}."
            )
        inbox.take(deadline)


def _is_healthy(balancer: LoadBalancer, endpoint: Endpoint, services: Services) -> bool:
    return endpoint in services.router(balancer.router).healthy(balancer.group)
