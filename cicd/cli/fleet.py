"""``cicd fleet``: instances that are made and ended, as an Auto Scaling group's."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.group import Commands
from cicd.cli.offers import members, names
from cicd.cli.options import pair, shared_options
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level, TargetKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.cli.invocation import Invocation
    from cicd.deploy.fleet.fleet import Fleet, FleetSpec
    from cicd.deploy.fleet.run import FleetResult
    from cicd.deploy.group import DeploymentGroup
    from cicd.event import JSON
    from cicd.ports import Services


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  cicd fleet up web --count 3 --image debian:12 --port 80
  cicd fleet up web --count 3 --directory        without a container engine
  cicd fleet scale web 5
  cicd fleet show web
  cicd fleet down web

\b
A deployment group of cicd.yml that names it, 'autoScalingGroups: [web]', deploys to its
members; a member that joins gets the group's last good revision by itself.
""",
)
def fleet() -> None:
    """Make fleets of instances to deploy to, as EC2 Auto Scaling would."""


@fleet.command(
    epilog="""\b
Examples:
  cicd fleet up web --count 3 --image debian:12 --port 80 --label env=prod
  cicd fleet up web --count 2 --image alpine --command 'sleep infinity'
  cicd fleet up web --count 4 --directory --port 8100

\b
With --image, --port is where each member listens inside; 'cicd fleet show' tells where that
is on this machine. With --directory, it is the first member's, and the others count up.
Hooks learn it from PORT.
Exit status: 0 all members are in service, 1 one was abandoned, 2 usage,
4 this machine cannot make them.
"""
)
@click.argument("name", shell_complete=names("fleet"))
@click.option("--count", type=click.IntRange(0), default=1, help="How many members (1).")
@click.option("--image", metavar="IMAGE", help="Members are containers of this image.")
@click.option("--command", metavar="TEXT", help="What a container runs, if not its image's own.")
@click.option(
    "--directory",
    metavar="[DIR]",
    is_flag=False,
    flag_value="",
    help="Members are directories, below DIR or the home.",
)
@click.option("--port", type=click.IntRange(1, 65535), help="Where members listen.")
@click.option(
    "--label", "labels", multiple=True, metavar="K=V", help="A tag of each; may be repeated."
)
@shared_options
def up(
    invocation: Invocation,
    *,
    name: str,
    count: int,
    image: str | None,
    command: str | None,
    directory: str | None,
    port: int | None,
    labels: tuple[str, ...],
) -> int:
    """Make the fleet NAME, of containers or of directories."""
    from cicd.deploy.fleet.run import fleet_up

    spec = _spec(
        invocation,
        name,
        image=image,
        command=command,
        directory=directory,
        port=port,
        labels=labels,
    )
    groups = _groups(invocation)
    with invocation.services() as services:
        return _finish(invocation, fleet_up(name, count, spec, services, groups(name)), services)


@fleet.command(epilog="\b\nExample:\n  cicd fleet scale web 5\n")
@click.argument("name", shell_complete=names("fleet"))
@click.argument("count", type=click.IntRange(0), metavar="N")
@shared_options
def scale(invocation: Invocation, name: str, count: int) -> int:
    """Have the fleet NAME be of N members; one that does not run any more is replaced."""
    from cicd.deploy.fleet.ledger import find
    from cicd.deploy.fleet.run import scale_fleet

    groups = _groups(invocation)
    with invocation.services() as services:
        known = groups(_known_as(find(name, services)))
        return _finish(invocation, scale_fleet(name, count, services, known), services)


@fleet.command(epilog="\b\nExample:\n  cicd fleet down web\n")
@click.argument("name", shell_complete=names("fleet"))
@shared_options
def down(invocation: Invocation, name: str) -> int:
    """End the fleet NAME and all its members, with their files."""
    from cicd.deploy.fleet.ledger import find
    from cicd.deploy.fleet.run import fleet_down

    groups = _groups(invocation)
    with invocation.services() as services:
        known = groups(_known_as(find(name, services)))
        return _finish(invocation, fleet_down(name, services, known), services)


@fleet.command(
    epilog="""\b
Examples:
  cicd fleet fault web web-2 slow=2s
  cicd fleet fault web web-2 failing-hook=ValidateService
  cicd fleet fault web web-2 none

\b
  slow=TIME           each lifecycle event begins so much later
  failing-hook=EVENT  the hook of that event fails
  unhealthy           no load balancer finds it healthy; it leaves them at once
  disk-full           nothing can be copied to it
  partitioned         nobody reaches it: after five minutes its deployment fails
  skew=TIME           its clock is off
  none                it is well again
"""
)
@click.argument("name", shell_complete=names("fleet"))
@click.argument("member", shell_complete=members)
@click.argument("what", metavar="FAULT")
@shared_options
def fault(invocation: Invocation, name: str, member: str, what: str) -> int:
    """Have a MEMBER of the fleet NAME suffer, to rehearse trouble; from its next event on."""
    from cicd.deploy.fleet.ledger import find
    from cicd.deploy.fleet.run import set_fault
    from cicd.deploy.fleet.shapes import fleet_shape

    groups = _groups(invocation)
    with invocation.services() as services:
        known = groups(_known_as(find(name, services)))
        found = set_fault(name, member, what, services, known)
        _show(invocation, found, services)
        invocation.show.result(fleet_shape(found, services))
    return ExitCode.SUCCEEDED


