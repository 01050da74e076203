"""Revisions as files: packing a directory, telling archives apart, unpacking so none escapes."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Final

from cicd.deploy.agent.fault import AgentFault
from cicd.deploy.plan import BundleType
from cicd.errors import Unavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_HIDDEN: Final = (
    ".git",
    ".cicd",
)  # of a directory's top level: ours and git's, never a revision's
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
_LARGEST_DOCUMENT: Final = 2 * 1024 * 1024  # bytes; document/load.py refuses half of that
_CORRUPT: Final = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of an archive."""

    path: str
    kind: str  # "file", "directory", "link", "hard link", or what else it claims to be
    mode: int = 0o644
    modified: float = 0.0  # seconds since the epoch
    link: str = ""
    owner: tuple[str, str, int, int] | None = None  # user and group, by name then by number
    open: Callable[[], IO[bytes]] | None = None


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


def pack_directory(directory: Path, into: Path) -> None:
    """
    Pack a directory into the zip ``into``: everything, hidden and empty directories included.

    Only ``.git`` and ``.cicd`` at its top stay out. The same content gives the same bytes.
    """
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in walk(directory):
            status = path.lstat()
            name = path.relative_to(directory).as_posix()
            info = zipfile.ZipInfo(name, _EARLIEST)
            info.create_system = 3  # Unix: the mode is in the upper half of external_attr
            info.external_attr = status.st_mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            if stat.S_ISLNK(status.st_mode):
                archive.writestr(info, str(path.readlink()))
            elif stat.S_ISDIR(status.st_mode):
                info.filename += "/"
                archive.writestr(info, b"")
            elif stat.S_ISREG(status.st_mode):
                with path.open("rb") as source, archive.open(info, "w") as target:
                    shutil.copyfileobj(source, target, 1024 * 1024)
            else:
                raise UsageError(
                    f"'{path}' is neither a file, a directory nor a link",
                    hint="take sockets, pipes and devices out of the revision",
                )


def walk(directory: Path) -> Iterator[Path]:
    """List what is below a directory and belongs to a revision, sorted, parents first."""
    for parent, directories, files in os.walk(directory):
        here = Path(parent)
        hidden = _HIDDEN if here == directory else ()
        directories[:] = sorted(name for name in directories if name not in hidden)
        inside = [*directories, *(name for name in files if name not in hidden)]
        yield from sorted(here / name for name in inside)
        directories[:] = [name for name in directories if not (here / name).is_symlink()]


def names(path: Path, kind: BundleType) -> dict[str, Entry]:
    """List what an archive holds, by path as it will be on the instance."""
    with _opened_for_reading(path, kind) as entries:
        listed = _by_name(entries)
    inner = _only_directory(listed)
    if inner is None:
        return listed
    return {name.removeprefix(inner + "/"): entry for name, entry in listed.items()}


def read(path: Path, kind: BundleType, name: str) -> bytes | None:
    """Read one file out of an archive; None: it is not there."""
    with _opened_for_reading(path, kind) as entries:
        listed = _by_name(entries)
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
        with _opened(path, kind) as entries:
            yield entries
    except _CORRUPT as reason:
        raise UsageError(
            f"the revision '{path}' cannot be unpacked: {reason}", hint="pack it again"
        ) from reason


