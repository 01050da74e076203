"""What Lambda refuses, in its own words: a code, a message, and a status of HTTP."""

from __future__ import annotations

from typing import Final

from cicd.errors import UsageError

_STATUS: Final = {
    "ResourceNotFoundException": 404,
    "ResourceConflictException": 409,
    "PreconditionFailedException": 412,
    "RequestTooLargeException": 413,
    "TooManyRequestsException": 429,
    "ServiceException": 500,
}


class FunctionRefused(UsageError):
    """A call that Lambda refuses. Source: Lambda API Reference, "Common errors" of each call."""

    def __init__(self, code: str, message: str, *, hint: str | None = None) -> None:
        """Take the exception's name and message, as AWS spells them."""
        super().__init__(f"{message} ({code})", hint=hint)
        self.code = code
        self.words = message

    @property
    def status(self) -> int:
        """Give the status of HTTP that the service answers with."""
        return _STATUS.get(self.code, 400)


def not_found(arn: str, hint: str | None = None) -> FunctionRefused:
    """Make the refusal of a function, version or alias that is not there."""
    return FunctionRefused("ResourceNotFoundException", f"Function not found: {arn}", hint=hint)


def invalid(message: str, hint: str | None = None) -> FunctionRefused:
    """Make the refusal of a value."""
    return FunctionRefused("InvalidParameterValueException", message, hint=hint)
