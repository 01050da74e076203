"""Something at a URL as a bucket: whatever ``fsspec`` can speak to, which is an extra."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from datetime import UTC
from typing import TYPE_CHECKING, Any

from cicd.engine.archive import clean_path
from cicd.errors import Conflict, Unavailable
from cicd.ports import ObjectEntry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class UrlBucket:
    """The only importer of ``fsspec``; its own settings say how to log in."""

    def __init__(self, url: str) -> None:
        """Raises ``Unavailable`` where ``fsspec``, or what it needs for this URL, is missing."""
        try:
            import fsspec
        except ImportError:
            raise Unavailable(
                f"{_shown(url)} cannot be reached: fsspec is not installed",
                hint="pip install 'cicd[objects]'",
            ) from None
        self.place = _shown(url)
        self._login = _login(url)
        try:
            self._files, path = fsspec.core.url_to_fs(url, **_options(url))
        except (ImportError, ValueError) as reason:
            raise Unavailable(
                f"{self.place} cannot be reached: {self._without_login(reason)}",
                hint="pip install what fsspec needs for it: 'cicd[s3]' for s3://, gcsfs for gs://",
            ) from None
        self._root = str(path).rstrip("/")

    def exists(self) -> bool:
        """Tell whether the place is there."""
        with self._speaking():
            return bool(self._files.exists(self._root))

    def make(self) -> None:
        """Make the place."""
        with self._speaking():
            self._files.makedirs(self._root, exist_ok=True)

    def remove(self) -> None:
        """Remove the place, unless something is in it."""
        if self.keys():
            raise Conflict(
                f"the bucket at {self.place} is not empty",
                hint="empty it first, as S3 wants it, too",
            )
        with self._speaking():
            if self._files.exists(self._root):
                self._files.rm(self._root, recursive=True)

    def keys(self, prefix: str = "") -> list[str]:
        """List all files below the place."""
        return sorted(self._found(prefix))

    def entries(self, prefix: str = "") -> list[ObjectEntry]:
        """List files with what a listing of the place knows of them."""
        found = []
        for key, info in sorted(self._found(prefix).items()):
            with self._speaking():
                at = info.get("LastModified") or self._files.modified(self._path(key))
            at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
            size = int(info.get("size") or 0)
            found.append(ObjectEntry(key=key, size=size, modified=at.astimezone(UTC)))
        return found

    def _found(self, prefix: str) -> dict[str, Any]:
        """Look below the folder that a prefix names: a place may hold many more."""
        folder = prefix.rpartition("/")[0]
        found: dict[str, Any] = {}
        with self._speaking(), suppress(FileNotFoundError):  # there is no such bucket
            self._files.invalidate_cache()
            top = self._path(folder) if folder else self._root
            found = self._files.find(top, detail=True)
        keys = {path.removeprefix(self._root).lstrip("/"): info for path, info in found.items()}
        return {key: info for key, info in keys.items() if key.startswith(prefix)}

    def delete(self, key: str) -> bool:
        """Remove a file."""
        path = self._path(key)
        with self._speaking():
            self._files.invalidate_cache()
            if not self._files.isfile(path):
                return False
            self._files.rm_file(path)
        return True

    def read(self, key: str, into: Path) -> bool:
        """Fetch a file."""
        path = self._path(key)
        with self._speaking():
            self._files.invalidate_cache()
            if not self._files.isfile(path):
                return False
            self._files.get_file(path, str(into))
        return True

    def write(self, key: str, source: Path) -> None:
        """Put a file."""
        path = self._path(key)
        with self._speaking():
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._files.put_file(str(source), path)

    def _path(self, key: str) -> str:
        return f"{self._root}/{clean_path(key)}"

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        # Each implementation raises what its own client raises; all of it means the same here.
        try:
            yield
        except Exception as error:
            raise Unavailable(
                f"{self.place} cannot be used: {self._without_login(error)}",
                hint="look at the URL, and at what its client needs to log in",
            ) from error

    def _without_login(self, error: Exception) -> str:
        # Clients repeat what they were given.
        text = str(error) or type(error).__name__
        return text.replace(self._login, "***") if self._login else text


def _options(url: str) -> dict[str, Any]:
    # s3fs works in the region that boto knows, but makes buckets only in the one it is told;
    # that of us-east-1 must not be told.
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if url.startswith("s3") and region not in (None, "us-east-1"):
        return {"client_kwargs": {"region_name": region}}
    return {}


def _shown(url: str) -> str:
    before, found, rest = url.partition("://")
    return f"{before}{found}{rest.rpartition('@')[2]}"


def _login(url: str) -> str:
    return url.partition("://")[2].rpartition("@")[0]