def _by_name(entries: Iterator[Entry]) -> dict[str, Entry]:
    # "./conf/" and "conf" are one name.
    named = (("/".join(PurePosixPath(entry.path).parts), entry) for entry in entries)
    return {name: entry for name, entry in named if name}


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
        AgentFault: It is damaged, of another type, or an entry leads out of ``into``.

    Source: the agent's behaviour, "DownloadBundle".
    """
    into.mkdir(parents=True)
    later: list[tuple[Path, Entry]] = []
    try:
        with _opened(path, kind) as entries:
            for entry in entries:
                place = _place(into, entry.path)
                if place != into:
                    _write(into, place, entry)
                    later.append((place, entry))
    except zipfile.BadZipFile as reason:
        raise AgentFault(f"Zip end of central directory signature not found: {reason}") from reason
    except _CORRUPT as reason:
        raise AgentFault(f"Error extracting tar archive: 2 ({reason})") from reason
    # Last and deepest first, or a read-only directory could not be filled.
    for place, entry in reversed(later):
        if entry.kind == "directory":
            place.chmod(entry.mode & 0o7777 | 0o700)
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


def _place(into: Path, name: str) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name or "\\" in name:
        raise AgentFault(f"the entry '{name}' of the revision leads out of it")
    return into.joinpath(*path.parts)


def _write(into: Path, place: Path, entry: Entry) -> None:
    parent = place.parent
    # A link that was unpacked earlier may be a part of this path.
    for step in (parent, *parent.parents):
        if step == into:
            break
        if step.is_symlink():
            raise AgentFault(f"the entry '{entry.path}' of the revision goes through a link")
    parent.mkdir(parents=True, exist_ok=True)
    if entry.kind == "directory" and place.is_dir() and not place.is_symlink():
        return
    if place.is_symlink() or place.is_file():
        place.unlink()
    elif place.is_dir():
        raise AgentFault(f"the entry '{entry.path}' of the revision is there twice")
    match entry.kind:
        case "directory":
            place.mkdir()
        case "link":
            place.symlink_to(entry.link)
        case "hard link":
            target = _place(into, entry.link)
            if target.is_symlink() or not target.is_file():
                raise AgentFault(f"the entry '{entry.path}' of the revision links to nothing")
            shutil.copy2(target, place)
        case "file" if entry.open is not None:
            with entry.open() as source, place.open("xb") as file:
                shutil.copyfileobj(source, file, 1024 * 1024)
            _own(place, entry)
            place.chmod(entry.mode & 0o7777)
            if entry.modified:
                os.utime(place, (entry.modified, entry.modified))
        case _:
            raise AgentFault(f"the entry '{entry.path}' of the revision is a {entry.kind}")


def _own(place: Path, entry: Entry) -> None:
    if entry.owner is None or os.geteuid() != 0:
        return
    user, group, uid, gid = entry.owner
    # By name first, as tar does: numbers differ from machine to machine.
    try:
        shutil.chown(place, user or uid, group or gid)
    except LookupError:
        os.chown(place, uid, gid)


@contextmanager
def _opened(path: Path, kind: BundleType) -> Iterator[Iterator[Entry]]:
    """Give the entries of an archive, readable while inside."""
    if kind in (BundleType.ZIP, BundleType.DIRECTORY):
        fresh = kind is BundleType.DIRECTORY
        with zipfile.ZipFile(path) as zipped:
            yield (_of_zip(zipped, info, fresh=fresh) for info in zipped.infolist())
        return
    # A gzip'd tar called "tar" works, a plain one called "tgz" does not.
    with tarfile.open(path, "r:*" if kind is BundleType.TAR else "r:gz") as tarred:
        yield (_of_tar(tarred, member) for member in tarred)


def _of_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo, *, fresh: bool) -> Entry:
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        link = archive.read(info).decode("utf-8", "surrogateescape")
        return Entry(path=info.filename, kind="link", link=link)
    if info.is_dir():
        return Entry(path=info.filename, kind="directory", mode=mode & 0o7777 or 0o755)
    return Entry(
        path=info.filename,
        kind="file",
        mode=mode & 0o7777 or 0o644,
        modified=0.0 if fresh else time.mktime((*info.date_time, 0, 0, -1)),
        open=lambda: archive.open(info),
    )


def _of_tar(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    kinds = (
        ("file", member.isreg()),
        ("directory", member.isdir()),
        ("link", member.issym()),
        ("hard link", member.islnk()),
        ("pipe", member.isfifo()),
    )
    return Entry(
        path=member.name,
        kind=next((kind for kind, holds in kinds if holds), "device"),
        mode=member.mode,
        modified=float(member.mtime),
        link=member.linkname,
        owner=(member.uname, member.gname, member.uid, member.gid),
        open=lambda: _extracted(archive, member),
    )


def _extracted(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(member)
    if file is None:
        raise tarfile.ReadError(f"'{member.name}' has no content")
    return file
