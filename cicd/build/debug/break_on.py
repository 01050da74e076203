"""Where a build is to pause: `--break-on failure`, PHASE, PHASE:N, or a line. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.spec import COMMAND_PHASES, PhaseType
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.build.plan import BuildPlan, CommandLine, PhasePlan

FAILURE = "failure"


def place_of(text: str, phases: Sequence[PhasePlan]) -> tuple[PhaseType, int]:
    """
    Give the phase and the index of the command that "PHASE" or "PHASE:N" names, N from 1.

    ``finally`` counts on behind ``commands``. Raises ``UsageError`` where there is none.
    """
    name, colon, number = text.partition(":")
    if name.upper() not in COMMAND_PHASES:
        raise UsageError(
            f"'{text}' is no place in a build",
            hint=f"write {', '.join(COMMAND_PHASES)}; or BUILD:2 for the second command of one",
        )
    phase = next(p for p in phases if p.phase == name.upper())
    count = len(phase.commands) + len(phase.finally_commands)
    index = int(number) - 1 if number.isdecimal() else -1
    if not colon:
        index = 0
    if not 0 <= index < count:
        has = f"{count} command{'' if count == 1 else 's'}"
        raise UsageError(f"there is no '{text}': {phase.phase} has {has}")
    return phase.phase, index


def check_break(text: str, phases: Sequence[PhasePlan]) -> str:
    """Give ``text`` as plans hold it; raises ``UsageError`` for what can never come to pass."""
    if text.lower() == FAILURE:
        return FAILURE
    if not text.isdecimal():
        place_of(text, phases)
        return text.upper()
    lines = [line for p in phases for line in (*p.commands, *p.finally_commands)]
    if not any(_covers(line, int(text)) for line in lines):
        starts = dict.fromkeys(str(_first(line)) for line in lines)
        known = ", ".join(starts) or "none"
        raise UsageError(
            f"no command stands at line {text} of the buildspec",
            hint=f"commands begin at these: {known}",
        )
    return text


def breaks_before(plan: BuildPlan, phase: PhaseType, index: int, line: CommandLine) -> bool:
    """Say whether a build is to pause before this command."""
    for text in plan.break_on:
        if text.isdecimal():
            if _covers(line, int(text)):
                return True
        elif text in {f"{phase}:{index + 1}", phase if index == 0 else ""}:
            return True
    return False


def breaks_on_failure(plan: BuildPlan) -> bool:
    """Say whether a build is to pause behind a command that failed."""
    return FAILURE in plan.break_on


def _first(line: CommandLine) -> int:
    return int(line.where.rsplit(":", 2)[-2])


def _covers(line: CommandLine, number: int) -> bool:
    first = _first(line)
    return first <= number <= first + line.text.rstrip("\n").count("\n")
