"""The details of EventBridge's two events about builds. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.spec import PhaseType
from cicd.build.state import StatusType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cicd.build.plan import BuildPlan
    from cicd.build.state import BuildState, PhaseRecord
    from cicd.event import JSON


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
        "artifact": _artifact(state),
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
            "environment-variables": given_variables(plan),
        },
        "logs": _logs(plan),
        "phases": [_phase(record) for record in state.phases],
    }


def given_variables(plan: BuildPlan) -> Sequence[JSON]:
    """
    Give the variables of the project and of the start, which are the environment's.

    Not a buildspec's own: the service keeps what a build was started with.
    Source: API Reference, "ProjectEnvironment".
    """
    return [
        {"name": v.name, "value": v.value, "type": v.type.value}
        for v in plan.variables
        if v.name in plan.fixed_variables
    ]


def sums(made: Mapping[str, JSON]) -> dict[str, JSON]:
    """
    Give the sums of an artifact: the service has them of zips only.

    Source: API Reference, "BuildArtifacts".
    """
    if made["packaging"] != "ZIP":
        return {}
    md5: dict[str, JSON] = {"md5sum": made["md5"]} if "md5" in made else {}
    return md5 | {"sha256sum": made["digest"]}


def _artifact(state: BuildState) -> Mapping[str, JSON]:
    """Give the primary artifact."""
    made = next((each for each in state.artifacts if not each["identifier"]), None)
    return {"location": ""} if made is None else {**sums(made), "location": made["location"]}


def _logs(plan: BuildPlan) -> Mapping[str, JSON]:
    """
    Name a build's log as the service does; the link is of its console, and leads nowhere here.

    Source: user guide, "Build notifications input format reference".
    """
    group = f"/aws/codebuild/{plan.project}"
    return {
        "group-name": group,
        "stream-name": plan.uuid,
        "deep-link": "https://console.aws.amazon.com/cloudwatch/home"
        f"?region={plan.region}#logEvent:group={group};stream={plan.uuid}",
    }


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
    """Give the contexts as one text; a phase that is open has none yet."""
    without = record.phase in _WITHOUT_CONTEXT or record.ended is None
    return "[]" if without else f"[{_words(record)}]"


def _words(record: PhaseRecord) -> str:
    return f"{record.code}: {record.message}"


def _spoken(at: datetime) -> str:
    """Write a time as the events do: "Sep 1, 2017 4:12:29 PM"."""
    return f"{at:%b} {at.day}, {at.year} {at.hour % 12 or 12}:{at:%M:%S} {at:%p}"
