"""What became of a build, for those who ran it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cicd.build.attempts import following, pattern_fault
from cicd.build.debug.words import waiting_words
from cicd.build.fold import fold_build
from cicd.build.shape import build_as_api
from cicd.build.spec import COMMAND_PHASES
from cicd.build.state import StatusType
from cicd.event import JSON
from cicd.ports import Artifact
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.build.plan import BuildPlan
    from cicd.build.state import BuildState, PhaseRecord
    from cicd.ports import LogStore, Services

LAST_WORDS = 15  # lines of a failed command's output that are told with the failure


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFailure:
    """The first phase that did not succeed, and why."""

    phase: str  # "BUILD"
    status: str  # the phase's: FAILED, FAULT, TIMED_OUT, STOPPED
    code: str  # "COMMAND_EXECUTION_ERROR"
    message: str  # "Error while executing command: make. Reason: exit status 2"
    command: str = ""  # the failing command's text
    where: str = ""  # its place, or the pattern's: "buildspec.yml:14:9"
    pattern: str = ""  # the artifact's that took no file
    hint: str = ""  # what to do, for a FAULT that knows
    output: tuple[str, ...] = ()  # the last lines that the command wrote

    @property
    def has_line(self) -> bool:
        """Whether a line of the buildspec is what failed: of a command, or of a pattern."""
        return bool(self.command or self.pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """What became of a build."""

    build_id: str  # "app:0f3c…"
    stream: str  # "build/app:0f3c…"
    status: str  # SUCCEEDED, FAILED, FAULT, TIMED_OUT, STOPPED
    artifacts: Mapping[str, Artifact]  # by declared output, else by identifier; "" = the primary
    exported_variables: Mapping[str, str]
    failure: BuildFailure | None
    reports: tuple[Mapping[str, JSON], ...]  # what reports.summary made of each group
    waiting: str  # where it waits and what to do about it, in a few lines; "": it does not
    build: Mapping[str, JSON]  # the element of BatchGetBuilds


def build_result(stream: str, services: Services) -> BuildResult:
    """Say what is known of a build, running or not; raises UsageError for an unknown one."""
    plan, state, _ = fold_build(stream, services)
    return result_of(stream, plan, state, services)


def result_of(stream: str, plan: BuildPlan, state: BuildState, services: Services) -> BuildResult:
    """Put in a value what the state of a build says, and what was kept of it."""
    artifacts = {}
    for made in state.artifacts:
        kept = services.artifacts.find(str(made["digest"]))
        if kept is not None:
            artifacts[str(made["output"])] = kept
    return BuildResult(
        build_id=plan.build_id,
        stream=stream,
        status=state.status.value,
        artifacts=artifacts,
        exported_variables=state.exported,
        failure=_failure(plan, state, services.logs, stream),
        reports=state.reports,
        waiting=waiting_words(plan, state),
        build=build_as_api(
            plan,
            state,
            log=services.logs.path(stream),
            following=_followed_by(plan, state, services),
        ),
    )


def _followed_by(plan: BuildPlan, state: BuildState, services: Services) -> str:
    after = following(plan, state)
    there = after is not None and services.log.read(f"build/{after.build_id}")
    return after.build_id if after is not None and there else ""


def _failure(
    plan: BuildPlan, state: BuildState, logs: LogStore, stream: str
) -> BuildFailure | None:
    good = {StatusType.SUCCEEDED, StatusType.IN_PROGRESS}
    record = next((p for p in state.phases if p.status not in good), None)
    if record is None:
        return None
    shown = record.command or record.pattern
    where = shown.where if shown else ""
    if not where and plan.refused is not None:
        where = plan.refused.where
    return BuildFailure(
        phase=record.phase.value,
        status=record.status.value,
        code=record.code,
        message=record.message,
        command=record.command.text if record.command else "",
        where=where,
        pattern=record.pattern.text if record.pattern else "",
        hint="\n".join(filter(None, (record.hint, _not_again(plan, record)))),
        output=() if record.pattern else _last_words(logs, stream, record.key),
    )


def _not_again(plan: BuildPlan, record: PhaseRecord) -> str:
    if record.phase not in COMMAND_PHASES or record.status is not StatusType.FAILED:
        return ""
    return pattern_fault(plan.phase(record.phase), record.message, plan.attempt)


def _last_words(logs: LogStore, stream: str, key: str) -> tuple[str, ...]:
    if not key:
        return ()
    said = (line.text for _, line in logs.read(stream) if line.origin == key)
    return tuple(deque(said, maxlen=LAST_WORDS))
