"""CodePipeline's calls by which a worker of a custom action takes its jobs."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from cicd.backends.endpoint.call import CallRefused, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.backends.endpoint.call import Operation, Served
    from cicd.event import JSON
    from cicd.pipeline.action_type import ActionTypeId


def _poll_for_jobs(served: Served, fields: Mapping[str, JSON]) -> JSON:
    """
    Give jobs that nobody has taken. Source: CodePipeline API Reference, "PollForJobs".

    A job is offered to whoever asks, until somebody acknowledges it.
    """
    from cicd.pipeline.jobs.job import job_event
    from cicd.pipeline.jobs.ledger import nonce_of
    from cicd.pipeline.jobs.offered import offered_jobs

    most, wanted = fields.get("maxBatchSize", 1), fields.get("queryParam") or {}
    if not isinstance(most, int) or most < 1 or not isinstance(wanted, dict):
        raise CallRefused("ValidationException", "'maxBatchSize' must be 1 or more")
    found = (
        job
        for job in offered_jobs(_type_id(served, fields), served.services)
        if all(job.configuration.get(key) == value for key, value in wanted.items())
    )
    jobs: list[JSON] = []
    for job in islice(found, most):
        shape = job_event(job)["CodePipeline.job"]
        assert isinstance(shape, dict), "made by job_event"
        jobs.append({**shape, "nonce": nonce_of(job.id)})
    return {"jobs": jobs}


def _acknowledge_job(served: Served, fields: Mapping[str, JSON]) -> JSON:
    from cicd.pipeline.jobs.ledger import JobRefused, acknowledge

    try:
        acknowledge(text(fields, "jobId"), text(fields, "nonce"), served.services)
    except JobRefused as refusal:
        raise CallRefused(refusal.code, refusal.words) from None
    return {"status": "InProgress"}


def _type_id(served: Served, fields: Mapping[str, JSON]) -> ActionTypeId:
    """Read which jobs are meant; refuse those that nobody is said to work on."""
    from cicd.document.resources import Resources
    from cicd.pipeline.action_type import ActionTypeId
    from cicd.pipeline.local import job_workers

    given = fields.get("actionTypeId")
    asked = given if isinstance(given, dict) else {}
    type_id = ActionTypeId(
        category=text(asked, "category"),
        owner=text(asked, "owner"),
        provider=text(asked, "provider"),
        version=text(asked, "version"),
    )
    known = job_workers(Resources.load(served.directory))
    if type_id.owner != "Custom" or type_id.provider not in known:
        raise CallRefused(
            "ActionTypeNotFoundException",
            f"no worker carries out {type_id} here; local.jobWorkers of cicd.yml names custom "
            "providers that have one",
        )
    return type_id


JOB_CALLS: Final[Mapping[str, Operation]] = {
    "PollForJobs": _poll_for_jobs,
    "AcknowledgeJob": _acknowledge_job,
}
