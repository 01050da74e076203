"""What the agent says when a lifecycle event cannot succeed."""

from __future__ import annotations

from enum import StrEnum


class LifecycleErrorCode(StrEnum):
    """Source: CodeDeploy API Reference, "Diagnostics"."""

    SUCCESS = "Success"
    SCRIPT_MISSING = "ScriptMissing"
    SCRIPT_NOT_EXECUTABLE = "ScriptNotExecutable"
    SCRIPT_TIMED_OUT = "ScriptTimedOut"
    SCRIPT_FAILED = "ScriptFailed"
    UNKNOWN_ERROR = "UnknownError"


class AgentFault(Exception):
    """
    A lifecycle event failed on an instance.

    It is a result, not one of our own exceptions:
    ``effects.py`` catches it and makes it the event's diagnostics.
    """

    def __init__(
        self,
        message: str,
        *,
        code: LifecycleErrorCode = LifecycleErrorCode.UNKNOWN_ERROR,
        script: str = "",
    ) -> None:
        """Keep what the diagnostics need."""
        super().__init__(message)
        self.message = message
        self.code = code
        self.script = script
