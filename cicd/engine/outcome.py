"""What came of a command, whatever its effect did: an outcome to be written, and never a raise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.engine.codec import encode, encode_and_keep
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.errors import CicdError, Unavailable, refused_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.engine.process import Command, Scope
    from cicd.event import JSON


def outcome_of(work: Callable[[Command, Scope], Outcome], command: Command, scope: Scope) -> JSON:
    """Do the work of a command, and give its outcome as the log has it; a raise is a FAULT."""
    try:
        return _written(work(command, scope))
    except CicdError as problem:
        return encode(_fault(problem))
    except OSError as problem:
        return encode(_fault(_refusal(problem)))
    except BaseException as crash:  # noqa: BLE001  # no effect may kill the loop
        told = refused_path(crash) if isinstance(crash, RuntimeError) else None
        return encode(_crash(crash) if told is None else _fault(told))


def _written(outcome: Outcome) -> JSON:
    if not isinstance(outcome, Outcome):  # a plugin's mistake, which must not reach the log
        raise TypeError(f"{type(outcome)} is not an Outcome")
    return encode_and_keep(outcome)


def _fault(problem: CicdError) -> Outcome:
    detail: dict[str, JSON] = {
        "message": problem.message,
        "exception": type(problem).__name__,
        "exit_code": int(problem.exit_code),
    }
    if problem.hint is not None:
        detail["hint"] = problem.hint
    return Outcome(status=OutcomeStatus.FAULT, detail=detail)


def _refusal(problem: OSError) -> Unavailable:
    """Put what the system refused in words: a full disk is nobody's bug."""
    reason = problem.strerror or type(problem).__name__
    return Unavailable(f"{problem.filename}: {reason}" if problem.filename else reason)


def _crash(crash: BaseException) -> Outcome:
    """Say where it broke, but not in its own words: those may hold a secret."""
    import traceback

    return Outcome(
        status=OutcomeStatus.FAULT,
        detail={
            "message": f"a bug in cicd: {type(crash).__name__}",
            "exception": type(crash).__name__,
            "crash": "".join(traceback.format_tb(crash.__traceback__)),
        },
    )
