"""How much variables may hold: what an action gives, and what its configuration becomes. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cicd.errors import UsageError
from cicd.pipeline.result import ActionResult, FailureType, failed

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_OUTPUT: Final = 122_880
"""Bytes of all output variables of one action. Source: API Reference, "PutJobSuccessResult"."""

MAX_RESOLVED: Final = 100 * 1024
"""
Bytes of an action's configuration, references replaced, and of a CommitMessage.

Source: CodePipeline User Guide, "Quotas in AWS CodePipeline".
"""

_FILE: Final = "hand on what is long as a file of an artifact"
_KEY: Final = re.compile(r"[A-Za-z0-9@\-_]+")


def wrong_key(variables: Mapping[str, str]) -> str | None:
    """Give the first name that an output variable cannot have; None: they all can."""
    return next((name for name in variables if _KEY.fullmatch(name) is None), None)


def bytes_of(values: Mapping[str, str]) -> int:
    """Count what names and values have together, as UTF-8."""
    return sum(len(name.encode()) + len(text.encode()) for name, text in values.items())


def refuse_long(configuration: Mapping[str, str]) -> None:
    """Raise ``UsageError`` for a configuration that is too long with its references replaced."""
    size = bytes_of(configuration)
    if size > MAX_RESOLVED:
        raise UsageError(
            f"the configuration has {size} bytes with its variables, and may have {MAX_RESOLVED}",
            hint=_FILE,
        )


def within_limits(result: ActionResult) -> ActionResult:
    """Give a result as it is, or the failure of an action whose variables hold too much."""
    size = bytes_of(result.variables)
    if size <= MAX_OUTPUT:
        return result
    return failed(
        FailureType.CONFIGURATION_ERROR,
        f"the output variables have {size} bytes together, and may have {MAX_OUTPUT}",
        hint=_FILE,
        external_id=result.external_execution_id,
    )
