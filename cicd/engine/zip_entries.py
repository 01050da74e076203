"""
Which entries of a zip may be unpacked, and as what. Pure: nothing is read but the directory.

A zip may come from anybody, so its names, kinds, links and sizes are judged before
a single byte is written.
"""

from __future__ import annotations

import stat
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from cicd.engine.archive import LINK_LENGTH, clean_path, same_place
from cicd.errors import UsageError
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cicd.engine.archive import Allowance

_UNIX = 3
_COMPRESSIONS = (0, 8)  # stored and deflated: every tool that makes bundles uses one of them


class EntryKind(StrEnum):
    """What an entry becomes."""

    FILE = "FILE"
    DIRECTORY = "DIRECTORY"
    LINK = "LINK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry that may be unpacked."""

    name: str  # in the zip
    path: str  # relative, "/"-separated, no "." or ".." in it
    kind: EntryKind
    mode: int  # permission bits, with set-user, set-group and sticky
    size: int


class Info(Protocol):
    """What ``zipfile.ZipInfo`` knows of an entry."""

    filename: str
    file_size: int
    external_attr: int
    create_system: int
    flag_bits: int
    header_offset: int
    compress_type: int


def judge_entries(infos: Iterable[Info], allowance: Allowance | None) -> tuple[Entry, ...]:
    """
    Give the entries in the order of the zip.

    Args:
        infos: What the zip's directory says.
        allowance: Is told of each entry; None for a zip that we made ourselves.

    Raises:
        UsageError: A name that would leave the directory, two entries in one place, a device,
            a password, or far more than a zip of that size honestly holds.

    """
    entries = tuple(_entry(info) for info in infos)
    if allowance is not None:
        for entry in entries:
            allowance.take(entry.size)
    _one_place_each(entries)
    return entries


def _entry(info: Info) -> Entry:
    path = clean_path(info.filename)
    if info.flag_bits & 0x1:
        raise UsageError(f"'{path}' needs a password", hint="pack it without one")
    if info.compress_type not in _COMPRESSIONS:
        raise UsageError(
            f"'{path}' is compressed in an unusual way", hint="pack it with deflate, or stored"
        )
    # zipfile would ask the system to seek there, and blame the system.
    if info.header_offset < 0:
        raise UsageError(f"'{path}' begins before the zip does", hint="make the zip again")
    # Only Unix writers put a mode there; anything else gets the usual one.
    mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
    kind = _kind(info.filename, mode, path)
    if kind is EntryKind.LINK and info.file_size > LINK_LENGTH:
        raise UsageError(f"'{path}' is a link of {info.file_size} bytes", hint="pack it again")
    usual = 0o755 if kind is EntryKind.DIRECTORY else 0o644
    return Entry(
        name=info.filename,
        path=path,
        kind=kind,
        mode=stat.S_IMODE(mode) or usual,
        size=info.file_size,
    )


def _kind(name: str, mode: int, path: str) -> EntryKind:
    match stat.S_IFMT(mode):
        case stat.S_IFLNK:
            return EntryKind.LINK
        case stat.S_IFDIR:
            return EntryKind.DIRECTORY
        case 0 | stat.S_IFREG:
            return EntryKind.DIRECTORY if name.endswith("/") else EntryKind.FILE
        case _:
            raise UsageError(
                f"'{path}' is a device, a pipe or a socket", hint="pack only files and links"
            )


def _one_place_each(entries: Sequence[Entry]) -> None:
    seen: dict[str, Entry] = {}
    folded: dict[str, Entry] = {}
    for entry in entries:
        again = seen.setdefault(entry.path, entry)
        both_directories = again.kind is entry.kind is EntryKind.DIRECTORY
        if again is not entry and not both_directories:
            raise UsageError(f"'{entry.path}' is in it twice", hint="pack it again")
        # Names that differ in case are two files to Linux, but a link must not be mistaken.
        twin = folded.setdefault(same_place(entry.path), entry)
        if twin.path != entry.path and EntryKind.LINK in (twin.kind, entry.kind):
            raise UsageError(
                f"'{entry.path}' and '{twin.path}' differ only in case, and one is a link",
                hint="rename one of them",
            )
    for entry in entries:
        parts = same_place(entry.path).split("/")
        for n in range(1, len(parts)):
            above = folded.get("/".join(parts[:n]))
            if above is None or above.kind is EntryKind.DIRECTORY:
                continue
            if above.kind is EntryKind.LINK or entry.path.startswith(above.path + "/"):
                raise UsageError(
                    f"'{entry.path}' lies below '{above.path}', which is no directory",
                    hint="pack it again",
                )
