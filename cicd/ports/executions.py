"""The seam to the index of executions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from cicd.record import dataclass

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRecord:
    """One line of the index of executions."""

    stream: str  # "build/app:uuid", "deployment/d-ABCDEFGHI", "pipeline/uuid"
    kind: str  # "build", "deployment", "pipeline"
    name: str  # project, deployment group or pipeline
    status: str
    parent: str | None = None
    number: int = 0  # counts from 1 within kind and name
    created_at: datetime
    updated_at: datetime
    driver: str | None = None  # who drives it; None: nobody
    driven: bool = False  # the driver is alive


class ExecutionIndex(Protocol):
    """The index of executions: a cache over the log, but the only place that counts."""

    def submit(
        self, stream: str, *, kind: str, name: str, status: str, parent: str | None, at: datetime
    ) -> ExecutionRecord:
        """Enter a new execution and give it its number."""

    def submission(
        self, stream: str, *, kind: str, name: str, status: str, parent: str | None, at: datetime
    ) -> AbstractContextManager[ExecutionRecord]:
        """
        Enter a new execution together with the beginning of its stream.

        What this thread appends to the log inside is kept with the entry when the ``with`` ends,
        or neither is: no execution is in the index of which the log knows nothing.
        """

    def update(self, stream: str, status: str, at: datetime) -> None:
        """Note a new status."""

    def list(
        self, *, kind: str | None = None, name: str | None = None, limit: int | None = None
    ) -> list[ExecutionRecord]:
        """Give the newest first."""

    def find(self, kind: str, written: str) -> ExecutionRecord | None:
        """
        Find what people call an execution of ``kind``.

        Its id (the stream after its first "/"); else its number, without leading zeros; else a
        beginning of its id or of the UUID in it. Raises ``UsageError`` when several have it.
        """

    def drive(self, stream: str) -> AbstractContextManager[None]:
        """Be the one driver while inside; raises ``Conflict`` while another one lives."""
