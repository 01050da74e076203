"""An event of a build → the lines that it adds to the build's log. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cicd.build.commands import DownloadSource, RunCommand
from cicd.build.log.journal import container_line
from cicd.build.spec import COMMAND_PHASES, PhaseType
from cicd.build.state import BuildState, moves
from cicd.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.build.process import BuildProcess
    from cicd.event import JSON, Event

# The service tells of these in the container's log, and of no other phase.
LOGGED = (PhaseType.DOWNLOAD_SOURCE, *COMMAND_PHASES, PhaseType.UPLOAD_ARTIFACTS)


def narrate(
    process: BuildProcess, before: BuildState, event: Event, after: BuildState
) -> tuple[str, ...]:
    """
    Give the lines that an event adds to the build's log, whole as they stand there.

    Source: logs of the service.
    """
    said: list[str] = []
    command = after.running if event.kind is EventKind.STARTED else before.running
    if isinstance(command, DownloadSource) and event.kind is EventKind.STARTED:
        said += [
            "Running on CodeBuild On-demand",
            "Waiting for agent ping",
            "Waiting for DOWNLOAD_SOURCE",
        ]
        said += ["Phase is DOWNLOAD_SOURCE"]
    lines = [container_line(event.at, text) for text in said]
    if isinstance(command, RunCommand):
        text = process.shown_line(after, command).text
        if event.kind is EventKind.STARTED:
            lines.append(container_line(event.at, f"Running command {text}"))
        elif event.kind is EventKind.FINISHED:
            lines.append("")
            if _status(event) is not None:
                said_so = f"Command did not exit successfully {text} exit status {_status(event)}"
                lines.append(container_line(event.at, said_so))
    phases = _phase_lines(process, before, after)
    return (*lines, *(container_line(event.at, text) for text in phases))


def _phase_lines(process: BuildProcess, before: BuildState, after: BuildState) -> Iterator[str]:
    for entered, record in moves(before, after):
        if record.phase not in LOGGED:
            continue
        if not entered:
            yield f"Phase complete: {record.phase} State: {record.status}"
            yield f"Phase context status code: {record.code} Message: {record.message}"
        elif record.phase in COMMAND_PHASES:
            yield f"Entering phase {record.phase}"
            user = process.plan.phase(record.phase).run_as
            if user and process.plan.phase(record.phase).has_commands:
                yield f"Run-as user: {user}"


def _status(event: Event) -> JSON:
    outcome = event.data["outcome"]
    detail = outcome.get("detail") if isinstance(outcome, Mapping) else None
    return detail.get("exitStatus") if isinstance(detail, Mapping) else None
