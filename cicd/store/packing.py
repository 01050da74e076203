"""Files → a zip that is the same for the same files."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections import deque
from typing import TYPE_CHECKING, TypeAlias

from cicd.engine.archive import clean_path, judge_links
from cicd.errors import Unavailable, UsageError
from cicd.store.disk import disk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from concurrent.futures import Future
    from io import BufferedRandom
    from pathlib import Path

    from cicd.ports import ArtifactFile

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say
_UNIX = 3
_BLOCK = 1 << 20
_TOGETHER = 1 << 20  # bytes that are compressed at once, beside others
_AHEAD = 16  # how many such may wait in memory to be written
_LARGE = 1 << 30  # bytes from which on zip64 fields are reserved: a file may grow while read
_LEVEL = 1  # on sources: three times as fast as 6, and a quarter larger
_PACKED = (  # endings of files that do not get smaller
    *("7z", "br", "bz2", "gz", "tgz", "xz", "zip", "zst", "jar", "war", "whl"),
    *("gif", "jpeg", "jpg", "mp4", "png", "webp", "woff2"),
)

_Packed: TypeAlias = tuple[zipfile.ZipInfo, bytes]  # and its data, compressed


def in_order(files: Iterable[ArtifactFile]) -> dict[str, ArtifactFile]:
    """Give files by the paths they will have, sorted; raises ``UsageError`` for a bad path."""
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


def pack(chosen: Mapping[str, ArtifactFile], file: BufferedRandom) -> None:
    """Write a zip of files by their paths; raises ``Unavailable`` for one that cannot be read."""
    from concurrent.futures import ThreadPoolExecutor

    # zlib lets go of the interpreter, so small files are compressed beside each other;
    # they are written in order, so the bytes are the same whoever was first.
    with (
        ThreadPoolExecutor(os.cpu_count() or 1) as pool,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as zipped,
    ):
        waiting: deque[Future[list[_Packed]] | tuple[str, ArtifactFile]] = deque()
        try:
            for task in _tasks(chosen):
                waiting.append(pool.submit(_compress, task) if isinstance(task, list) else task)
                if len(waiting) >= _AHEAD:
                    _write(zipped, waiting.popleft())
            while waiting:
                _write(zipped, waiting.popleft())
        finally:
            pool.shutdown(cancel_futures=True)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _tasks(
    chosen: Mapping[str, ArtifactFile],
) -> Iterator[list[tuple[str, ArtifactFile]] | tuple[str, ArtifactFile]]:
    """Part files, in order, into lists of small ones, and single large ones."""
    together: list[tuple[str, ArtifactFile]] = []
    size = 0
    for path, each in chosen.items():
        here = 0
        if each.link is None:
            with disk(each.source):
                here = os.stat(each.source).st_size  # noqa: PTH116 - there are many
        if together and (size + here > _TOGETHER or here > _TOGETHER):
            yield together
            together, size = [], 0
        if here > _TOGETHER:
            yield path, each
        else:
            together.append((path, each))
            size += here
    if together:
        yield together


def _write(
    zipped: zipfile.ZipFile, made: Future[list[_Packed]] | tuple[str, ArtifactFile]
) -> None:
    if isinstance(made, tuple):
        _stream(zipped, *made)
        return
    assert zipped.fp is not None, "it is open"
    for info, data in made.result():
        info.header_offset = zipped.start_dir
        zipped.fp.seek(zipped.start_dir)
        zipped.fp.write(info.FileHeader(zip64=False))
        zipped.fp.write(data)
        zipped.start_dir = zipped.fp.tell()
        zipped.filelist.append(info)


def _compress(files: list[tuple[str, ArtifactFile]]) -> list[_Packed]:
    made = []
    for path, each in files:
        info = _info(path, each)
        data = _whole(each.source) if each.link is None else os.fsencode(each.link)
        info.CRC, info.file_size = zlib.crc32(data), len(data)
        if info.compress_type == zipfile.ZIP_DEFLATED:
            press = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
            data = press.compress(data) + press.flush()
        info.compress_size = len(data)
        made.append((info, data))
    return made


def _whole(path: Path) -> bytes:
    """Read a small regular file, as ``blocks`` does."""
    with disk(path):
        size = _size_of_regular(path) + 1  # one more: a file may have grown
        number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            found = []
            while block := os.read(number, size):
                found.append(block)
                size = _BLOCK
            return b"".join(found)
        finally:
            os.close(number)


def _stream(zipped: zipfile.ZipFile, path: str, each: ArtifactFile) -> None:
    """Write a file block by block; its header, which tells the sizes, once more at the end."""
    with disk(each.source):
        zip64 = each.source.stat().st_size >= _LARGE
    file, info = zipped.fp, _info(path, each)
    assert file is not None, "it is open"
    info.header_offset, info.CRC, info.compress_size = zipped.start_dir, 0, 0
    file.seek(zipped.start_dir)
    file.write(info.FileHeader(zip64=zip64))
    begin = file.tell()
    press = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    deflated = info.compress_type == zipfile.ZIP_DEFLATED
    for block in blocks(each.source):
        info.CRC = zlib.crc32(block, info.CRC)
        info.file_size += len(block)
        file.write(press.compress(block) if deflated else block)
    if deflated:
        file.write(press.flush())
    zipped.start_dir = file.tell()
    info.compress_size = zipped.start_dir - begin
    if not zip64 and max(info.file_size, info.compress_size) > zipfile.ZIP64_LIMIT:
        raise Unavailable(f"{each.source} grew while it was read", hint="pack it once it is whole")
    file.seek(info.header_offset)
    file.write(info.FileHeader(zip64=zip64))
    zipped.filelist.append(info)


def _info(path: str, each: ArtifactFile) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path, _FIXED_TIME)
    info.create_system = _UNIX
    if each.link is not None:
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        return info
    info.external_attr = (stat.S_IFREG | each.mode & 0o777) << 16
    suffix = path.rpartition("/")[2].rpartition(".")[2].lower()
    info.compress_type = zipfile.ZIP_STORED if suffix in _PACKED else zipfile.ZIP_DEFLATED
    return info


def blocks(path: Path) -> Iterator[bytes]:
    """Read a regular file; what goes wrong with it is said about it, not about the store."""
    with disk(path):
        _size_of_regular(path)
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block


def _size_of_regular(path: Path) -> int:
    """Give a file's size; raises ``UsageError`` for what is no regular file."""
    status = os.stat(path)  # noqa: PTH116 - there are tens of thousands of them
    # A pipe would wait for a writer, a device never end.
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(f"{path} is not a regular file", hint="leave it out")
    return status.st_size
