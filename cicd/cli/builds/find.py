"""A build by its id, or the beginning of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import UsageError

if TYPE_CHECKING:
    from cicd.ports import Services


def find_build(services: Services, build_id: str) -> str:
    """Give a build's stream; raises ``UsageError`` for none, or for several."""
    record = services.executions.find("build", build_id)
    if record is None:
        raise UsageError(f"there is no build '{build_id}'", hint="see cicd builds list")
    return record.stream


def status_of(services: Services, stream: str) -> str:
    """Give a build's status as the index has it."""
    record = services.executions.find("build", stream.partition("/")[2])
    return record.status if record is not None else ""
