"""An event of a build → the log's lines, people's words, and EventBridge's detail. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cicd.build.journal import container_line
from cicd.build.process import (
    BuildProcess,
    BuildState,
    DownloadSource,
    PhaseRecord,
    ReadReport,
    RunCommand,
    StatusType,
    UploadArtifacts,
)
from cicd.build.spec import COMMAND_PHASES, PhaseType
from cicd.event import JSON, EventKind
from cicd.ports import Described, Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cicd.build.plan import BuildPlan
    from cicd.event import Event

# The service tells of these in the container's log, and of no other phase.
LOGGED = (PhaseType.DOWNLOAD_SOURCE, *COMMAND_PHASES, PhaseType.UPLOAD_ARTIFACTS)
_LEVELS = {
    StatusType.SUCCEEDED: Level.SUCCESS,
    StatusType.IN_PROGRESS: Level.INFO,
    StatusType.STOPPED: Level.WARNING,
}


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
        said += ["Waiting for agent ping", "Waiting for DOWNLOAD_SOURCE"]
        said += ["Phase is DOWNLOAD_SOURCE"]
    lines = [container_line(event.at, text) for text in said]
    if isinstance(command, RunCommand):
        text = process.command_line(command).text
        if event.kind is EventKind.STARTED:
            lines.append(container_line(event.at, f"Running command {text}"))
        elif event.kind is EventKind.FINISHED:
            lines.append("")
            if _status(event) is not None:
                said_so = f"Command did not exit successfully {text} exit status {_status(event)}"
                lines.append(container_line(event.at, said_so))
    phases = _phase_lines(process, before, after)
    return (*lines, *(container_line(event.at, text) for text in phases))


def describe(
    process: BuildProcess, before: BuildState, event: Event, after: BuildState
) -> tuple[Described, ...]:
    """Give what people and EventBridge are told of an event: one or more, in order."""
    plan = process.plan
    match event.kind:
        case EventKind.SUBMITTED:
            text = f"Build {plan.build_id}, number {plan.number}, by the {plan.runner} runner"
            image = f", image {plan.image}" if plan.image else ""
            detail = state_change(plan, after)
            return (Described(text=text + image, level=Level.DETAIL, detail=detail),)
        case EventKind.STARTED:
            if isinstance(after.running, RunCommand):
                command = process.command_line(after.running)
                said: tuple[Described, ...] = (
                    Described(text=f"$ {command.text.rstrip()}", level=Level.INFO),
                )
            else:
                said = ()
        case EventKind.FINISHED:
            said = tuple(_outcome(before, event))
        case EventKind.SIGNALLED:
            wanted = event.data.get("signal") == "stop"
            text = f"Stopping build {plan.build_id}" if wanted else ""
            return (Described(text=text, level=Level.WARNING),)
        case EventKind.CONCLUDED:
            seconds = (event.at - after.phases[0].started).total_seconds()
            return (
                Described(
                    text=f"Build {plan.build_id}: {after.status} in {seconds:.1f} s",
                    level=_LEVELS.get(after.status, Level.FAILURE),
                    detail=state_change(plan, after),
                ),
            )
    said += tuple(_phases(plan, before, after))
    return said or (Described(text=""),)


def _outcome(before: BuildState, event: Event) -> Iterator[Described]:
    outcome = event.data["outcome"]
    assert isinstance(outcome, Mapping), "written by the loop"
    detail = outcome.get("detail")
    detail = detail if isinstance(detail, Mapping) else {}
    if isinstance(before.running, ReadReport) and isinstance(detail.get("report"), Mapping):
        yield _report(detail["report"])
    if isinstance(before.running, UploadArtifacts):
        made = detail.get("artifacts")
        for artifact in made if isinstance(made, list) else ():
            yield _artifact(artifact)


def _report(report: JSON) -> Described:
    assert isinstance(report, Mapping), "written by ReadReport"
    counts = report["statusCounts"]
    assert isinstance(counts, Mapping), "written by ReadReport"
    each = ", ".join(f"{count} {str(name).lower()}" for name, count in counts.items())
    seconds = int(str(report["durationInNanoSeconds"])) / 1e9
    lines = [
        f"Report {report['name']}: {report['status']}, {report['total']} tests"
        + (f": {each}" if each else "")
        + f" ({seconds:.2f} s)"
    ]
    failed = report["failed"]
    for case in failed if isinstance(failed, list) else ():
        where = ".".join(filter(None, (case["prefix"], case["name"])))
        first = str(case["message"]).strip().split("\n")[0]
        lines.append(f"  {case['status']} {where}{': ' if first else ''}{first}")
    unreadable = report["unreadable"]
    lines += [f"  {text}" for text in unreadable] if isinstance(unreadable, list) else []
    good = report["status"] == "SUCCEEDED"
    return Described(text="\n".join(lines), level=Level.INFO if good else Level.WARNING)


def _artifact(artifact: JSON) -> Described:
    assert isinstance(artifact, Mapping), "written by UploadArtifacts"
    name = artifact["output"] or artifact["identifier"] or "primary"
    text = f"Artifact {name}: {artifact['files']} file(s), {artifact['size']} bytes"
    if artifact["location"]:
        text += f" → {artifact['location']}"
    return Described(text=text)


def _phases(plan: BuildPlan, before: BuildState, after: BuildState) -> Iterator[Described]:
    """Describe each phase that was entered or completed between two states."""
    for entered, record in _moves(before, after):
        if entered:
            if record.phase in COMMAND_PHASES and _has_commands(plan, record.phase):
                yield Described(text=f"Entering phase {record.phase}", level=Level.DETAIL)
            continue
        failed = record.status is not StatusType.SUCCEEDED
        silent = record.phase not in LOGGED or (
            record.phase in COMMAND_PHASES and not _has_commands(plan, record.phase)
        )
        text = "" if silent and not failed else f"Phase complete: {record.phase} "
        if text:
            text += f"State: {record.status}"
        if failed and (record.code or record.message):
            where = f" ({record.command.where})" if record.command else ""
            text += f"\n{record.code}: {record.message.rstrip()}{where}"
        yield Described(
            text=text,
            level=_LEVELS.get(record.status, Level.FAILURE) if failed else Level.DETAIL,
            detail=phase_change(plan, after, record),
        )


def _phase_lines(process: BuildProcess, before: BuildState, after: BuildState) -> Iterator[str]:
    for entered, record in _moves(before, after):
        if record.phase not in LOGGED:
            continue
        if not entered:
            yield f"Phase complete: {record.phase} State: {record.status}"
            yield f"Phase context status code: {record.code} Message: {record.message}"
        elif record.phase in COMMAND_PHASES:
            yield f"Entering phase {record.phase}"
            user = process.plan.phase(record.phase).run_as
            if user and _has_commands(process.plan, record.phase):
                yield f"Run-as user: {user}"


def _moves(before: BuildState, after: BuildState) -> Iterator[tuple[bool, PhaseRecord]]:
    """Give (entered?, record) for each phase that was entered or completed, in order."""
    for index, record in enumerate(after.phases):
        if record.phase in {PhaseType.SUBMITTED, PhaseType.QUEUED, PhaseType.COMPLETED}:
            continue
        is_new = index >= len(before.phases)
        if is_new:
            yield True, record
        if record.ended is not None and (is_new or before.phases[index].ended is None):
            yield False, record


def _has_commands(plan: BuildPlan, phase: PhaseType) -> bool:
    planned = plan.phase(phase)
    return bool(planned.commands or planned.finally_commands)


def _status(event: Event) -> JSON:
    outcome = event.data["outcome"]
    detail = outcome.get("detail") if isinstance(outcome, Mapping) else None
    return detail.get("exitStatus") if isinstance(detail, Mapping) else None


# ── EventBridge ───────────────────────────────────────────────────────────────────────────────


def state_change(plan: BuildPlan, state: BuildState) -> Mapping[str, JSON]:
    """
    Give the detail of "CodeBuild Build State Change".

    Source: user guide, "Build notifications input format reference".
    """
    last = state.phases[-1] if state.phases else None
    return {
        "build-status": state.status.value,
        "project-name": plan.project,
        "build-id": plan.arn,
        "current-phase": last.phase.value if last else PhaseType.SUBMITTED.value,
        "current-phase-context": _context(last) if last else "[]",
        "additional-information": _additional(plan, state),
        "version": "1",
    }


def phase_change(plan: BuildPlan, state: BuildState, record: PhaseRecord) -> Mapping[str, JSON]:
    """
    Give the detail of "CodeBuild Build Phase Change".

    Source: user guide, "Build notifications input format reference".
    """
    ended = record.ended or record.started
    return {
        "completed-phase": record.phase.value,
        "completed-phase-status": record.status.value,
        "completed-phase-context": _context(record),
        "completed-phase-duration-seconds": int((ended - record.started).total_seconds()),
        "completed-phase-start": _spoken(record.started),
        "completed-phase-end": _spoken(ended),
        "project-name": plan.project,
        "build-id": plan.arn,
        "additional-information": _additional(plan, state),
        "version": "1",
    }


def _additional(plan: BuildPlan, state: BuildState) -> Mapping[str, JSON]:
    source = plan.sources[0]
    return {
        "cache": {"type": plan.cache_type},
        "build-number": float(plan.number),
        "timeout-in-minutes": plan.timeout.total_seconds() / 60,
        "queued-timeout-in-minutes": plan.queued_timeout.total_seconds() / 60,
        "build-complete": state.status is not StatusType.IN_PROGRESS,
        "initiator": plan.initiator,
        "build-start-time": _spoken(plan.created),
        "source": {"type": source.type, "location": source.location},
        "source-version": source.version,
        "environment": {
            "image": plan.build_image,
            "privileged-mode": plan.privileged,
            "image-pull-credentials-type": "CODEBUILD",
            "compute-type": plan.compute_type,
            "type": plan.environment_type,
            "environment-variables": _variables(plan),
        },
        "logs": {"group-name": f"/aws/codebuild/{plan.project}", "stream-name": plan.uuid},
        "phases": [_phase(record) for record in state.phases],
    }


def _variables(plan: BuildPlan) -> Sequence[JSON]:
    return [{"name": v.name, "value": v.value, "type": v.type.value} for v in plan.variables]


def _phase(record: PhaseRecord) -> Mapping[str, JSON]:
    start: dict[str, JSON] = {
        "phase-type": record.phase.value,
        "start-time": _spoken(record.started),
    }
    if record.ended is None or record.phase is PhaseType.COMPLETED:
        return start
    return start | {
        "phase-context": [] if record.phase in _WITHOUT_CONTEXT else [_words(record)],
        "end-time": _spoken(record.ended),
        "duration-in-seconds": int((record.ended - record.started).total_seconds()),
        "phase-status": record.status.value,
    }


_WITHOUT_CONTEXT = {PhaseType.SUBMITTED, PhaseType.QUEUED, PhaseType.COMPLETED}


def _context(record: PhaseRecord) -> str:
    return "[]" if record.phase in _WITHOUT_CONTEXT else f"[{_words(record)}]"


def _words(record: PhaseRecord) -> str:
    return f"{record.code}: {record.message}"


def _spoken(at: datetime) -> str:
    """Write a time as the events do: "Sep 1, 2017 4:12:29 PM"."""
    return f"{at:%b} {at.day}, {at.year} {at.hour % 12 or 12}:{at:%M:%S} {at:%p}"
