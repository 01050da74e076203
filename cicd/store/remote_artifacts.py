"""Artifacts kept elsewhere, or sealed: fetched into a folder of plain zips when needed."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import Unavailable
from cicd.ports import KeptArtifact
from cicd.store.artifacts import ArtifactFiles, key_of
from cicd.store.sealing import is_sealed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.ports import Artifact, ArtifactFile, Bucket
    from cicd.store.sealing import Sealing


class RemoteArtifacts:
    """
    An ``ArtifactStore`` whose zips are objects of a bucket, by the names of their content.

    The folder is what this process works with; a bucket that has an object is not sent it again.
    """

    def __init__(self, folder: Path, bucket: Bucket, sealing: Sealing | None = None) -> None:
        """
        Keep zips in ``bucket``, sealed if there is a ``sealing``.

        Args:
            folder: For plain zips. Where they are sealed elsewhere, whoever makes this store
                removes it.
            bucket: Where they are kept.
            sealing: How they are sealed there; None: they are not. What was kept before the
                setting was changed is read all the same.
        """
        self._folder, self._bucket, self._sealing = folder, bucket, sealing
        self._plain = ArtifactFiles(folder)
        self._known: set[str] = set()

    def put(self, files: Iterable[ArtifactFile]) -> Artifact:
        """See ``ArtifactStore``."""
        return self._keep(self._plain.put(files))

    def put_zip(self, path: Path) -> Artifact:
        """See ``ArtifactStore``."""
        return self._keep(self._plain.put_zip(path))

    def find(self, digest: str) -> Artifact | None:
        """See ``ArtifactStore``; fetches it."""
        found = self._plain.find(digest)
        if found is None and digest.isalnum() and self._fetch(digest):
            found = self._plain.find(digest)
        return found

    def path(self, artifact: Artifact) -> Path:
        """See ``ArtifactStore``; fetches it."""
        self.find(artifact.digest)
        return self._plain.path(artifact)

    def unpack(self, artifact: Artifact, into: Path) -> None:
        """See ``ArtifactStore``; fetches it."""
        self.find(artifact.digest)
        self._plain.unpack(artifact, into)

    def kept(self) -> list[KeptArtifact]:
        """See ``ArtifactStore``: what is in the bucket."""
        found = [
            KeptArtifact(digest=name, size=each.size, kept_at=each.modified)
            for each in self._bucket.entries()
            if each.key == key_of(name := each.key.rpartition("/")[2].removesuffix(".zip"))
        ]
        return sorted(found, key=lambda each: each.kept_at)

    def remove(self, digest: str, *, unless_since: float) -> bool:
        """See ``ArtifactStore``: here and there."""
        key = key_of(digest)
        entries = self._bucket.entries(key) if digest.isalnum() else []
        if any(each.modified.timestamp() >= unless_since for each in entries):
            return False
        self._known.discard(digest)
        self._plain.remove(digest, unless_since=math.inf)
        for each in entries:
            self._bucket.delete(each.key)
        return True

    def _keep(self, artifact: Artifact) -> Artifact:
        key = key_of(artifact.digest)
        if artifact.digest in self._known or key in self._bucket.keys(key):
            self._known.add(artifact.digest)
            return artifact
        plain = self._plain.path(artifact)
        if self._sealing is None:
            self._bucket.write(key, plain)
        else:
            with tempfile.TemporaryDirectory(dir=self._folder) as place:
                sealed = Path(place, "sealed")
                self._sealing.seal(plain, sealed, artifact.digest)
                self._bucket.write(key, sealed)
        self._known.add(artifact.digest)
        return artifact

    def _fetch(self, digest: str) -> bool:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder) as place:
            fetched, plain = Path(place, "fetched"), Path(place, "plain")
            if not self._bucket.read(key_of(digest), fetched):
                return False
            if is_sealed(fetched):
                if self._sealing is None:
                    raise Unavailable(
                        f"the artifact {digest[:7]} in {self._bucket.place} is sealed",
                        hint='set artifact_encryption = "on" in .cicd/config.toml',
                    )
                self._sealing.open(fetched, plain, digest)
                fetched = plain
            if self._plain.put_zip(fetched).digest != digest:
                raise Unavailable(
                    f"the artifact {digest[:7]} in {self._bucket.place} is another than it was",
                    hint="run again what made it",
                )
        return True
