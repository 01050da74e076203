"""Why an event of a shift cannot succeed, with the deployment's code; and the outcome of that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.engine.process import Outcome, OutcomeStatus

if TYPE_CHECKING:
    from cicd.event import JSON
    from cicd.ports import CancelToken


LOST: Final = Outcome(
    status=OutcomeStatus.LOST,
    detail={"message": "nobody drove the deployment any more while this ran"},
)
"""What becomes of an event whose driver died, where it is not to be run again."""


class ShiftFault(Exception):
    """What an event cannot succeed for, with the deployment's code."""

    def __init__(self, code: str, message: str) -> None:
        """Take a code of ``errorInformation``, and the words for it."""
        super().__init__(message)
        self.code = code
        self.message = message


def outcome_of(fault: ShiftFault, cancel: CancelToken) -> Outcome:
    """Give the outcome of an event that a fault ended; a stop that was asked for is no failure."""
    detail: dict[str, JSON] = {
        "code": fault.code,
        "diagnostics": {
            "errorCode": "UnknownError",
            "scriptName": "",
            "message": fault.message,
            "logTail": "",
        },
    }
    stopped = cancel.reason not in (None, "TIMED_OUT")
    status = OutcomeStatus.CANCELLED if stopped else OutcomeStatus.FAILED
    return Outcome(status=status, detail=detail, reason=cancel.reason)
