"""Packed revisions, unpacked as the agent does, so that nothing escapes."""

from __future__ import annotations

import hashlib
import io
import os
import posixpath
import shutil
import stat
import zipfile
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.deploy.agent.entries import damage, opened
from cicd.deploy.agent.fault import AgentFault
from cicd.deploy.agent.stamps import stamp_of
from cicd.deploy.plan import BundleType
from cicd.engine.archive import same_place
from cicd.engine.zip_entries import EntryKind
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cicd.deploy.agent.entries import Entry
    from cicd.deploy.agent.stamps import Stamped

_LARGEST_SHARED: Final = 16 * 1024 * 1024  # bytes of a revision that is kept in memory
_MOST_SHARED: Final = 20_000  # entries of one
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def unpack(path: Path, kind: BundleType, into: Path) -> dict[str, Stamped]:
    """
    Unpack a revision into the new directory ``into``, as the agent does.

    A tar keeps owners where we are root; a zip and a directory do not.
    A single top directory that holds an AppSpec is taken away, but never from a directory.
    Gives the stamps of its files, by their paths below ``into``.

    Raises:
        AgentFault: It is damaged, of another type, holds more than it may, or an entry leads
            out of ``into``.

    Source: the agent's behaviour, "DownloadBundle".
    """
    with _in_words(), opened(path, kind) as entries:
        return write_entries(entries, kind, into)


def read_entries(path: Path, kind: BundleType) -> tuple[Entry, ...] | None:
    """Read a whole revision, for instances that all get the same; None: it is too large."""
    read: list[Entry] = []
    room = _LARGEST_SHARED
    with _in_words(), opened(path, kind) as entries:
        for entry in entries:
            if entry.open is None or entry.kind is not EntryKind.FILE:
                read.append(entry)
                continue
            with entry.open() as file:
                content = file.read(room + 1)
            room -= len(content)
            read.append(replace(entry, open=partial(io.BytesIO, content)))
            if room < 0 or len(read) > _MOST_SHARED:
                return None
    return tuple(read)


def write_entries(entries: Iterable[Entry], kind: BundleType, into: Path) -> dict[str, Stamped]:
    """Make what the entries say in the new directory ``into``; see ``unpack``."""
    into.mkdir(parents=True)
    writer = _Writer(into)
    for entry in entries:
        writer.write(entry)
    writer.finish()
    top = None if kind is BundleType.DIRECTORY else _strip(into)
    if top is None:
        return writer.stamps
    return {path.removeprefix(f"{top}/"): stamp for path, stamp in writer.stamps.items()}


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except UsageError as refused:
        raise AgentFault(f"The revision cannot be unpacked: {refused.message}") from refused
    except zipfile.BadZipFile as reason:
        raise AgentFault(f"Zip end of central directory signature not found: {reason}") from reason
    except damage() as reason:
        raise AgentFault(f"Error extracting tar archive: 2 ({reason})") from reason


def _strip(into: Path) -> str | None:
    """Take a single top directory away, and give its name; None: it is not to go."""
    inside = list(into.iterdir())
    if len(inside) != 1 or inside[0].is_symlink() or not inside[0].is_dir():
        return None
    if not any("appspec" in child.name.lower() for child in inside[0].iterdir()):
        return None
    aside = into.with_name(into.name + "-nested")
    inside[0].rename(aside)
    into.rmdir()
    aside.rename(into)
    return inside[0].name


class _Writer:
    """Writes entries below a directory that was empty: every link in it is one of theirs."""

    def __init__(self, into: Path) -> None:
        self._into = str(into)
        self._directories = {self._into}
        self._modes: list[tuple[str, int]] = []
        self._links: set[str] = set()
        self.stamps: dict[str, Stamped] = {}

    def write(self, entry: Entry) -> None:
        place = f"{self._into}/{entry.path}"
        if self._through_link(entry.path):
            raise AgentFault(f"the entry '{entry.path}' of the revision goes through a link")
        parent = posixpath.dirname(place)
        if parent not in self._directories:
            Path(parent).mkdir(parents=True, exist_ok=True)
            self._directories.add(parent)
        try:
            self._make(place, entry)
        except FileExistsError:
            if self._is_made(place, entry):
                return
            self._make(place, entry)

    def finish(self) -> None:
        # Last and deepest first, or a read-only directory could not be filled.
        for place, mode in reversed(self._modes):
            Path(place).chmod(mode & 0o7777 | 0o700)

    def _make(self, place: str, entry: Entry) -> None:
        match entry.kind:
            case EntryKind.DIRECTORY:
                Path(place).mkdir()
                self._directories.add(place)
                self._modes.append((place, entry.mode))
            case EntryKind.LINK:
                Path(place).symlink_to(entry.link)
                self._links.add(same_place(entry.path))
            case EntryKind.FILE if entry.open is None:
                self._join(place, entry)
            case EntryKind.FILE:
                stamped = _write_file(place, entry)
                if stamped is not None:
                    self.stamps[entry.path] = stamped

    def _is_made(self, place: str, entry: Entry) -> bool:
        """Make room for an entry in whose place another is; tell whether that one will do."""
        there = Path(place)
        if there.is_dir() and not there.is_symlink():
            if entry.kind is EntryKind.DIRECTORY:
                self._modes.append((place, entry.mode))
                return True
            raise AgentFault(f"the entry '{entry.path}' of the revision is there twice")
        there.unlink()
        self._links.discard(same_place(entry.path))
        return False

    def _through_link(self, path: str) -> bool:
        """Tell whether a link that was unpacked earlier is a part of the way to a path."""
        if not self._links:
            return False
        parts = same_place(path).split("/")
        return any("/".join(parts[:n]) in self._links for n in range(1, len(parts)))

    def _join(self, place: str, entry: Entry) -> None:
        """Make a hard link; a copy of its own would let a small archive fill the disk."""
        first = Path(self._into, entry.link)
        if first.is_symlink() or self._through_link(entry.link) or not first.is_file():
            raise AgentFault(f"the entry '{entry.path}' of the revision links to nothing")
        Path(place).hardlink_to(first)


def _write_file(place: str, entry: Entry) -> Stamped | None:
    assert entry.open is not None
    mode = entry.mode & 0o7777
    number = os.open(place, _NEW, mode & 0o777)
    digest = hashlib.sha256()
    try:
        with entry.open() as source:
            while block := source.read(1024 * 1024):
                digest.update(block)
                view = memoryview(block)
                while view:
                    view = view[os.write(number, view) :]
        _own(number, entry)
        if stat.S_IMODE(os.fstat(number).st_mode) != mode:
            os.fchmod(number, mode)
        if entry.modified:
            with suppress(OverflowError):  # a time beyond what the system can say
                os.utime(number, (entry.modified, entry.modified))
        stamp = stamp_of(os.fstat(number))
        return None if stamp is None else (stamp, digest.hexdigest())
    finally:
        os.close(number)


def _own(number: int, entry: Entry) -> None:
    if entry.owner is None or os.geteuid() != 0:
        return
    user, group, uid, gid = entry.owner
    # By name first, as tar does: numbers differ from machine to machine.
    try:
        shutil.chown(number, user or uid, group or gid)
    except LookupError:
        os.chown(number, uid, gid)
