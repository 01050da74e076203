"""The entries of a revision that is a tar, whose headers alone could fill the memory."""

from __future__ import annotations

import io
import stat
import tarfile
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Final, Protocol

from cicd.deploy.agent.entries import Entry
from cicd.engine.archive import clean_path
from cicd.engine.zip_entries import EntryKind
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.engine.archive import Allowance

_HEADERS: Final = 1 << 20  # bytes that the headers of one entry may have


@contextmanager
def of(file: _Bytes, allowance: Allowance) -> Iterator[Iterator[Entry]]:
    """Give the entries of an open tar, decompressed on the way or not; see ``opened``."""
    with _Metered(file) as metered, tarfile.open(fileobj=metered, mode="r:") as tarred:
        yield _entries(tarred, metered, allowance)


def _entries(archive: tarfile.TarFile, metered: _Metered, allowance: Allowance) -> Iterator[Entry]:
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