@fleet.command("list", epilog="\b\nExample:\n  cicd fleet list --output json\n")
@shared_options
def list_fleets(invocation: Invocation) -> int:
    """List the fleets that are there."""
    from cicd.deploy.fleet.ledger import active
    from cicd.deploy.fleet.shapes import fleet_shape

    with invocation.services() as services:
        found = active(services)
        shapes: list[JSON] = [fleet_shape(each, services) for each in found]
    rows = [
        (each.name, str(each.desired), str(len(each.in_service)), _made_from(each))
        for each in found
    ]
    invocation.show.table(("fleet", "desired", "in service", "made from"), rows)
    if not rows:
        invocation.show.text("no fleet here: cicd fleet up NAME")
    invocation.show.result({"AutoScalingGroups": shapes})
    return ExitCode.SUCCEEDED


@fleet.command(epilog="\b\nExample:\n  cicd fleet show web --output json\n")
@click.argument("name", shell_complete=names("fleet"))
@shared_options
def show(invocation: Invocation, name: str) -> int:
    """Show the members of the fleet NAME: their state, where they are and where they listen."""
    from cicd.deploy.fleet.ledger import find
    from cicd.deploy.fleet.shapes import fleet_shape

    with invocation.services() as services:
        found = find(name, services)
        _show(invocation, found, services)
        invocation.show.result(fleet_shape(found, services))
    return ExitCode.SUCCEEDED


def _spec(
    invocation: Invocation,
    name: str,
    *,
    image: str | None,
    command: str | None,
    directory: str | None,
    port: int | None,
    labels: tuple[str, ...],
) -> FleetSpec:
    from cicd.deploy.fleet.fleet import FleetSpec

    if (image is None) == (directory is None):
        raise UsageError(
            "a fleet is of containers or of directories",
            hint="say one of --image IMAGE and --directory",
        )
    tags = tuple(pair(text, "K=V", "--label") for text in labels)
    if directory is None:
        words = tuple(shlex.split(command or ""))
        return FleetSpec(
            kind=TargetKind.CONTAINER, image=image or "", command=words, port=port, labels=tags
        )
    if command is not None:
        raise UsageError("a directory runs nothing", hint="leave out --command")
    place = Path.cwd() / directory if directory else invocation.settings().home / "fleets" / name
    return FleetSpec(
        kind=TargetKind.DIRECTORY, directory=str(place.absolute()), port=port, labels=tags
    )


def _groups(invocation: Invocation) -> Callable[[str], tuple[DeploymentGroup, ...]]:
    """Read ``cicd.yml`` beforehand: what is wrong with it is said before anything is made."""
    from cicd.deploy.find_group import groups_of_fleet
    from cicd.document.resources import Resources

    start = Path.cwd()
    home = invocation.settings(start).home
    root = home.parent if home.name == ".cicd" else start
    resources = Resources.load(start if (start / "cicd.yml").exists() else root)
    return lambda name: groups_of_fleet(resources, name)


def _known_as(found: Fleet) -> str:
    """Say by which name groups mean a fleet; one that was replaced is nobody's any more."""
    return "" if found.replaced_by is not None else found.spec.root or found.name


def _finish(invocation: Invocation, result: FleetResult, services: Services) -> int:
    from cicd.deploy.fleet.shapes import fleet_shape

    for member, why in result.abandoned:
        invocation.show.text(f"{member} was abandoned: {why}", Level.FAILURE)
    _show(invocation, result.fleet, services)
    invocation.show.result(
        {
            **fleet_shape(result.fleet, services),
            "Abandoned": [{"InstanceId": name, "Cause": why} for name, why in result.abandoned],
        }
    )
    return ExitCode.FAILED if result.abandoned else ExitCode.SUCCEEDED


def _show(invocation: Invocation, found: Fleet, services: Services) -> None:
    machines = services.machines(found.spec.kind)
    rows = [
        (
            member.target.id,
            str(member.state),
            "runs" if machines.runs(member.target) else "does not run",
            member.fault,
            member.target.location,
            member.target.endpoint or "",
        )
        for member in found.living
    ]
    columns = ("member", "state", "machine", "fault", "place", "endpoint")
    listens = any(row[-1] for row in rows)
    invocation.show.table(
        columns if listens else columns[:-1], [row if listens else row[:-1] for row in rows]
    )
    invocation.show.text(
        f"{found.name}: {len(found.in_service)} of {found.desired} in service, "
        f"made from {_made_from(found)}"
    )


def _made_from(found: Fleet) -> str:
    return found.spec.image or f"directories in {found.spec.directory}"
