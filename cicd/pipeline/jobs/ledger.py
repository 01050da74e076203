"""The streams of jobs: each is submitted once, and answered once, from any process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_URL, uuid5

from cicd.engine.codec import decode, encode
from cicd.errors import Conflict, UsageError
from cicd.event import Event, EventKind
from cicd.pipeline.jobs.job import (
    FAILURE_TYPES,
    MESSAGE_LENGTH,
    SUMMARY_LENGTH,
    TOKEN_LENGTH,
    Job,
    JobResult,
)
from cicd.pipeline.result import StoredArtifact
from cicd.pipeline.variable_limits import MAX_OUTPUT, bytes_of, wrong_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cicd.ports import Services

BUCKET_PREFIX: Final = "codepipeline-local-"
_RESULT: Final = "result"
_TAKEN: Final = "taken"


class JobRefused(UsageError):
    """A report that CodePipeline refuses, with its exception's name."""

    def __init__(self, code: str, message: str) -> None:
        """Take the exception's name and message."""
        super().__init__(f"{message} ({code})")
        self.code = code
        self.words = message


def submit(job: Job, services: Services) -> None:
    """Write a job down; one that is there already stays as it is."""
    submitted = Event(
        kind=EventKind.SUBMITTED, at=services.clock.now(), data={"plan": encode(job)}
    )
    if not services.log.read(_stream(job.id)):
        services.log.append(_stream(job.id), (submitted,), expected=0)


def find_job(job_id: str, services: Services) -> Job:
    """Give a job as it was submitted; raises ``JobRefused`` where there is none."""
    events = services.log.read(_stream(job_id))
    if not events:
        raise _unknown(job_id)
    return decode(Job, events[0][1].data["plan"])


def result_of(job_id: str, services: Services) -> JobResult | None:
    """Give what was reported; None: nothing yet."""
    for _, event in services.log.read(_stream(job_id)):
        if event.data.get("signal") == _RESULT:
            return decode(JobResult, event.data["result"])
    return None


def put_result(job_id: str, result: JobResult, services: Services) -> None:
    """
    Report how a job went; only the first report counts.

    Raises:
        JobRefused: There is no such job, it has its result, or a value is not allowed.

    """
    _check(result)
    events = services.log.read(_stream(job_id))
    if not events:
        raise _unknown(job_id)
    if any(event.data.get("signal") == _RESULT for _, event in events):
        raise _answered(job_id)
    reported = Event(
        kind=EventKind.SIGNALLED,
        at=services.clock.now(),
        data={"signal": _RESULT, "result": encode(result)},
    )
    try:
        services.log.append(_stream(job_id), (reported,), expected=len(events))
    except Conflict:
        raise _answered(job_id) from None


def note_taken(job_id: str, outputs: Sequence[StoredArtifact], services: Services) -> None:
    """Write down, beside a job's result, what was taken out of its outputs' places."""
    events = services.log.read(_stream(job_id))
    taken = Event(
        kind=EventKind.SIGNALLED,
        at=services.clock.now(),
        data={"signal": _TAKEN, "outputs": encode(tuple(outputs))},
    )
    services.log.append(_stream(job_id), (taken,), expected=len(events))


def taken_from(job_id: str, services: Services) -> tuple[StoredArtifact, ...] | None:
    """Give what was taken out of a job's outputs' places; None: nothing was yet."""
    for _, event in services.log.read(_stream(job_id)):
        if event.data.get("signal") == _TAKEN:
            return decode(tuple[StoredArtifact, ...], event.data["outputs"])
    return None


def nonce_of(job_id: str) -> str:
    """Give what a worker must name to take a job."""
    return uuid5(NAMESPACE_URL, f"{job_id}/nonce").hex[:12]


def is_open(job_id: str, services: Services) -> bool:
    """Tell whether a job was submitted, and no worker has taken it."""
    return len(services.log.read(_stream(job_id))) == 1


def acknowledge(job_id: str, nonce: str, services: Services) -> None:
    """
    Take a job, so that no other worker does.

    Raises:
        JobRefused: There is no such job, the nonce is not its, or somebody has taken it.

    """
    if not services.log.read(_stream(job_id)):
        raise _unknown(job_id)
    taken = Event(
        kind=EventKind.SIGNALLED, at=services.clock.now(), data={"signal": "acknowledged"}
    )
    try:
        if nonce != nonce_of(job_id):
            raise JobRefused("InvalidNonceException", f"'{nonce}' is not the nonce of {job_id}")
        services.log.append(_stream(job_id), (taken,), expected=1)
    except Conflict:
        raise JobRefused("InvalidNonceException", f"the job {job_id} is taken") from None


def objects_of(bucket: str, services: Services) -> Path:
    """Say where the objects of an action's bucket are on this machine."""
    return services.home / "jobs" / bucket.removeprefix(BUCKET_PREFIX)


def _unknown(job_id: str) -> JobRefused:
    return JobRefused("JobNotFoundException", f"The job with id {job_id} was not found")


def _answered(job_id: str) -> JobRefused:
    return JobRefused("InvalidJobStateException", f"The job {job_id} has its result already")


def _check(result: JobResult) -> None:
    """Source: CodePipeline API Reference, "PutJobSuccessResult", "PutJobFailureResult"."""
    fault = ""
    if len(result.continuation_token) > TOKEN_LENGTH:
        fault = f"continuationToken is longer than {TOKEN_LENGTH} characters"
    if result.continuation_token and result.variables:
        fault = "outputVariables cannot be given together with a continuationToken"
    if len(result.summary) > SUMMARY_LENGTH:
        fault = f"summary is longer than {SUMMARY_LENGTH} characters"
    if not result.succeeded and result.failure_type not in FAILURE_TYPES:
        fault = f"'{result.failure_type}' is not one of {', '.join(FAILURE_TYPES)}"
    if not result.succeeded and not 1 <= len(result.message) <= MESSAGE_LENGTH:
        fault = f"message must have 1 to {MESSAGE_LENGTH} characters"
    wrong = wrong_key(result.variables)
    if wrong is not None:
        fault = f"'{wrong}' cannot name a variable: letters, digits, '@', '-' and '_' can"
    if fault:
        raise JobRefused("ValidationException", fault)
    if bytes_of(result.variables) > MAX_OUTPUT:
        raise JobRefused(
            "OutputVariablesSizeExceededException",
            f"the output variables have more than {MAX_OUTPUT} bytes together",
        )


def _stream(job_id: str) -> str:
    return f"job/{job_id}"
