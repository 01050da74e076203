"""Deployments that have a fleet end no member: it becomes smaller when they are over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.fleet import ledger
from cicd.deploy.suspension_reader import TERMINATE
from cicd.errors import UsageError

if TYPE_CHECKING:
    from cicd.deploy.fleet.fleet import Fleet
    from cicd.ports import ExecutionRecord, Services

_PAUSE: Final = timedelta(seconds=0.5)


def await_termination(fleet: Fleet, services: Services) -> None:
    """
    Wait for the deployment that suspends ``Terminate`` of a fleet.

    Raises:
        UsageError: Nobody drives it any more.

    Source: CodeDeploy User Guide, "Suspending Amazon EC2 Auto Scaling processes during
    deployments"; the wait is ours.
    """
    said = ""
    inbox = services.clock.inbox()
    while (holder := _holder(fleet, services)) is not None:
        name = holder.stream.partition("/")[2]
        if not holder.driven:
            raise UsageError(
                f"'{fleet.name}' ends no member while {name} suspends {TERMINATE}",
                hint=f"nobody drives it: 'cicd deploy resume {name}' takes it up again, "
                f"'cicd deploy stop {name}' ends it",
            )
        if said != name:
            words = f"Fleet {fleet.name} waits: {name} suspends {TERMINATE}"
            ledger.note(fleet.name, services, "waiting", words)
            said = name
        inbox.take(services.clock.now() + _PAUSE)


def _holder(fleet: Fleet, services: Services) -> ExecutionRecord | None:
    """Give a deployment to the fleet that is not over, and suspends the ending of members."""
    from cicd.deploy.history import KIND, LOOKED_BACK, read_plan
    from cicd.deploy.state import FINAL

    for record in services.executions.list(kind=KIND, limit=LOOKED_BACK):
        if record.status in FINAL:
            continue
        plan = read_plan(record.stream, services)
        if plan is not None and TERMINATE in plan.suspended_processes:
            meant = [ledger.current(name, services) for name in plan.auto_scaling_groups]
            if fleet.name in [each.name for each in meant if each is not None]:
                return record
    return None
