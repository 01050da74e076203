"""The build, or the batch, that somebody means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import UsageError

if TYPE_CHECKING:
    from cicd.ports import Services

_WORDS = {  # what it is called, what lists them, what makes one
    "build": ("build", "cicd builds list", "cicd build"),
    "build-batch": ("batch", "cicd batches list", "cicd build --batch"),
}


def find_build(services: Services, written: str | None, kind: str = "build") -> str:
    """
    Give a stream by an id, the beginning of one, or a number; without one, the newest.

    Raises ``UsageError`` for none, or for several.
    """
    name, listed, made = _WORDS[kind]
    if written is None:
        newest = services.executions.list(kind=kind, limit=1)
        if not newest:
            raise UsageError(f"there is no {name} yet", hint=f"'{made}' makes one")
        return newest[0].stream
    record = services.executions.find(kind, written)
    if record is None:
        raise UsageError(f"there is no {name} '{written}'", hint=f"'{listed}' shows them")
    return record.stream


def status_of(services: Services, stream: str) -> str:
    """Give a build's status as the index has it."""
    record = services.executions.find("build", stream.partition("/")[2])
    return record.status if record is not None else ""
