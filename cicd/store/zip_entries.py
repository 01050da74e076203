"""
Which entries of a zip may be unpacked, and as what. Pure: nothing is read but the directory.

A zip may come from anybody, so its names, kinds, links and sizes are judged before
a single byte is written.
"""

from __future__ import annotations

import re
import stat
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Deflate gives at most 1032 to 1, and text that people really pack seldom more than 50.
MAXIMUM_RATIO = 200
ALWAYS_ALLOWED = 1 << 30  # bytes unpacked that need no justification by the size of the zip
_LINK_STEPS = 40  # as many as Linux follows
_LINK_LENGTH = 4096  # bytes
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
    mode: int  # permission bits, without set-user, set-group and sticky
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


def judge_entries(infos: Iterable[Info], *, zip_size: int) -> tuple[Entry, ...]:
    """
    Give the entries in the order of the zip.

    Raises:
        UsageError: A name or link that would leave the directory, two entries in one place,
            a device, a password, or far more bytes than a zip of ``zip_size`` honestly holds.

    """
    entries = tuple(_entry(info) for info in infos)
    total = sum(entry.size for entry in entries)
    if total > max(ALWAYS_ALLOWED, MAXIMUM_RATIO * zip_size):
        raise UsageError(
            f"{total} bytes would come out of a zip of {zip_size}",
            hint=f"more than {MAXIMUM_RATIO} to 1 is taken for an attack on the disk",
        )
    _one_place_each(entries)
    return entries


def judge_links(links: Mapping[str, str]) -> None:
    """Refuse links (path → text) that lead out of the directory, also by way of each other."""
    for path, text in links.items():
        if not text or "\0" in text or len(text.encode("utf-8", "replace")) > _LINK_LENGTH:
            raise UsageError(f"'{path}' is a link to nothing", hint="pack it again without it")
        if not _stays_inside(path, links):
            raise UsageError(
                f"'{path}' is a link to '{text}', which is outside", hint="pack what it points to"
            )


def clean_path(name: str) -> str:
    """Give ``name`` without "." and doubled slashes; raises UsageError when it could escape."""
    # Backslashes separate names to Windows, and so to some tools on the way.
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if (
        not parts
        or name.startswith(("/", "\\"))
        or "\0" in name
        or ".." in re.split(r"[/\\]", name)
        or re.match(r"[A-Za-z]:", parts[0])
    ):
        raise UsageError(f"'{name}' would leave the directory", hint="pack relative paths only")
    return "/".join(parts)


def same_place(path: str) -> str:
    """Give what two paths have in common that some file systems cannot tell apart."""
    return unicodedata.normalize("NFC", path).casefold()


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
    usual = 0o755 if kind is EntryKind.DIRECTORY else 0o644
    return Entry(
        name=info.filename,
        path=path,
        kind=kind,
        mode=stat.S_IMODE(mode) & 0o777 or usual,
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


def _stays_inside(path: str, links: Mapping[str, str]) -> bool:
    here = path.split("/")[:-1]
    ahead = links[path].split("/")
    steps = 0
    if links[path].startswith("/"):
        return False
    while ahead:
        part = ahead.pop(0)
        if part in ("", "."):
            continue
        if part == "..":
            if not here:
                return False
            here.pop()
            continue
        here.append(part)
        target = links.get("/".join(here))
        if target is not None:
            steps += 1
            # A circle of links leads nowhere, so not outside either.
            if target.startswith("/"):
                return False
            if steps > _LINK_STEPS:
                return True
            here.pop()
            ahead = [*target.split("/"), *ahead]
    return True
