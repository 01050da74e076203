"""The seam to parameters and secrets."""

from __future__ import annotations

from typing import Protocol


class SecretSource(Protocol):
    """Values that must not be shown."""

    def parameter(self, name: str) -> str | None:
        """Value of a Parameter Store parameter; None: it does not exist."""

    def secret(self, reference: str) -> str | None:
        """Value behind ``id:json-key:version-stage:version-id``; None: it does not exist."""

    def parameter_place(self, name: str) -> str | None:
        """Say where a parameter's value comes from, for people; None: it does not exist."""

    def secret_place(self, reference: str) -> str | None:
        """Say where a secret's value comes from, whatever key of it; None: it does not exist."""

    def parameter_hint(self, name: str) -> str:
        """Say how a parameter that does not exist is given here."""

    def secret_hint(self, reference: str) -> str:
        """Say how a secret that does not exist is given here."""


class ParameterStore(Protocol):
    """Where parameters of this machine are kept; what is put there, builds look up."""

    def has(self, name: str) -> bool:
        """Tell whether there is a parameter of that name."""

    def put(self, name: str, value: str, *, kind: str, description: str = "") -> None:
        """Put a version of it, ``kind`` being String, StringList or SecureString; raises
        ``UsageError`` for what the service would refuse."""

    def remove(self, name: str) -> None:
        """Forget it; raises ``UsageError`` where there is none."""
