"""The artifacts that executions handed on, as objects of their buckets; and which may go."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from cicd.pipeline.execution import execution_state, find_execution
from cicd.pipeline.result import UNFINISHED, StoredArtifact
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import timedelta

    from cicd.ports import KeptArtifact, Services


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOn:
    """One artifact of one execution."""

    artifact: StoredArtifact
    bucket: str
    execution_id: str
    at: datetime  # when the execution was last worked on

    @property
    def location(self) -> str:
        """Name it as S3 would: "bucket/pipeline/artifact/id.zip"."""
        key = f"{self.bucket}/{self.artifact.key}" if self.bucket else self.artifact.key
        return key if self.artifact.object_name else f"{key}.zip"

    def means(self, wanted: str) -> bool:
        """Tell whether somebody means it by a name, a key, a location or a digest's beginning."""
        word = wanted.removesuffix(".zip")
        known = (self.artifact.name, self.artifact.key, self.location.removesuffix(".zip"))
        return word in known or (len(word) >= 7 and self.artifact.digest.startswith(word))


def handed_on(
    services: Services, *, pipeline: str | None = None, execution: str | None = None
) -> list[HandedOn]:
    """Give what executions handed on, the newest first; raises UsageError for an unknown one."""
    if execution is not None:
        records = [find_execution(execution, services)]
    else:
        records = services.executions.list(kind="pipeline", name=pipeline)
    found = []
    for record in records:
        state = execution_state(record.stream, services)
        plan = state.plan
        assert plan is not None, "execution_state asks for one"
        regions = {name: each.region for each in plan.actions() for name in each.outputs}
        found += [
            HandedOn(
                artifact=artifact,
                bucket=plan.bucket_in(regions.get(artifact.name)),
                execution_id=plan.execution_id,
                at=record.updated_at,
            )
            for artifact in reversed(tuple(state.artifacts.values()))
        ]
    return found


def in_use(services: Services) -> frozenset[str]:
    """Give the digests that executions which are not over may still take."""
    return frozenset(
        artifact.digest
        for record in services.executions.list(kind="pipeline")
        if record.status in UNFINISHED
        for artifact in execution_state(record.stream, services).artifacts.values()
    )


def to_remove(
    kept: Sequence[KeptArtifact],
    *,
    now: datetime,
    max_size: int | None,
    older_than: timedelta | None,
    spared: Collection[str],
) -> list[KeptArtifact]:
    """Give what goes, the oldest first: all that is too old, then what is beyond the size."""
    total = sum(each.size for each in kept)
    gone = []
    for each in sorted(kept, key=lambda one: one.kept_at):
        old = older_than is not None and now - each.kept_at > older_than
        if each.digest not in spared and (old or (max_size is not None and total > max_size)):
            gone.append(each)
            total -= each.size
    return gone
