"""Packed revisions, unpacked as the agent does, so that nothing escapes."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import zipfile
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
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
    from pathlib import Path

    from cicd.deploy.agent.entries import Entry
    from cicd.deploy.agent.held import Held
    from cicd.deploy.agent.stamps import Stamped

_LARGEST_SHARED: Final = 16 * 1024 * 1024  # bytes of a revision that is kept in memory
_MOST_SHARED: Final = 20_000  # entries of one
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def unpack(path: Path, kind: BundleType, into: Path, held: Held) -> dict[str, Stamped]:
    """
    Unpack a revision into the new directory ``into``, which ``held`` reaches, as the agent does.

    A tar keeps owners where we are root; a zip and a directory do not.
    A single top directory that holds an AppSpec is taken away, but never from a directory.
    Gives the stamps of its files, by their paths below ``into``.

    Raises:
        AgentFault: It is damaged, of another type, holds more than it may, or an entry leads
            out of ``into``.

    Source: the agent's behaviour, "DownloadBundle".
    """
    with _in_words(), opened(path, kind) as entries:
        return write_entries(entries, kind, into, held)


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


def write_entries(
    entries: Iterable[Entry], kind: BundleType, into: Path, held: Held
) -> dict[str, Stamped]:
    """Make what the entries say in the new directory ``into``; see ``unpack``."""
    with held.held(into.parent) as home:
        os.mkdir(into.name, dir_fd=home)
    writer = _Writer(into, held)
    for entry in entries:
        writer.write(entry)
    writer.finish()
    top = None if kind is BundleType.DIRECTORY else _strip(into, held)
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


def _strip(into: Path, held: Held) -> str | None:
    """Take a single top directory away, and give its name; None: it is not to go."""
    with held.readable(into) as number:
        inside = _names(number)
        if len(inside) != 1 or not stat.S_ISDIR(_status(inside[0], number).st_mode):
            return None
    (top,) = inside
    with held.readable(into / top) as number:
        if not any("appspec" in name.lower() for name in _names(number)):
            return None
    aside = f"{into.name}-nested"
    with held.held(into.parent) as home:
        with held.held(into) as number:
            os.rename(top, aside, src_dir_fd=number, dst_dir_fd=home)
        os.rmdir(into.name, dir_fd=home)
        os.rename(aside, into.name, src_dir_fd=home, dst_dir_fd=home)
    return top


class _Writer:
    """Writes entries below a directory that was empty: every link in it is one of theirs."""

    def __init__(self, into: Path, held: Held) -> None:
        self._held = held
        self._directories = {"": into}
        self._modes: list[tuple[Path, int]] = []
        self._links: set[str] = set()
        self.stamps: dict[str, Stamped] = {}

    def write(self, entry: Entry) -> None:
        if self._through_link(entry.path):
            raise AgentFault(f"the entry '{entry.path}' of the revision goes through a link")
        above, _, name = entry.path.rpartition("/")
        directory = self._directories.get(above) or self._made(above)
        with self._held.held(directory) as home:
            try:
                self._make(name, entry, home, directory)
            except FileExistsError:
                if not self._is_made(name, entry, home, directory):
                    self._make(name, entry, home, directory)

    def finish(self) -> None:
        # Last and deepest first, or a read-only directory could not be filled.
        for directory, mode in reversed(self._modes):
            with self._held.readable(directory) as number:
                os.fchmod(number, mode & 0o7777 | 0o700)

    def _made(self, path: str) -> Path:
        """Make a directory that no entry has spoken of, and those on the way to it."""
        known = self._directories.get(path)
        if known is None:
            above, _, name = path.rpartition("/")
            parent = self._made(above)
            with self._held.held(parent) as home, suppress(FileExistsError):
                os.mkdir(name, dir_fd=home)
            known = self._directories[path] = parent / name
        return known

    def _make(self, name: str, entry: Entry, home: int, directory: Path) -> None:
        match entry.kind:
            case EntryKind.DIRECTORY:
                os.mkdir(name, dir_fd=home)
                self._directories[entry.path] = directory / name
                self._modes.append((directory / name, entry.mode))
            case EntryKind.LINK:
                os.symlink(entry.link, name, dir_fd=home)
                self._links.add(same_place(entry.path))
            case EntryKind.FILE if entry.open is None:
                self._join(name, entry, home)
            case EntryKind.FILE:
                stamped = _write_file(name, entry, home)
                if stamped is not None:
                    self.stamps[entry.path] = stamped

    def _is_made(self, name: str, entry: Entry, home: int, directory: Path) -> bool:
        """Make room for an entry in whose place another is; tell whether that one will do."""
        if stat.S_ISDIR(_status(name, home).st_mode):
            if entry.kind is EntryKind.DIRECTORY:
                self._modes.append((directory / name, entry.mode))
                return True
            raise AgentFault(f"the entry '{entry.path}' of the revision is there twice")
        os.unlink(name, dir_fd=home)
        self._links.discard(same_place(entry.path))
        return False

    def _through_link(self, path: str) -> bool:
        """Tell whether a link that was unpacked earlier is a part of the way to a path."""
        if not self._links:
            return False
        parts = same_place(path).split("/")
        return any("/".join(parts[:n]) in self._links for n in range(1, len(parts)))

    def _join(self, name: str, entry: Entry, home: int) -> None:
        """Make a hard link; a copy of its own would let a small archive fill the disk."""
        above, _, first = entry.link.rpartition("/")
        directory = self._directories.get(above)
        if directory is not None and not self._through_link(entry.link):
            with self._held.held(directory) as other, suppress(FileNotFoundError):
                if stat.S_ISREG(_status(first, other).st_mode):
                    os.link(first, name, src_dir_fd=other, dst_dir_fd=home, follow_symlinks=False)
                    return
        raise AgentFault(f"the entry '{entry.path}' of the revision links to nothing")


def _names(directory: int) -> list[str]:
    with os.scandir(directory) as found:
        return [each.name for each in found]


def _status(name: str, home: int) -> os.stat_result:
    return os.stat(name, dir_fd=home, follow_symlinks=False)


def _write_file(name: str, entry: Entry, home: int) -> Stamped | None:
    assert entry.open is not None
    mode = entry.mode & 0o7777
    number = os.open(name, _NEW, mode & 0o777, dir_fd=home)
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
