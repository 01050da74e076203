"""One entry of the ledger, as plans hold it."""

from __future__ import annotations

from enum import StrEnum

from cicd.record import dataclass


class Effect(StrEnum):
    """What a key does here, next to what it does on the service."""

    NONE = "NONE"
    APPROXIMATED = "APPROXIMATED"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One key of a document that does not do here what it does on the service."""

    where: str  # "buildspec.yml:12:3"
    key: str  # "proxy.logs"
    effect: Effect
    why: str

    def __str__(self) -> str:
        """Say it in a line."""
        effect = "no effect here" if self.effect is Effect.NONE else "approximated"
        return f"{self.where}  {self.key}  {effect}: {self.why}"
