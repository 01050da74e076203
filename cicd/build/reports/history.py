"""Reports of earlier builds: the summaries that stand in their events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cicd.build.reports.summary import reports_in
from cicd.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.event import JSON, Event
    from cicd.ports import Services

LOOKED_AT = 200  # builds


def summaries(
    services: Services,
    *,
    project: str | None = None,
    builds: int = LOOKED_AT,
    beside: str | None = None,
) -> Iterator[tuple[str, Mapping[str, JSON]]]:
    """
    Give (stream, summary of a report) of the newest builds, the newest first.

    ``beside`` is the stream of something whose builds are left out.
    """
    for record in services.executions.list(kind="build", name=project, limit=builds):
        if beside is not None and record.parent == beside:
            continue
        for summary in summaries_of(services, record.stream):
            yield record.stream, summary


def summaries_of(services: Services, stream: str) -> tuple[Mapping[str, JSON], ...]:
    """Give the summaries of one build, in its order."""
    return tuple(summary for _, event in services.log.read(stream) for summary in _in_event(event))


def _in_event(event: Event) -> Iterator[Mapping[str, JSON]]:
    if event.kind is not EventKind.FINISHED or not event.key.startswith("UPLOAD_ARTIFACTS/"):
        return
    outcome = event.data.get("outcome")
    detail = outcome.get("detail") if isinstance(outcome, Mapping) else None
    if isinstance(detail, Mapping):
        yield from reports_in(detail)
