"""An operation whose refusals carry the names that the service has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.backends.endpoint.call import CallRefused
from cicd.backends.endpoint.times import on_the_wire
from cicd.errors import DocumentError, Unavailable, UsageError
from cicd.functions.refusal import FunctionRefused
from cicd.observe.call import error_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.backends.endpoint.call import Operation, Served
    from cicd.event import JSON


def said(
    operation: Operation,
    *,
    invalid: str = "ValidationException",
    wrong: str = "InvalidStructureException",
    lacking: str = "ServiceException",
) -> Operation:
    """
    Give an operation that refuses by name, and whose times are numbers.

    Args:
        operation: It.
        invalid: The exception of a field that is missing, or not what it must be.
        wrong: The exception where a document of the repository is wrong.
        lacking: The exception where this machine lacks something; never 500, which SDKs ask
            again and again.

    """

    def call(served: Served, fields: Mapping[str, JSON]) -> JSON:
        try:
            return on_the_wire(operation(served, fields))
        except FunctionRefused as refusal:  # of a field that is missing
            raise CallRefused(invalid, refusal.words) from None
        except UsageError as refusal:
            code = error_code(refusal)
            raise CallRefused(code, refusal.message.removesuffix(f" ({code})")) from None
        except Unavailable as reason:
            raise CallRefused(lacking, reason.message) from None
        except DocumentError as problem:
            raise CallRefused(wrong, problem.message) from None

    return call
