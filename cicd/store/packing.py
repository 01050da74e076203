"""Files → a zip that is the same for the same files."""

from __future__ import annotations

import os
import stat
import zipfile
from typing import TYPE_CHECKING

from cicd.engine.archive import clean_path, judge_links
from cicd.errors import UsageError
from cicd.store.disk import disk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from io import BufferedRandom
    from pathlib import Path

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
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as zipped:
        for path, each in chosen.items():
            _pack(zipped, path, each)


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
        for block in blocks(each.source):
            out.write(block)


def blocks(path: Path) -> Iterator[bytes]:
    """Read a regular file; what goes wrong with it is said about it, not about the store."""
    with disk(path):
        # A pipe would wait for a writer, a device never end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{path} is not a regular file", hint="leave it out")
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
