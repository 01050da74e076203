"""Packed revisions: told apart, looked into, and unpacked so that nothing escapes."""

from __future__ import annotations

import os
import shutil
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from cicd.deploy.agent.entries import DAMAGE, opened
from cicd.deploy.agent.fault import AgentFault
from cicd.deploy.plan import BundleType
from cicd.engine.zip_entries import EntryKind
from cicd.errors import Unavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.deploy.agent.entries import Entry

_LARGEST_DOCUMENT: Final = 2 * 1024 * 1024  # bytes; document/load.py refuses half of that


def bundle_type(path: Path) -> BundleType:
    """
    Tell what a revision is packed as, by what it holds and not by its name.

    Raises:
        UsageError: There is nothing, or nothing we know.

    """
    if path.is_dir():
        return BundleType.DIRECTORY
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except FileNotFoundError:
        raise UsageError(
            f"the revision '{path}' does not exist",
            hint="name a directory, or a zip, tar or tgz file",
        ) from None
    except OSError as reason:
        raise Unavailable(f"the revision '{path}' cannot be read: {reason.strerror}") from reason
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return BundleType.ZIP
    if start[:2] == b"\x1f\x8b":
        return BundleType.TGZ
    if start[257:262] == b"ustar":
        return BundleType.TAR
    raise UsageError(
        f"the revision '{path}' is neither a directory nor a zip, tar or tgz file",
        hint="pack it with zip or tar, or name the directory itself",
    )


def names(path: Path, kind: BundleType) -> dict[str, Entry]:
    """List what an archive holds, by path as it will be on the instance."""
    with _opened_for_reading(path, kind) as entries:
        listed = {entry.path: entry for entry in entries}
    inner = _only_directory(listed)
    if inner is None:
        return listed
    return {name.removeprefix(inner + "/"): entry for name, entry in listed.items()}


def read(path: Path, kind: BundleType, name: str) -> bytes | None:
    """Read one file out of an archive; None: it is not there."""
    with _opened_for_reading(path, kind) as entries:
        listed = {entry.path: entry for entry in entries}
        inner = _only_directory(listed)
        entry = listed.get(f"{inner}/{name}" if inner else name)
        if entry is None or entry.open is None:
            return None
        with entry.open() as file:
            return file.read(_LARGEST_DOCUMENT)


@contextmanager
def _opened_for_reading(path: Path, kind: BundleType) -> Iterator[Iterator[Entry]]:
    """Open a revision that was not deployed yet: here damage is the caller's mistake."""
    try:
        with opened(path, kind) as entries:
            yield entries
    except DAMAGE as reason:
        raise UsageError(
            f"the revision '{path}' cannot be unpacked: {reason}", hint="pack it again"
        ) from reason


def _only_directory(listed: dict[str, Entry]) -> str | None:
    tops = {name.partition("/")[0] for name in listed}
    if len(tops) != 1:
        return None
    (top,) = tops
    children = [PurePosixPath(name) for name in listed]
    holds = any(len(path.parts) == 2 and "appspec" in path.parts[1].lower() for path in children)
    return top if holds else None


def unpack(path: Path, kind: BundleType, into: Path) -> None:
    """
    Unpack a revision into the new directory ``into``, as the agent does.

    A tar keeps owners where we are root; a zip and a directory do not.
    A single top directory that holds an AppSpec is taken away, but never from a directory.

    Raises:
        AgentFault: It is damaged, of another type, holds more than it may, or an entry leads
            out of ``into``.

    Source: the agent's behaviour, "DownloadBundle".
    """
    into.mkdir(parents=True)
    later: list[tuple[Path, int]] = []
    try:
        with opened(path, kind) as entries:
            for entry in entries:
                place = into / entry.path
                _write(into, place, entry)
                if entry.kind is EntryKind.DIRECTORY:
                    later.append((place, entry.mode))
    except UsageError as refused:
        raise AgentFault(f"The revision cannot be unpacked: {refused.message}") from refused
    except zipfile.BadZipFile as reason:
        raise AgentFault(f"Zip end of central directory signature not found: {reason}") from reason
    except DAMAGE as reason:
        raise AgentFault(f"Error extracting tar archive: 2 ({reason})") from reason
    # Last and deepest first, or a read-only directory could not be filled.
    for place, mode in reversed(later):
        place.chmod(mode & 0o7777 | 0o700)
    if kind is not BundleType.DIRECTORY:
        _strip(into)


def _strip(into: Path) -> None:
    inside = list(into.iterdir())
    if len(inside) != 1 or inside[0].is_symlink() or not inside[0].is_dir():
        return
    if any("appspec" in child.name.lower() for child in inside[0].iterdir()):
        aside = into.with_name(into.name + "-nested")
        inside[0].rename(aside)
        into.rmdir()
        aside.rename(into)


def _write(into: Path, place: Path, entry: Entry) -> None:
    parent = place.parent
    if _through_link(into, place):
        raise AgentFault(f"the entry '{entry.path}' of the revision goes through a link")
    parent.mkdir(parents=True, exist_ok=True)
    if entry.kind is EntryKind.DIRECTORY and place.is_dir() and not place.is_symlink():
        return
    if place.is_symlink() or place.is_file():
        place.unlink()
    elif place.is_dir():
        raise AgentFault(f"the entry '{entry.path}' of the revision is there twice")
    match entry.kind:
        case EntryKind.DIRECTORY:
            place.mkdir()
        case EntryKind.LINK:
            place.symlink_to(entry.link)
        case EntryKind.FILE if entry.open is None:
            _join(into, place, entry)
        case EntryKind.FILE:
            with entry.open() as source, place.open("xb") as file:
                shutil.copyfileobj(source, file, 1024 * 1024)
            _own(place, entry)
            place.chmod(entry.mode & 0o7777)
            if entry.modified:
                with suppress(OverflowError):  # a time beyond what the system can say
                    os.utime(place, (entry.modified, entry.modified))


def _through_link(into: Path, place: Path) -> bool:
    """Tell whether a link that was unpacked earlier is a part of the way to ``place``."""
    below = place.relative_to(into).parents
    return any((into / step).is_symlink() for step in below if step.parts)


def _join(into: Path, place: Path, entry: Entry) -> None:
    """Make a hard link; a copy of its own would let a small archive fill the disk."""
    first = into / entry.link
    if first.is_symlink() or _through_link(into, first) or not first.is_file():
        raise AgentFault(f"the entry '{entry.path}' of the revision links to nothing")
    place.hardlink_to(first)


def _own(place: Path, entry: Entry) -> None:
    if entry.owner is None or os.geteuid() != 0:
        return
    user, group, uid, gid = entry.owner
    # By name first, as tar does: numbers differ from machine to machine.
    try:
        shutil.chown(place, user or uid, group or gid)
    except LookupError:
        os.chown(place, uid, gid)
