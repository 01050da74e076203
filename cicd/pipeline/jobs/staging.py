"""The job of an action or a rule, and its input artifacts where the function finds them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from cicd.pipeline.actions.provider import child_uuid
from cicd.pipeline.actions.stored_input import stored_input
from cicd.pipeline.actions.workspace import clear
from cicd.pipeline.jobs.job import Job, JobArtifact
from cicd.pipeline.jobs.ledger import BUCKET_PREFIX, objects_of
from cicd.pipeline.process import ABANDONED
from cicd.pipeline.result import object_key
from cicd.pipeline.timeouts import TIMED_OUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cicd.engine.process import Scope
    from cicd.pipeline.plan import PipelinePlan
    from cicd.pipeline.result import StoredArtifact
    from cicd.ports import Services


class Asking(Protocol):
    """An action or a rule whose turn has come."""

    @property
    def plan(self) -> PipelinePlan:
        """The execution's plan."""

    @property
    def configuration(self) -> Mapping[str, str]:
        """Its configuration, every reference replaced."""

    @property
    def inputs(self) -> tuple[StoredArtifact, ...]:
        """Its input artifacts."""

    @property
    def parent(self) -> str:
        """What it is called in the execution's stream."""


def job_of(asking: Asking, outputs: Sequence[str] = ()) -> Job:
    """Make the job; always alike, so that a resume goes on with the same one."""
    own = child_uuid(asking)
    names = (*(each.name for each in asking.inputs), *outputs)
    # Two artifacts' names may begin alike: the number keeps their keys apart.
    keys = [
        object_key(asking.plan.name, name, f"{own[:5]}{place:02d}")
        for place, name in enumerate(names)
    ]
    made = tuple(
        JobArtifact(name=name, object_key=key) for name, key in zip(names, keys, strict=True)
    )
    inputs = tuple(
        JobArtifact(name=each.name, object_key=key, revision=each.revision_id)
        for each, key in zip(asking.inputs, keys, strict=False)
    )
    return Job(
        id=own,
        configuration=asking.configuration,
        bucket=f"{BUCKET_PREFIX}{own}",
        inputs=inputs,
        outputs=made[len(inputs) :],
    )


def is_staged(job: Job, services: Services) -> bool:
    """Tell whether the inputs were put where the function finds them."""
    return objects_of(job.bucket, services).is_dir()


def stage(job: Job, asking: Asking, services: Services) -> None:
    """Put the input artifacts where the function finds them."""
    place = objects_of(job.bucket, services)
    clear(place)
    bucket = services.bucket(str(place))
    bucket.make()
    for taken, shown in zip(asking.inputs, job.inputs, strict=True):
        stored = stored_input(taken, services)
        bucket.write(shown.object_key, services.artifacts.path(stored))


@contextmanager
def staged(job: Job, services: Services, scope: Scope) -> Iterator[None]:
    """Take away in the end what was put there, by us and by the function; a resume may want it."""
    try:
        yield
    finally:
        if scope.cancel.reason in (None, ABANDONED, TIMED_OUT):
            clear(objects_of(job.bucket, services))
