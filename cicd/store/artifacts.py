"""
Zips by content: the same files give the same bytes, and so the same name.

Sorted, with one fixed time, with permission bits and symbolic links.
A zip appears under its name complete or not at all.
"""

from __future__ import annotations

import os
import stat
import tempfile
import threading
import zipfile
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from cicd.engine.archive import clean_path, judge_links
from cicd.errors import UsageError
from cicd.ports import Artifact
from cicd.store.disk import disk
from cicd.store.process_identity import is_alive, own_identity
from cicd.store.unpacking import opened_zip, unpack_zip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import BufferedRandom

    from cicd.ports import ArtifactFile

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say
_UNIX = 3
_BLOCK = 1 << 20
_LARGE = 1 << 30  # bytes from which on zip64 fields are reserved: a file may grow while read
_LEVEL = 1  # on sources: three times as fast as 6, and a quarter larger
_PACKED = (  # endings of files that do not get smaller
    *("7z", "br", "bz2", "gz", "tgz", "xz", "zip", "zst", "jar", "war", "whl"),
    *("gif", "jpeg", "jpg", "mp4", "png", "webp", "woff2"),
)
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
        chosen = _in_order(files)
        with self._writing() as (file, part):
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as zipped:
                for path, each in chosen.items():
                    _pack(zipped, path, each)
            return self._keep(file, part, len(chosen))

    def put_zip(self, path: Path) -> Artifact:
        """Keep a zip as it is; raises UsageError when it is not one, or is not there."""
        count = _count(path)
        with self._writing() as (file, part):
            for block in _blocks(path):
                file.write(block)
            return self._keep(file, part, count)

    def find(self, digest: str) -> Artifact | None:
        """Look one up by its full digest."""
        path = self._path(digest)
        if not (digest.isalnum() and path.is_file()):
            return None
        return Artifact(digest=digest, size=path.stat().st_size, files=_count(path))

    def path(self, artifact: Artifact) -> Path:
        """Say where the zip is."""
        return self._path(artifact.digest)

    def unpack(self, artifact: Artifact, into: Path) -> None:
        """Unpack into an empty directory, made if need be; see ``unpack_zip``."""
        unpack_zip(self._path(artifact.digest), into)

    def _path(self, digest: str) -> Path:
        return self._directory / digest[:2] / f"{digest}.zip"

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
        if not path.exists():
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


def _settle(directory: Path) -> None:
    """Make a rename inside ``directory`` survive a power cut."""
    number = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _in_order(files: Iterable[ArtifactFile]) -> dict[str, ArtifactFile]:
    chosen: dict[str, ArtifactFile] = {}
    for each in files:
        path = clean_path(each.path)
        if path in chosen:
            raise UsageError(f"'{path}' is to be packed twice", hint="choose one of the two")
        if not _is_unicode(path):
            raise UsageError(
                f"{path!r} is not UTF-8, so no zip can hold it", hint="rename that file"
            )
        chosen[path] = each
    judge_links({path: each.link for path, each in chosen.items() if each.link is not None})
    return dict(sorted(chosen.items()))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _pack(zipped: zipfile.ZipFile, path: str, each: ArtifactFile) -> None:
    info = zipfile.ZipInfo(path, _FIXED_TIME)
    info.create_system = _UNIX
    if each.link is not None:
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        zipped.writestr(info, os.fsencode(each.link))
        return
    info.external_attr = (stat.S_IFREG | each.mode & 0o777) << 16
    suffix = path.rpartition("/")[2].rpartition(".")[2].lower()
    info.compress_type = zipfile.ZIP_STORED if suffix in _PACKED else zipfile.ZIP_DEFLATED
    with disk(each.source):
        size = each.source.stat().st_size
    with zipped.open(info, "w", force_zip64=size >= _LARGE) as out:
        for block in _blocks(each.source):
            out.write(block)


def _blocks(path: Path) -> Iterator[bytes]:
    """Read a regular file; what goes wrong with it is said about it, not about the store."""
    with disk(path):
        # A pipe would wait for a writer, a device never end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{path} is not a regular file", hint="leave it out")
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block


def _count(path: Path) -> int:
    with opened_zip(path) as zipped:
        return sum(not info.is_dir() for info in zipped.infolist())
