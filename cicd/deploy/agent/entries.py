"""The entries of a packed revision, one after another, each judged before it is given."""

from __future__ import annotations

import gzip
import io
import mmap
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Final

from cicd.deploy.plan import BundleType
from cicd.engine.archive import Allowance
from cicd.engine.zip_entries import EntryKind, judge_entries
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

_IN_ONE_PIECE: Final = 1 << 20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a revision."""

    path: str  # relative, "/"-separated, no "." or ".." in it
    kind: EntryKind
    mode: int = 0o644
    modified: float = 0.0  # seconds since the epoch
    link: str = ""  # a link's text; of a file: the path of the entry it is one with
    owner: tuple[str, str, int, int] | None = None  # user and group, by name then by number
    open: Callable[[], IO[bytes]] | None = None


def damage() -> tuple[type[Exception], ...]:
    """Give what is raised for damage, wherever it is met: asked for when something is raised."""
    import tarfile

    return (
        *(tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError),
        RecursionError,  # of a tar: headers that announce headers that announce headers
    )


@contextmanager
def opened(path: Path, kind: BundleType) -> Iterator[Iterator[Entry]]:
    """
    Give the entries of an archive, readable while inside; the one for the top itself is left out.

    The iterator raises ``UsageError`` for an entry that would leave the directory, is a device
    or the like, or exceeds what an archive of that size may hold; one of ``damage()`` for damage.
    """
    if kind is BundleType.DIRECTORY:
        with (
            zipfile.ZipFile(path) as zipped,
            path.open("rb") as whole,
            mmap.mmap(whole.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            yield _of_zip(zipped, None, partial(_read, zipped, content))
        return
    if kind is BundleType.ZIP:
        with zipfile.ZipFile(path) as zipped:
            allowed = Allowance(archive_size=path.stat().st_size)
            yield _of_zip(zipped, allowed, zipped.open)
        return
    from cicd.deploy.agent import tar_entries

    allowance = Allowance(archive_size=path.stat().st_size)
    # A gzip'd tar called "tar" works, a plain one called "tgz" does not.
    packed = kind is BundleType.TGZ or _begins(path, b"\x1f\x8b")
    with (
        gzip.open(path) if packed else path.open("rb") as file,
        tar_entries.of(file, allowance) as entries,
    ):
        yield entries


def _begins(path: Path, start: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(start)) == start


def _read(archive: zipfile.ZipFile, content: mmap.mmap, info: zipfile.ZipInfo) -> IO[bytes]:
    """Read a small file of a zip of ours in one piece: for thousands zipfile's way is long."""
    if info.file_size > _IN_ONE_PIECE:
        return archive.open(info)
    begin = info.header_offset + 26
    name, extra = struct.unpack("<HH", content[begin : begin + 4])
    begin += 4 + name + extra
    data = content[begin : begin + info.compress_size]
    if info.compress_type == zipfile.ZIP_DEFLATED:
        data = zlib.decompress(data, -zlib.MAX_WBITS)
    if zlib.crc32(data) != info.CRC:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {info.filename!r}")
    return io.BytesIO(data)


def _of_zip(
    archive: zipfile.ZipFile,
    allowance: Allowance | None,
    read: Callable[[zipfile.ZipInfo], IO[bytes]],
) -> Iterator[Entry]:
    infos = [info for info in archive.infolist() if PurePosixPath(info.filename).parts]
    for info, entry in zip(infos, judge_entries(infos, allowance), strict=True):
        if entry.kind is EntryKind.LINK:
            text = archive.read(info).decode("utf-8", "surrogateescape")
            yield Entry(path=entry.path, kind=entry.kind, link=text)
            continue
        yield Entry(
            path=entry.path,
            kind=entry.kind,
            mode=entry.mode,
            # What we packed ourselves is given the time of its unpacking.
            modified=0.0 if allowance is None else time.mktime((*info.date_time, 0, 0, -1)),
            open=partial(read, info),
        )
