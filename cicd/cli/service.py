"""``cicd service``: the services of this machine, whoever deployed to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.group import Commands
from cicd.cli.options import shared_options
from cicd.errors import ExitCode
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cicd.cli.invocation import Invocation
    from cicd.deploy.services.known import KnownService, KnownTaskSet
    from cicd.event import JSON
    from cicd.ports import Endpoint


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  cicd service list
  cicd service rm greeter

\b
A deployment makes the tasks of a service, and they go on after it:
docs/services.md.
""",
)
def service() -> None:
    """Look at the services that deployments made, and remove one for good."""


@service.command("list", epilog="\b\nExample:\n  cicd service list\n")
@shared_options
def list_services(invocation: Invocation) -> int:
    """List services: their task sets, what runs of them, and their share of the traffic."""
    from cicd.backends.traffic.running import shares_of
    from cicd.deploy.services.known import known_services

    shares = shares_of(invocation.settings().home)
    rows: list[tuple[str, ...]] = []
    found: list[JSON] = []
    with invocation.services() as services:
        for each in known_services(services):
            for one in each.task_sets:
                traffic = _traffic(one, shares)
                running = sum(task.running for task in one.tasks)
                said = next((task.said for task in one.tasks if task.said), "")
                rows.append(
                    (each.key, one.id, f"{running} of {len(one.tasks)} run", traffic, said)
                )
                found.append(
                    {
                        "service": each.key,
                        "taskSet": one.id,
                        "desiredCount": len(one.tasks),
                        "runningCount": running,
                        "traffic": traffic,
                        "said": said,
                    }
                )
    if rows:
        invocation.show.table(("service", "task set", "tasks", "traffic", ""), rows)
    else:
        invocation.show.text("no service has a task here")
    invocation.show.result({"taskSets": found})
    return ExitCode.SUCCEEDED


@service.command(epilog="\b\nExample:\n  cicd service rm greeter\n")
@click.argument("name", metavar="NAME")
@shared_options
def rm(invocation: Invocation, name: str) -> int:
    """
    Remove a service for good: its tasks, their volumes, and its load balancer.

    NAME is as 'cicd service list' shows it, with or without its cluster. What was deployed stays
    in 'cicd deploy list'; the next deployment is its first one again.
    """
    from cicd.backends.traffic.running import forget_routers
    from cicd.deploy.services.end import end_service, find_known
    from cicd.deploy.services.known import known_services

    with invocation.services() as services:
        found = find_known(name, services)
        others = [each for each in known_services(services) if each.key != found.key]
        end_service(found, services)
    routers = forget_routers(
        invocation.settings().home,
        _places(found),
        of=found.key.rpartition("/")[2],
        others=[place for each in others for place in _places(each)],
    )
    count = sum(len(each.tasks) for each in found.task_sets)
    invocation.show.text(f"{found.key}: {_ended(count, routers)}", Level.SUCCESS)
    invocation.show.result({"service": found.key, "tasks": count, "loadBalancers": list(routers)})
    return ExitCode.SUCCEEDED


def _places(service: KnownService) -> list[Endpoint]:
    tasks = (task for each in service.task_sets for task in each.tasks)
    return [task.endpoint for task in tasks if task.endpoint is not None]


def _ended(tasks: int, routers: Sequence[str]) -> str:
    """Say what a removal has ended."""
    balancer = f"its load balancer {', '.join(routers)}" if routers else ""
    if not tasks:
        return f"{balancer} ended" if balancer else "nothing of it was left"
    count = f"{tasks} task" if tasks == 1 else f"{tasks} tasks"
    return f"{count} ended, with {balancer}" if balancer else f"{count} ended"


def _traffic(task_set: KnownTaskSet, shares: Mapping[Endpoint, Mapping[str, int]]) -> str:
    """Give "10% of production, 100% of test": a task set's share, which is that of its group."""
    routes: dict[str, int] = {}
    for task in task_set.tasks:
        if task.endpoint is not None:
            routes |= shares.get(task.endpoint, {})
    return ", ".join(f"{weight}% of {route}" for route, weight in routes.items() if weight)
