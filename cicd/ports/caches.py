"""The seam to the store of build caches."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cicd.record import dataclass

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEntry:
    """One cache, complete; its tree is never changed."""

    id: str
    scope: str  # what is looked up together: place, namespace, paths
    key: str  # "" for the one cache of a project
    name: str  # for people: whose it is
    created_at: datetime
    size: int  # bytes on the disk, if no other one had any of its files
    files: int
    tree: Path
    image: str = ""  # of the build that saved it, as the runner knows it


class CacheStore(Protocol):
    """Build caches; an entry is whole or not there."""

    def entries(self) -> list[CacheEntry]:
        """Give all, the newest first."""

    def measured(self) -> list[CacheEntry]:
        """
        Give all, the newest first, each with the bytes that no newer one has, too.

        That is what goes with it when all older ones have gone; together, what caches take.
        """

    def find(self, scope: str, prefix: str, *, exact: bool = True) -> CacheEntry | None:
        """Give the newest of ``scope`` whose key is, or only begins with, ``prefix``."""

    def writing(
        self, scope: str, key: str, name: str, *, image: str = ""
    ) -> AbstractContextManager[Path]:
        """Give an empty directory to fill; it becomes the entry when the block ends well."""

    def hold(self, entry: CacheEntry, session_id: str) -> None:
        """Keep an entry for as long as that session lives, which looks through its tree."""

    def held(self, session_id: str) -> CacheEntry | None:
        """Give what a session looks through."""

    def release(self, session_id: str) -> None:
        """Hold it no more, and let it go if a newer one has taken its place; safe twice."""

    def remove(self, entry: CacheEntry) -> bool:
        """Remove one; False: a living session looks through it."""
