"""The jobs that wait for a worker: those of custom actions that run now."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from cicd.pipeline.commands import RunAction, unnumbered
from cicd.pipeline.execution import execution_state
from cicd.pipeline.jobs.ledger import find_job, is_open
from cicd.pipeline.jobs.series import newest_id
from cicd.pipeline.result import UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.pipeline.action_type import ActionTypeId
    from cicd.pipeline.jobs.job import Job
    from cicd.ports import Services


def offered_jobs(type_id: ActionTypeId, services: Services) -> Iterator[Job]:
    """Give those of one action type that nobody has taken, of the oldest execution first."""
    for record in reversed(services.executions.list(kind="pipeline")):
        if record.status not in UNFINISHED:
            continue
        state = execution_state(record.stream, services)
        for key, command in state.running.items():
            if not isinstance(command, RunAction):
                continue
            if state.planned[unnumbered(key)].type_id != type_id:
                continue
            first = str(uuid5(NAMESPACE_URL, f"{record.stream}/{key}"))
            newest = newest_id(first, services)
            if is_open(newest, services):
                yield find_job(newest, services)
