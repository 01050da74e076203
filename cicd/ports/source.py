"""The seam to where code comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cicd.record import dataclass

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What was fetched: all fields but ``id`` are "" where the source does not know them."""

    id: str  # commit id; "" for a directory outside git
    branch: str = ""
    tag: str = ""
    message: str = ""
    author: str = ""
    author_date: str = ""  # RFC 3339
    committer_date: str = ""
    url: str = ""  # clone URL, or the directory
    dirty: bool = False  # the working tree differs from ``id``


class Source(Protocol):
    """Where code comes from."""

    def describe(self) -> Revision:
        """Say what the source holds now, without fetching it."""

    def fetch(self, version: str | None, into: Path) -> Revision:
        """Put the files of ``version`` (commit, branch, tag; None: the default) into the empty
        directory ``into``; raises UsageError for an unknown version."""
