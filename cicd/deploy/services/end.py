"""Services that end for good, and task sets that nobody wants."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.deploy.rolling.record import read_record, write_record
from cicd.deploy.services.known import (
    deployed_services,
    deployments_to,
    known_services,
    left_behind,
    unfinished_of,
)
from cicd.errors import Conflict, Unavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cicd.deploy.services.known import KnownService
    from cicd.ports import Endpoint, Services


def find_known(name: str, services: Services) -> KnownService:
    """
    Give the service of a name, or of "cluster/name".

    One without a task is found, too, if it was deployed to: its load balancer may be left.

    Raises:
        UsageError: There is none, or there are several.

    """
    found = known_services(services)
    same = _named(name, found) or _named(name, deployed_services(services))
    if len(same) == 1:
        return same[0]
    if same:
        keys = ", ".join(each.key for each in same)
        raise UsageError(f"there are several services '{name}': {keys}", hint="say which one")
    there = ", ".join(each.key for each in found)
    raise UsageError(
        f"there is no service '{name}' (ServiceNotFoundException)",
        hint=f"there is {there}" if there else "no service has a task here",
    )


def _named(name: str, among: Sequence[KnownService]) -> list[KnownService]:
    return [each for each in among if name in (each.key, each.key.rpartition("/")[2])]


def end_service(service: KnownService, services: Services) -> None:
    """
    End all tasks of a service, and forget what it runs: its next deployment is its first.

    Raises:
        Conflict: A deployment to it is not over.

    Source: ECS API Reference, "DeleteService" (with ``force``).
    """
    busy = unfinished_of(service.key, services)
    if busy:
        what = f"'cicd deploy stop {busy}'" if busy.startswith("d-") else "'cicd pipeline stop'"
        raise Conflict(f"'{service.key}' is being deployed to by {busy}", hint=f"{what} ends it")
    for each in service.task_sets:
        services.task_sets().remove(service.key, each.id)
    record, version = read_record(service.key, services)
    # Deployments of a faster clock may have been made at moments that are still to come.
    made = (found.created_at for found, _ in deployments_to(service.key, services))
    gone = replace(
        record, revision=None, completed=None, removed_at=max((services.clock.now(), *made))
    )
    write_record(gone, version, services)


def reap_task_sets(carrying: Collection[Endpoint], services: Services) -> list[str]:
    """End the task sets that nobody wants; gives their names. Without an engine there is none."""
    ended = []
    try:
        for service in known_services(services):
            for each in left_behind(service, carrying, services):
                services.task_sets().remove(service.key, each)
                ended.append(f"task set {each} of service {service.key}")
    except Unavailable:
        return ended
    return ended
