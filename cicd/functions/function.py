"""A function: its code and configuration, its published versions, its aliases. Pure."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Final

from cicd.account import ACCOUNT, REGION
from cicd.functions.refusal import not_found
from cicd.record import dataclass

LATEST: Final = "$LATEST"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionConfiguration:
    """What CreateFunction is told. ``runner`` is ours, where its instances run, and ``origin``."""

    runtime: str  # "python3.11", "nodejs20.x"
    handler: str
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: int = 3  # seconds, 1 to 900
    memory_size: int = 128  # MB, 128 to 10240
    description: str = ""
    runner: str = "host"  # "host", "sandbox", "docker"
    image: str = ""  # of its containers; "": the one that stands for the runtime
    origin: str = ""  # what it is made of and follows; "": somebody made it


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionVersion:
    """Code and configuration as they were at one moment; never changed once published."""

    version: str  # "1", or "$LATEST"
    code: str  # digest of the zip in the artifact store
    code_size: int  # bytes
    configuration: FunctionConfiguration
    last_modified: datetime
    description: str = ""

    @property
    def code_sha256(self) -> str:
        """Give the hash as the API does: base64."""
        return base64.b64encode(bytes.fromhex(self.code)).decode()

    @property
    def content(self) -> str:
        """Name code and configuration by what they hold."""
        held = self.configuration
        parts = (
            self.code,
            held.runtime,
            held.handler,
            sorted(held.environment.items()),
            held.timeout,
            held.memory_size,
            held.runner,
            *filter(None, (held.image,)),
        )
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A name for a version, or for two of them by weight."""

    name: str
    function_version: str
    additional: Mapping[str, float] = field(default_factory=dict)  # at most one; 0 < weight < 1
    description: str = ""
    revision: int = 1  # counts its changes

    @property
    def revision_id(self) -> str:
        """Give what UpdateAlias may be told to expect."""
        return str(self.revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function as it stands."""

    name: str
    latest: FunctionVersion
    versions: tuple[FunctionVersion, ...] = ()  # published, the oldest first
    aliases: Mapping[str, Alias] = field(default_factory=dict)
    counter: int = 0  # the number of the newest version; none is given twice

    def version(self, wanted: str) -> FunctionVersion:
        """Give a version by number, or ``$LATEST``; raises ``FunctionRefused``."""
        for each in (self.latest, *self.versions):
            if each.version == wanted:
                return each
        raise not_found(arn(self.name, wanted), self._hint())

    def alias(self, wanted: str) -> Alias:
        """Give an alias; raises ``FunctionRefused``."""
        found = self.aliases.get(wanted)
        if found is None:
            raise not_found(arn(self.name, wanted), self._hint())
        return found

    def _hint(self) -> str:
        there = [each.version for each in self.versions] + sorted(self.aliases)
        return f"there are: {', '.join(there)}" if there else f"cicd function publish {self.name}"


def arn(name: str, qualifier: str = "") -> str:
    """Name a function as AWS does."""
    tail = f":{qualifier}" if qualifier else ""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}{tail}"


def log_group(name: str) -> str:
    """Name the log group of a function."""
    return f"/aws/lambda/{name}"
