"""An event of a build → people's words, and EventBridge's detail. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cicd.build.attempts import attempt_words
from cicd.build.commands import Pause, RunCommand, UploadArtifacts
from cicd.build.debug.words import waiting_words
from cicd.build.event_detail import phase_change, state_change
from cicd.build.log.narrate import LOGGED
from cicd.build.reports.summary import reports_in, summary_lines
from cicd.build.spec import COMMAND_PHASES
from cicd.build.state import BuildState, StatusType, moves
from cicd.event import JSON, EventKind
from cicd.ports import Described, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.build.plan import BuildPlan
    from cicd.build.process import BuildProcess
    from cicd.event import Event

_NOTES = 5  # lines about what an artifact did not take

_LEVELS = {
    StatusType.SUCCEEDED: Level.SUCCESS,
    StatusType.IN_PROGRESS: Level.INFO,
    StatusType.STOPPED: Level.WARNING,
}


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
            which = attempt_words(plan.attempt)
            which = f", {which}" if which else ""
            begun = Described(text=text + image + which, detail=detail)
            return (begun, *_phases(plan, before, after))
        case EventKind.STARTED:
            if isinstance(after.running, Pause):
                said: tuple[Described, ...] = (_waits(plan, after),)
            elif isinstance(after.running, RunCommand):
                command = process.shown_line(after, after.running)
                said = (Described(text=f"$ {command.text.rstrip()}", level=Level.INFO),)
            else:
                said = ()
        case EventKind.FINISHED:
            said = tuple(_outcome(before, event))
        case EventKind.SIGNALLED:
            return (_signalled(plan, before, event, after),)
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


def _signalled(plan: BuildPlan, before: BuildState, event: Event, after: BuildState) -> Described:
    match event.data.get("signal"):
        case "stop":
            return Described(text=f"Stopping build {plan.build_id}", level=Level.WARNING)
        case "queued":
            several = f"{plan.places} builds run" if plan.places > 1 else "another build runs"
            text = f"Queued: {several}, and no more may at once (setting builds)"
            return Described(text=text, level=Level.WARNING)
        case "pause" if after.paused and not before.paused:
            return _waits(plan, after)
        case "retry" if after != before:
            place = f"{event.data['phase']}:{int(str(event.data['index'])) + 1}"
            return Described(text=f"Going back to {place}", level=Level.WARNING)
    return Described(text="")


def _waits(plan: BuildPlan, state: BuildState) -> Described:
    return Described(text=waiting_words(plan, state), level=Level.WARNING)


def _outcome(before: BuildState, event: Event) -> Iterator[Described]:
    outcome = event.data["outcome"]
    assert isinstance(outcome, Mapping), "written by the loop"
    detail = outcome.get("detail")
    detail = detail if isinstance(detail, Mapping) else {}
    for report in reports_in(detail):
        yield _report(report)
    if isinstance(before.running, UploadArtifacts):
        made = detail.get("artifacts")
        for artifact in made if isinstance(made, list) else ():
            yield _artifact(artifact)


def _report(report: Mapping[str, JSON]) -> Described:
    good = report["status"] == "SUCCEEDED"
    text = "\n".join(summary_lines(report))
    return Described(text=text, level=Level.INFO if good else Level.WARNING)


def _artifact(artifact: JSON) -> Described:
    assert isinstance(artifact, Mapping), "written by UploadArtifacts"
    name = artifact["output"] or artifact["identifier"] or "primary"
    text = f"Artifact {name}: {artifact['files']} file(s), {artifact['size']} bytes"
    if artifact["location"]:
        text += f" → {artifact['location']}"
    notes = artifact.get("notes")  # none in the log of an older build
    if isinstance(notes, list) and notes:
        shown = [f"  {note}" for note in notes[:_NOTES]]
        more = [f"  and {len(notes) - _NOTES} more"] if len(notes) > _NOTES else []
        return Described(text="\n".join([text, *shown, *more]), level=Level.WARNING)
    return Described(text=text)


def _phases(plan: BuildPlan, before: BuildState, after: BuildState) -> Iterator[Described]:
    """Describe each phase that was entered or completed between two states."""
    for entered, record in moves(before, after):
        if entered:
            if record.phase in COMMAND_PHASES and plan.phase(record.phase).has_commands:
                yield Described(text=f"Entering phase {record.phase}")
            continue
        failed = record.status is not StatusType.SUCCEEDED
        silent = record.phase not in LOGGED or (
            record.phase in COMMAND_PHASES and not plan.phase(record.phase).has_commands
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
