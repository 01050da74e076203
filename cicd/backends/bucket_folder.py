"""A folder of this machine as a bucket: an object's key is its path."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.engine.archive import clean_path
from cicd.errors import Conflict, Unavailable, UsageError
from cicd.ports import ObjectEntry

if TYPE_CHECKING:
    from collections.abc import Iterator


class FolderBucket:
    """Writes are whole or not there; what else stands in the folder are objects, too."""

    def __init__(self, place: str) -> None:
        """Take the folder, which need not be there."""
        self.place = place
        self._folder = Path(place)

    def exists(self) -> bool:
        """Tell whether the folder is there."""
        return self._folder.is_dir()

    def make(self) -> None:
        """Make the folder."""
        with self._speaking():
            self._folder.mkdir(parents=True, exist_ok=True)

    def remove(self) -> None:
        """Remove the folder, unless something is in it."""
        if self.keys():
            raise Conflict(
                f"the bucket at {self.place} is not empty",
                hint="empty it first, as S3 wants it, too",
            )
        shutil.rmtree(self._folder, ignore_errors=True)

    def keys(self, prefix: str = "") -> list[str]:
        """List files below the folder; links to directories are not entered."""
        found = []
        with self._speaking():
            for directory, _, files in os.walk(self._folder):
                for name in files:
                    key = (Path(directory) / name).relative_to(self._folder).as_posix()
                    if key.startswith(prefix):
                        found.append(key)
        return sorted(found)

    def entries(self, prefix: str = "") -> list[ObjectEntry]:
        """List files with what the folder knows of them."""
        found = []
        for key in self.keys(prefix):
            with suppress(FileNotFoundError):  # somebody removes it meanwhile
                known = (self._folder / key).stat()
                at = datetime.fromtimestamp(known.st_mtime, UTC)
                found.append(ObjectEntry(key=key, size=known.st_size, modified=at))
        return found

    def delete(self, key: str) -> bool:
        """Remove a file."""
        path = self._path(key)
        with self._speaking():
            if not path.is_file():
                return False
            path.unlink(missing_ok=True)
        return True

    def read(self, key: str, into: Path) -> bool:
        """Copy a file."""
        path = self._path(key)
        with self._speaking():
            if not path.is_file():
                return False
            shutil.copyfile(path, into)
        return True

    def write(self, key: str, source: Path) -> None:
        """Copy a file in, beside its place first."""
        path = self._path(key)
        with self._speaking():
            if path.is_dir():
                raise UsageError(
                    f"'{key}' is a folder in {self.place}, so no object can have that key",
                    hint="S3 could hold both; choose another key",
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            number, name = tempfile.mkstemp(prefix=".cicd-", dir=path.parent)
            part = Path(name)
            try:
                with os.fdopen(number, "wb") as file, source.open("rb") as content:
                    shutil.copyfileobj(content, file, 1 << 20)
                part.chmod(0o644)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / clean_path(key)

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unavailable(
                f"{error.filename or self.place} cannot be used: {error.strerror}",
                hint="look at that path and its permissions",
            ) from error
