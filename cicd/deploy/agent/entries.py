"""The entries of a packed revision, one after another, each judged before it is given."""

from __future__ import annotations

import gzip
import io
import mmap
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Final, Protocol

from cicd.deploy.plan import BundleType
from cicd.engine.archive import Allowance, clean_path
from cicd.engine.zip_entries import EntryKind, judge_entries
from cicd.errors import UsageError
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

# What the two modules raise for damage, wherever it is met.
DAMAGE: Final = (
    *(tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError),
    RecursionError,  # of a tar: headers that announce headers that announce headers
)
_IN_ONE_PIECE: Final = 1 << 20  # bytes
_HEADERS: Final = 1 << 20  # bytes that the headers of one entry of a tar may have


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


@contextmanager
def opened(path: Path, kind: BundleType) -> Iterator[Iterator[Entry]]:
    """
    Give the entries of an archive, readable while inside; the one for the top itself is left out.

    The iterator raises ``UsageError`` for an entry that would leave the directory, is a device
    or the like, or exceeds what an archive of that size may hold; one of ``DAMAGE`` for damage.
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
    allowance = Allowance(archive_size=path.stat().st_size)
    # A gzip'd tar called "tar" works, a plain one called "tgz" does not.
    packed = kind is BundleType.TGZ or _begins(path, b"\x1f\x8b")
    with (
        gzip.open(path) if packed else path.open("rb") as file,
        _Metered(file) as metered,
        tarfile.open(fileobj=metered, mode="r:") as tarred,
    ):
        yield _of_tar(tarred, metered, allowance)


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


def _of_tar(archive: tarfile.TarFile, metered: _Metered, allowance: Allowance) -> Iterator[Entry]:
    while True:
        metered.left = _HEADERS
        member = archive.next()
        if member is None:
            return
        if member.size < 0:
            raise tarfile.ReadError(f"'{member.name}' has {member.size} bytes")
        allowance.take(member.size)
        if PurePosixPath(member.name).parts:
            yield _member(archive, member, metered)


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo, metered: _Metered) -> Entry:
    path = clean_path(member.name)

    def read() -> IO[bytes]:
        metered.left = member.size + _HEADERS
        file = archive.extractfile(member)
        if file is None:
            raise tarfile.ReadError(f"'{member.name}' has no content")
        return file

    if member.isdir():
        return Entry(path=path, kind=EntryKind.DIRECTORY, mode=member.mode)
    if member.issym():
        return Entry(path=path, kind=EntryKind.LINK, link=member.linkname)
    if member.islnk():
        return Entry(path=path, kind=EntryKind.FILE, link=clean_path(member.linkname))
    if not member.isreg():
        raise UsageError(f"'{path}' is a device, a pipe or a socket", hint="pack it again without")
    return Entry(
        path=path,
        kind=EntryKind.FILE,
        mode=stat.S_IMODE(member.mode),
        modified=float(member.mtime),
        owner=(member.uname, member.gname, member.uid, member.gid),
        open=read,
    )


class _Bytes(Protocol):
    """A file, decompressed on the way or not."""

    def read(self, size: int, /) -> bytes: ...
    def seek(self, offset: int, whence: int, /) -> int: ...
    def tell(self) -> int: ...


class _Metered(io.RawIOBase):
    """
    A tar's bytes, of which only ``left`` may be read: its headers alone could fill the memory.

    Going over content that nobody wants is not reading.
    """

    def __init__(self, file: _Bytes) -> None:
        self._file = file
        self.left = _HEADERS

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= self.left:
            raise tarfile.ReadError(f"an entry has more than {_HEADERS} bytes of headers")
        data = self._file.read(size)
        self.left -= len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()
