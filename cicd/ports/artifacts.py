"""The seam to the store of artifacts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactFile:
    """One file to be put into an artifact."""

    path: str  # relative, "/"-separated
    source: Path  # where its bytes are
    mode: int = 0o644
    link: str | None = None  # a symbolic link with this text; ``source`` is then not read


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A zip in the store, named by its content."""

    digest: str  # sha256 of the zip, hexadecimal
    size: int  # bytes of the zip
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptArtifact:
    """A zip of the store, as a listing has it."""

    digest: str
    size: int  # bytes that it takes where it is kept
    kept_at: datetime  # aware, UTC


class ArtifactStore(Protocol):
    """Zips by content; the same files give the same digest."""

    def put(self, files: Iterable[ArtifactFile]) -> Artifact:
        """Pack and keep; atomic."""

    def put_zip(self, path: Path) -> Artifact:
        """Keep a zip as it is; raises UsageError when it is not one."""

    def find(self, digest: str) -> Artifact | None:
        """Look one up."""

    def path(self, artifact: Artifact) -> Path:
        """Say where the zip is, for readers."""

    def kept(self) -> list[KeptArtifact]:
        """List all, the oldest first."""

    def remove(self, digest: str, *, unless_since: float) -> bool:
        """Take one away; False: it stays, since it was put after ``unless_since`` (since 1970)."""

    def unpack(self, artifact: Artifact, into: Path) -> None:
        """Unpack; raises UsageError for an entry that would leave ``into``."""
