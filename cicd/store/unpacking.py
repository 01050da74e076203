"""Unpacking a zip that anybody may have made, into a directory that it cannot leave."""

from __future__ import annotations

import os
import shutil
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cicd.engine.archive import Allowance, judge_links
from cicd.engine.zip_entries import EntryKind, judge_entries
from cicd.errors import UsageError
from cicd.store.disk import disk
from cicd.store.small_entries import is_small, small_entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cicd.engine.zip_entries import Entry

_BLOCK = 1 << 20
_TOGETHER = 64  # files that one worker writes, one after another
_AT_ONCE = 4
_MODES = 0o777  # set-user, set-group and sticky are nobody's to bring


def unpack_zip(path: Path, into: Path) -> None:
    """
    Unpack into ``into``, an empty directory, made if need be.

    All entries are judged before the first is written, files are made before links so that
    nothing is ever written through one, and whatever goes wrong leaves ``into`` empty again.

    Raises:
        UsageError: Not a zip, a damaged one, one that would leave ``into`` (see
            ``judge_entries`` and ``judge_links``), or ``into`` is not empty.
        Unavailable: A full disk and the like.

    """
    with opened_zip(path) as zipped:
        entries = judge_entries(zipped.infolist(), Allowance(archive_size=path.stat().st_size))
        links = {
            e.path: os.fsdecode(zipped.read(e.name)) for e in entries if e.kind is EntryKind.LINK
        }
        judge_links(links)
        with disk(into):
            into.mkdir(parents=True, exist_ok=True)
            if any(into.iterdir()):
                raise UsageError(f"{into} is not empty", hint="unpack into a fresh directory")
            try:
                _write(zipped, entries, links, into)
            except BaseException:
                _empty(into)
                raise


def count_files(path: Path) -> int:
    """Count what is no directory in a zip; raises ``UsageError`` for what is none."""
    with opened_zip(path) as zipped:
        return sum(not info.is_dir() for info in zipped.infolist())


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open for reading; raises UsageError, also for damage found later inside the ``with``."""
    if not path.is_file():
        raise UsageError(f"{path} is not there", hint="look at the path of the zip")
    try:
        with disk(path), zipfile.ZipFile(path) as zipped:
            yield zipped
    # All but the first are damage that zipfile meets where it does not expect any.
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        EOFError,
        OverflowError,
        ValueError,
        zlib.error,
    ) as error:
        raise UsageError(f"{path} is not a whole zip: {error}", hint="make it again") from error


def _write(
    zipped: zipfile.ZipFile, entries: tuple[Entry, ...], links: dict[str, str], into: Path
) -> None:
    directories, files = [], []
    made: set[Path] = set()
    for info, entry in zip(zipped.infolist(), entries, strict=True):
        target = into / entry.path
        if entry.kind is EntryKind.DIRECTORY:
            target.mkdir(parents=True, exist_ok=True)
            directories.append((target, entry.mode & _MODES | 0o700))
            continue
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        if entry.kind is EntryKind.FILE:
            files.append((info, entry, target))
    _write_files(zipped, files)
    for path, text in links.items():
        (into / path).symlink_to(text)
    # Last, since a directory without write permission takes no files.
    for directory, mode in directories:
        directory.chmod(mode)


def _write_files(
    zipped: zipfile.ZipFile, files: list[tuple[zipfile.ZipInfo, Entry, Path]]
) -> None:
    """Write files beside each other: zlib and the disk both let go of the interpreter."""
    from concurrent.futures import ThreadPoolExecutor

    parts = [files[at : at + _TOGETHER] for at in range(0, len(files), _TOGETHER)]
    if len(parts) < 2:
        _write_part(zipped, files)
        return
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        begun = [pool.submit(_write_part, zipped, part) for part in parts]
        try:
            for each in begun:
                each.result()
        finally:
            pool.shutdown(cancel_futures=True)  # and wait: whoever empties ``into`` is alone


def _write_part(zipped: zipfile.ZipFile, files: list[tuple[zipfile.ZipInfo, Entry, Path]]) -> None:
    for info, entry, target in files:
        with os.fdopen(_made(entry, target), "wb") as out:
            if is_small(info):
                out.write(small_entry(zipped, info))
            else:
                with zipped.open(info) as source:
                    shutil.copyfileobj(source, out, _BLOCK)
            os.fchmod(out.fileno(), entry.mode & _MODES)


def _made(entry: Entry, target: Path) -> int:
    try:
        return os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise UsageError(
            f"'{entry.path}' differs only in case from another entry, and this disk cannot tell"
            " them apart",
            hint="rename one of them",
        ) from None


def _empty(directory: Path) -> None:
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
