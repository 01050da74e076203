"""An action's jobs: the first, and one more for each continuation token."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from cicd.pipeline.jobs.ledger import result_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.pipeline.jobs.job import Job
    from cicd.ports import Services


def jobs_of(first: Job, services: Services) -> Iterator[Job]:
    """Give the jobs one after another; the next one has the token of the one before."""
    number, token = 0, first.continuation_token
    while True:
        id_ = job_id(first.id, number)
        yield replace(first, id=id_, continuation_token=token)
        result = result_of(id_, services)
        token = "" if result is None else result.continuation_token
        number += 1


def newest_id(first_id: str, services: Services) -> str:
    """Give the id of the job that has no result yet, or of the one that ended the series."""
    number = 0
    while (result := result_of(job_id(first_id, number), services)) and result.continuation_token:
        number += 1
    return job_id(first_id, number)


def job_id(first_id: str, number: int) -> str:
    """Name a job; always alike, so that a resume goes on with the same one."""
    return str(uuid5(NAMESPACE_URL, f"{first_id}/{number}"))
