"""Which build follows a failed one by itself: `on-failure: RETRY`, `autoRetryLimit`. Pure."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from cicd.build.plan import Attempt
from cicd.build.spec import OnFailure
from cicd.build.state import StatusType
from cicd.expression import ExpressionFault, matches
from cicd.record import dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from cicd.build.plan import BuildPlan, PhasePlan
    from cicd.build.state import BuildState


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """The build that is to follow another one."""

    build_id: str
    attempt: Attempt


def runs_again(phase: PhasePlan, message: str, attempt: Attempt) -> bool:
    """
    Say whether a phase that failed with ``message`` has its whole build run again.

    The count is that of the phase that failed now, over all reruns so far.
    Source: user guide, "phases/*/on-failure"; that the build, not the phase, is run again, and
    that the message is the phase context's, is our reading of it. A pattern that takes too long
    to match does not match.
    """
    if phase.on_failure is not OnFailure.RETRY or attempt.retried >= phase.retries:
        return False
    try:
        return matches(phase.retry_pattern, message)
    except ExpressionFault:
        return False


def pattern_fault(phase: PhasePlan, message: str, attempt: Attempt) -> str:
    """Say why a phase's pattern could not be matched, so that no build follows; "" if it was."""
    if phase.on_failure is not OnFailure.RETRY or attempt.retried >= phase.retries:
        return ""
    try:
        matches(phase.retry_pattern, message)
    except ExpressionFault as fault:
        return f"the build is not run again by 'RETRY-{phase.retry_pattern}': {fault}"
    return ""


def following(plan: BuildPlan, state: BuildState) -> Following | None:
    """
    Say which build follows a concluded one by itself; None: it was the last.

    The id comes from the one before, so that after a crash the same one is found, or made.
    What on-failure asks for comes first; when it is used up, the project's `autoRetryLimit`
    starts the whole once more, on-failure's count included.
    Source: CodeBuild API Reference, "AutoRetryConfig"; a build that was stopped, and one
    whose buildspec cannot be read, is not retried here.
    """
    if state.status not in {StatusType.FAILED, StatusType.TIMED_OUT} or plan.refused is not None:
        return None
    if state.stop is not None:
        return None
    now = plan.attempt
    build_id = f"{plan.project}:{_uuid_after(plan.uuid)}"
    for phase in plan.phases:
        record = state.phase(phase.phase)
        if record is not None and record.status is StatusType.FAILED:
            if runs_again(phase, record.message, now):
                attempt = replace(
                    now, retried=now.retried + 1, of=phase.retries + 1, previous=plan.build_id
                )
                return Following(build_id=build_id, attempt=attempt)
            break
    if now.auto_retry_number < now.auto_retry_limit:
        number = now.auto_retry_number + 1
        attempt = replace(now, retried=0, of=0, auto_retry_number=number, previous=plan.build_id)
        return Following(build_id=build_id, attempt=attempt)
    return None


def follow_up(plan: BuildPlan, after: Following, created: datetime) -> BuildPlan:
    """Give the plan of the build that follows: the same, under a name and a time of its own."""
    return replace(plan, build_id=after.build_id, number=0, created=created, attempt=after.attempt)


def attempt_words(attempt: Attempt) -> str:
    """Say which attempt a build is: "attempt 2 of 4"; "" for the first of one."""
    if attempt.retried:
        return f"attempt {attempt.retried + 1} of {attempt.of}"
    if attempt.auto_retry_number:
        return f"automatic retry {attempt.auto_retry_number} of {attempt.auto_retry_limit}"
    return ""


def _uuid_after(uuid: str) -> str:
    digits = bytearray(sha256(f"the build after {uuid}".encode()).digest()[:16])
    digits[6] = digits[6] & 0x0F | 0x80  # version 8: made by a rule of our own
    digits[8] = digits[8] & 0x3F | 0x80
    text = digits.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
