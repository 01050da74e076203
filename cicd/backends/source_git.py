"""Committed code of a git repository on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.repos.find import open_repository

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.ports import Revision


class GitSource:
    """
    The ``Source`` of committed files: what is not committed is not seen.

    A directory below the top of its repository is a source of its own:
    only its files are fetched, and they stand at the top of what is fetched.
    """

    def __init__(self, path: Path) -> None:
        """Name a directory in a repository; it is looked at when first asked."""
        self._path = path

    def describe(self) -> Revision:
        """Say what ``HEAD`` is; ``dirty`` tells that a fetch would leave something out."""
        return open_repository(self._path).describe()

    def fetch(self, version: str | None, into: Path) -> Revision:
        """Write the files of ``version`` (None: ``HEAD``) into ``into``, without ``.git``."""
        return open_repository(self._path).export(version, into)
