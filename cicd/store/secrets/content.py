"""What the store holds: secrets and parameters with their versions, all but the values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from cicd.record import dataclass

CURRENT = "AWSCURRENT"
PREVIOUS = "AWSPREVIOUS"


class ParameterType(StrEnum):
    """Source: Systems Manager API Reference, ``PutParameter``."""

    STRING = "String"
    STRING_LIST = "StringList"
    SECURE_STRING = "SecureString"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretVersion:
    """One version of a secret."""

    id: str  # a UUID
    stages: tuple[str, ...]  # "AWSCURRENT"
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSecret:
    """A secret, its newest version last."""

    name: str
    suffix: str  # the six characters at the end of its ARN
    description: str
    created: datetime
    versions: tuple[SecretVersion, ...]

    def version(self, *, stage: str = "", id_: str = "") -> SecretVersion | None:
        """Find a version by its id, else by a stage."""
        if id_:
            return next((v for v in self.versions if v.id == id_), None)
        return next((v for v in self.versions if stage in v.stages), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterVersion:
    """One version of a parameter."""

    version: int  # counts from 1
    type: ParameterType
    modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredParameter:
    """A parameter, its newest version last."""

    name: str
    description: str
    versions: tuple[ParameterVersion, ...]

    def version(self, number: int | None = None) -> ParameterVersion | None:
        """Find a version by its number; the newest without one."""
        if number is None:
            return self.versions[-1]
        return next((v for v in self.versions if v.version == number), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All of it. ``values`` are the only part that is encrypted."""

    secrets: Mapping[str, StoredSecret] = field(default_factory=dict)
    parameters: Mapping[str, StoredParameter] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    def secret_value(self, version: SecretVersion) -> str:
        """Give the value of a version."""
        return self.values[f"secret:{version.id}"]

    def parameter_value(self, name: str, version: ParameterVersion) -> str:
        """Give the value of a version."""
        return self.values[f"parameter:{name}:{version.version}"]
