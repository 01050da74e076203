"""An error of a state, as ``Retry`` and ``Catch`` see it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.states.machine import ErrorName

if TYPE_CHECKING:
    from collections.abc import Iterable


class StateFailure(Exception):
    """Work that did not succeed: the name of its error, and its cause."""

    def __init__(self, error: str, cause: str) -> None:
        """Take both, as the service has them."""
        super().__init__(f"{error}: {cause}" if cause else error)
        self.error = error
        self.cause = cause


class NotHere(ValueError):
    """What the language has, and nothing here carries out."""


def runtime(cause: str) -> StateFailure:
    """Make the error of input that a state cannot work with."""
    return StateFailure(ErrorName.RUNTIME, cause)


def matches(wanted: Iterable[str], error: str, *, of_branches: bool) -> bool:
    """
    Tell whether one of ``ErrorEquals`` means an error.

    Source: Step Functions Developer Guide, "Handling errors in Step Functions workflows":
    ``States.ALL`` is no ``States.DataLimitExceeded`` and no ``States.Runtime``, and
    ``States.TaskFailed`` is anything but ``States.Timeout``.
    Local rule: an error that a branch ended with is also ``States.BranchFailed``.
    """
    terminal = error in (ErrorName.RUNTIME, ErrorName.DATA_LIMIT)
    for name in wanted:
        if name == error:
            return True
        if name == ErrorName.ALL and not terminal:
            return True
        if name == ErrorName.TASK_FAILED and not terminal and error != ErrorName.TIMEOUT:
            return True
        if name == ErrorName.BRANCH_FAILED and of_branches:
            return True
    return False
