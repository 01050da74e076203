"""An environment variable of a build, as projects, calls and plans hold it."""

from __future__ import annotations

from enum import StrEnum

from cicd.record import dataclass


class VariableType(StrEnum):
    """Where a variable's value comes from. Source: API, ``EnvironmentVariableType``."""

    PLAINTEXT = "PLAINTEXT"
    PARAMETER_STORE = "PARAMETER_STORE"
    SECRETS_MANAGER = "SECRETS_MANAGER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """An environment variable; for the secret types ``value`` is a name or a reference."""

    name: str
    value: str
    type: VariableType = VariableType.PLAINTEXT
