"""
Zips by content: the same files give the same bytes, and so the same name.

Sorted, with one fixed time, with permission bits and symbolic links.
A zip appears under its name complete or not at all.
Zips are packed and read elsewhere, in what most runs never load.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from cicd.ports import Artifact, KeptArtifact
from cicd.store.disk import disk
from cicd.store.process_identity import is_alive, own_identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import BufferedRandom

    from cicd.ports import ArtifactFile

_PART = ".part"


class ArtifactFiles:
    """
    The ``ArtifactStore`` of the home; safe from any thread and from several processes.

    What a killed process left half-made is swept up by the next ``put``.
    """

    def __init__(self, directory: Path) -> None:
        """Keep the zips below ``directory``, which is made when first written to."""
        self._directory = directory
        self._lock = threading.Lock()
        self._swept = False

    def put(self, files: Iterable[ArtifactFile]) -> Artifact:
        """
        Pack and keep.

        Raises:
            UsageError: A path that could not be unpacked again (it would leave the directory,
                or is there twice), or a source that is no regular file.
            Unavailable: A full disk, or a source that cannot be read.

        """
        from cicd.store.packing import in_order, pack

        chosen = in_order(files)
        with self._writing() as (file, part):
            pack(chosen, file)
            return self._keep(file, part, len(chosen))

    def put_zip(self, path: Path) -> Artifact:
        """Keep a zip as it is; raises UsageError when it is not one, or is not there."""
        from cicd.store.packing import blocks
        from cicd.store.unpacking import count_files

        count = count_files(path)
        with self._writing() as (file, part):
            for block in blocks(path):
                file.write(block)
            return self._keep(file, part, count)

    def find(self, digest: str) -> Artifact | None:
        """Look one up by its full digest."""
        from cicd.store.unpacking import count_files

        path = self._path(digest)
        if not (digest.isalnum() and path.is_file()):
            return None
        return Artifact(digest=digest, size=path.stat().st_size, files=count_files(path))

    def path(self, artifact: Artifact) -> Path:
        """Say where the zip is."""
        return self._path(artifact.digest)

    def kept(self) -> list[KeptArtifact]:
        """List all zips, the oldest first."""
        found = []
        for path in self._directory.glob("??/*.zip"):
            with suppress(FileNotFoundError):  # somebody removes it meanwhile
                known = path.stat()
                at = datetime.fromtimestamp(known.st_mtime, UTC)
                found.append(KeptArtifact(digest=path.stem, size=known.st_size, kept_at=at))
        return sorted(found, key=lambda each: each.kept_at)

    def unpack(self, artifact: Artifact, into: Path) -> None:
        """Unpack into an empty directory, made if need be; see ``unpack_zip``."""
        from cicd.store.unpacking import unpack_zip

        unpack_zip(self._path(artifact.digest), into)

    def all(self) -> dict[str, Path]:
        """Give the digests of all artifacts, and where each is."""
        return {path.stem: path for path in self._directory.glob("??/*.zip")}

    def remove(self, digest: str, *, unless_since: float) -> bool:
        """
        Take an artifact away.

        Args:
            digest: Which; one that is gone already is no trouble.
            unless_since: Seconds since 1970: it stays, and False is given, if it was put later.
        """
        path = self._path(digest)
        if not (digest.isalnum() and path.exists()):
            return True
        with disk(path), self._held(fcntl.LOCK_EX):
            if not path.exists():
                return True
            if path.stat().st_mtime >= unless_since:
                return False
            path.unlink()
            return True

    @contextmanager
    def _held(self, how: int) -> Iterator[None]:
        """Keep others from removing what is put again (LOCK_SH), or from putting (LOCK_EX)."""
        number = os.open(self._directory, os.O_RDONLY)
        try:
            fcntl.flock(number, how)
            yield
        finally:
            os.close(number)

    def _path(self, digest: str) -> Path:
        return self._directory / key_of(digest)

    @contextmanager
    def _writing(self) -> Iterator[tuple[BufferedRandom, Path]]:
        with disk(self._directory):
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep()
            number, name = tempfile.mkstemp(
                prefix=f"{quote(own_identity(), safe='')}~", suffix=_PART, dir=self._directory
            )
            try:
                with os.fdopen(number, "w+b") as file:
                    yield file, Path(name)
            finally:
                Path(name).unlink(missing_ok=True)

    def _keep(self, file: BufferedRandom, part: Path, count: int) -> Artifact:
        file.flush()
        os.fsync(file.fileno())
        size = file.tell()
        file.seek(0)
        digest = file_digest(file, "sha256").hexdigest()
        path = self._path(digest)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with self._held(fcntl.LOCK_SH):
            if path.exists():
                os.utime(path)  # put again: as young as any
            else:
                part.rename(path)
                _settle(path.parent)
        return Artifact(digest=digest, size=size, files=count)

    def _sweep(self) -> None:
        with self._lock:
            if self._swept:
                return
            self._swept = True
        for path in self._directory.glob(f"*{_PART}"):
            if is_alive(unquote(path.name.partition("~")[0])) is False:
                path.unlink(missing_ok=True)


def key_of(digest: str) -> str:
    """Name a zip below the place of its store."""
    return f"{digest[:2]}/{digest}.zip"


def _settle(directory: Path) -> None:
    """Make a rename inside ``directory`` survive a power cut."""
    number = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
