"""The seams to objects in buckets, and to images on this machine's engine."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from cicd.record import dataclass

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectEntry:
    """An object, as a listing has it."""

    key: str
    size: int  # bytes
    modified: datetime  # aware, UTC


class Bucket(Protocol):
    """Objects by their keys, as S3 has them: a folder of this machine, or something at a URL."""

    place: str  # where it is, for people; without a password

    def exists(self) -> bool:
        """Tell whether there is such a bucket."""

    def make(self) -> None:
        """Make it; safe when it is there."""

    def remove(self) -> None:
        """Remove it; raises ``Conflict`` while it holds objects, and is safe when it is gone."""

    def keys(self, prefix: str = "") -> list[str]:
        """Give all keys that begin with ``prefix``, sorted."""

    def entries(self, prefix: str = "") -> list[ObjectEntry]:
        """Give what ``keys`` gives, with sizes and times."""

    def delete(self, key: str) -> bool:
        """Remove an object; False: there is none of that key."""

    def read(self, key: str, into: Path) -> bool:
        """Copy an object into the file ``into``; False: there is none of that key."""

    def write(self, key: str, source: Path) -> None:
        """Put a file's content under a key, in place of what is there, all of it or nothing;
        raises ``UsageError`` for a key that would leave the bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalImage:
    """An image of this machine's engine."""

    id: str  # "sha256:…" of its configuration
    digests: tuple[str, ...] = ()  # "registry/name@sha256:…", where it was pushed or pulled
    tags: tuple[str, ...] = ()  # "registry/name:tag"
    size: int = 0  # bytes
    created: str = ""  # RFC 3339
