"""``cicd router``: the load balancers of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.group import Commands
from cicd.cli.offers import load_balancers
from cicd.cli.options import shared_options
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.backends.traffic.running import RunningRouter
    from cicd.cli.invocation import Invocation
    from cicd.event import JSON


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  cicd router list
  cicd router show web
  cicd router stop web

\b
A deployment starts the load balancers that its group names, and they go on
after it: 'local: loadBalancers' of cicd.yml says where they listen.
""",
)
def router() -> None:
    """Look at the load balancers that deployments started, and stop them."""


@router.command("list", epilog="\b\nExample:\n  cicd router list\n")
@shared_options
def list_routers(invocation: Invocation) -> int:
    """List load balancers, running or not."""
    from cicd.wiring.machine import routers_of

    rows: list[tuple[str, str, str, str]] = []
    found: list[JSON] = []
    for each in routers_of(invocation.settings().home):
        shown = each.show()
        name = each.directory.name
        found.append({"name": name, "running": shown is not None})
        if shown is None:
            rows.append((name, "stopped", "", ""))
            continue
        members = [member for group in _groups(shown).values() for member in group]
        healthy = sum(member["state"] == "healthy" for member in members)
        rows.append((name, "running", _listening(shown), f"{healthy} of {len(members)} healthy"))
    invocation.show.table(("load balancer", "state", "listens", "targets"), rows)
    if not rows:
        invocation.show.text("no load balancer here")
    invocation.show.result({"loadBalancers": found})
    return ExitCode.SUCCEEDED


@router.command(epilog="\b\nExample:\n  cicd router show web\n")
@click.argument("name", required=False, metavar="[NAME]", shell_complete=load_balancers)
@shared_options
def show(invocation: Invocation, name: str | None) -> int:
    """Show a load balancer: weights, targets, and what they answered. The only one by default."""
    found = _find(invocation, name)
    shown = found.show()
    if shown is None:
        raise UsageError(
            f"load balancer '{found.directory.name}' does not run",
            hint="the next deployment that uses it starts it again, with what it knew",
        )
    weights = shown["weights"]
    assert isinstance(weights, dict)
    invocation.show.text(f"{found.directory.name} listens on {_listening(shown)}")
    shares = [
        (route, group, f"{weight}%")
        for route, each in weights.items()
        if isinstance(each, dict)
        for group, weight in each.items()
    ]
    invocation.show.table(("route", "target group", "weight"), shares)
    invocation.show.table(
        ("target group", "target", "state", "in flight", "requests", "statuses"),
        [
            (
                group,
                f"{member['host']}:{member['port']}",
                str(member["state"]),
                str(member["inFlight"]),
                str(member["requests"]),
                _statuses(member["statuses"]),
            )
            for group, members in _groups(shown).items()
            for member in members
        ],
    )
    if (found.directory / "access.jsonl").exists():
        invocation.show.text(f"requests are in {found.directory / 'access.jsonl'}")
    invocation.show.result(dict(shown))
    return ExitCode.SUCCEEDED


@router.command(epilog="\b\nExample:\n  cicd router stop web\n")
@click.argument("name", required=False, metavar="[NAME]", shell_complete=load_balancers)
@shared_options
def stop(invocation: Invocation, name: str | None) -> int:
    """Stop a load balancer; what it was told is kept. The only one by default."""
    found = _find(invocation, name)
    stopped = found.stop()
    invocation.show.text(
        f"{found.directory.name}: {'stopped' if stopped else 'it did not run'}",
        Level.SUCCESS if stopped else Level.INFO,
    )
    invocation.show.result({"name": found.directory.name, "stopped": stopped})
    return ExitCode.SUCCEEDED


def _find(invocation: Invocation, name: str | None) -> RunningRouter:
    from cicd.wiring.machine import routers_of

    found = routers_of(invocation.settings().home)
    named = [each for each in found if name in (None, each.directory.name)]
    if len(named) == 1:
        return named[0]
    if not found:
        raise UsageError(
            "there is no load balancer yet",
            hint="a deployment to a group WITH_TRAFFIC_CONTROL starts one",
        )
    known = ", ".join(each.directory.name for each in found)
    if name is None:
        raise UsageError("there are several load balancers", hint=f"name one: {known}")
    raise UsageError(f"no load balancer '{name}'", hint=f"there are: {known}")


def _groups(shown: Mapping[str, JSON]) -> dict[str, list[dict[str, JSON]]]:
    groups = shown["groups"]
    assert isinstance(groups, dict)
    return {
        name: [member for member in members if isinstance(member, dict)]
        for name, members in groups.items()
        if isinstance(members, list)
    }


def _listening(shown: Mapping[str, JSON]) -> str:
    settings = shown["settings"]
    assert isinstance(settings, dict)
    routes = settings["routes"]
    assert isinstance(routes, list)
    return ", ".join(
        f"http://{route['host']}:{route['port']}" for route in routes if isinstance(route, dict)
    )


def _statuses(statuses: JSON) -> str:
    assert isinstance(statuses, dict)
    return ", ".join(f"{kind} {count}" for kind, count in statuses.items())
