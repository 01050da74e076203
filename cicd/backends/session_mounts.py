"""What a session sees of this machine's directories: copy-on-write views, else copies."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import Unavailable, UsageError
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cicd.ports import Mount

# Overlay reads its options by these characters; paths that hold one are copied instead.
SPECIAL = frozenset(",:\\\"'\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """One overlay file system, not mounted yet; ``upper`` collects what the session writes."""

    lower: Path | None
    upper: Path
    work: Path
    layer: Path | None = None  # lies over the lower one
    name: str = ""  # of a part: the directory of the whole view that it is mounted on
    parts: tuple[Overlay, ...] = ()

    def options(self) -> str:
        """Give it as mount(8) takes it."""
        lower = ":".join(str(path) for path in (self.layer, self.lower) if path is not None)
        return f"lowerdir={lower},upperdir={self.upper},workdir={self.work}"


def check_sources(mounts: Iterable[Mount]) -> None:
    """Make what may be made; raise ``UsageError`` for a source that is not a directory."""
    for mount in mounts:
        if mount.make:
            with suppress(FileExistsError):
                mount.source.mkdir(parents=True, exist_ok=True)
        if not mount.source.is_dir():
            raise UsageError(f"'{mount.source}' is not a directory")


def trust(mounts: Iterable[Mount], owner: int) -> dict[str, str]:
    """
    Give the variables by which git trusts sources that are not the session's own user's.

    In CodeBuild the source belongs to root, as the commands do; here it is who wrote it,
    and git refuses repositories of other users unless it is told.
    """
    if all(mount.source.stat().st_uid == owner for mount in mounts):
        return {}
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }


def unseen(mount: Mount, home: Path) -> tuple[Path, ...]:
    """Give the paths below the source that must not be seen: overlay, above all, not itself."""
    source, home = mount.source.resolve(), home.resolve()
    hidden = [source / name for name in mount.hidden]
    if home != source and home.is_relative_to(source):
        hidden.append(home)
    return tuple(p for p in dict.fromkeys(hidden) if not any(q in p.parents for q in hidden))


def overlay(mount: Mount, directory: Path, home: Path) -> Overlay | None:
    """
    Lay an overlay out below ``directory``; None where this path or file system will not do.

    What must not be seen is a whiteout in the upper directory, a character device 0:0,
    which Linux lets anyone make.
    Linux refuses a layer that lies in the source itself: its directories are then parts, each
    an overlay of its own, and its files stand in the upper directory.
    """
    if sys.platform != "linux" or SPECIAL & set(f"{mount.source}{directory}{mount.layer}"):
        return None
    source = mount.source.resolve()
    upper, work = directory / "upper", directory / "work"
    within = mount.layer is not None and mount.layer.resolve().is_relative_to(source)
    layer = None if within else mount.layer
    view = Overlay(lower=source, upper=upper, work=work, layer=layer)
    if SPECIAL & set(str(source)):
        return None
    for path in (view.upper, view.work):
        path.mkdir(parents=True)
    try:
        for path in unseen(mount, home):
            whiteout = view.upper / path.relative_to(source)
            whiteout.parent.mkdir(parents=True, exist_ok=True)
            os.mknod(whiteout, stat.S_IFCHR, os.makedev(0, 0))
        _same_look(source, view.upper)
        if within and mount.layer is not None:
            return replace(view, parts=_parts(mount, mount.layer, view, home))
    except PermissionError:
        remove(view)
        return None
    return view


def _parts(mount: Mount, layer: Path, view: Overlay, home: Path) -> tuple[Overlay, ...]:
    """Lay out an overlay for each directory of a layer; what cannot be one is copied."""
    source = mount.source.resolve()
    parts: list[Overlay] = []
    for path in sorted(layer.iterdir()):
        original = source / path.name
        covered = original in unseen(mount, home)
        if covered or path.is_symlink() or not path.is_dir() or SPECIAL & set(path.name):
            continue
        if original.is_symlink() or (original.exists() and not original.is_dir()):
            continue
        if home.resolve().is_relative_to(original):
            continue
        own = view.upper.parent / "parts" / str(len(parts))
        lower = original if original.exists() else None
        part = Overlay(
            lower=lower, upper=own / "upper", work=own / "work", layer=path, name=path.name
        )
        for directory in (part.upper, part.work):
            directory.mkdir(parents=True)
        _same_look(path, part.upper)
        if lower is None:  # where it is mounted
            (view.upper / path.name).mkdir()
            _same_look(path, view.upper / path.name)
        parts.append(part)
    skipped = {layer / part.name for part in parts}
    skipped |= {layer / path.relative_to(source) for path in unseen(mount, home)}
    _copy_children(layer, view.upper, frozenset(skipped))
    return tuple(parts)


def remove(view: Overlay) -> None:
    """Forget an overlay that could not be mounted."""
    for path in (view.upper, view.work, view.upper.parent / "parts"):
        shutil.rmtree(path, ignore_errors=True)


def copy(mount: Mount, directory: Path, home: Path) -> Path:
    """Copy a mount's source, sharing blocks where the file system can, and give the copy."""
    source = mount.source.resolve()
    destination = directory / "copy"
    destination.mkdir(parents=True)
    _copy_children(source, destination, frozenset(unseen(mount, home)))
    if mount.layer is not None:
        lay_over(mount.layer, destination)
    _same_look(source, destination)
    return destination


def lay_over(source: Path, destination: Path) -> None:
    """Copy a directory's content over another's; a link there is replaced, not written through."""
    _make_room(source, destination)
    _copy_children(source, destination, frozenset())


def _make_room(source: Path, destination: Path) -> None:
    """Remove from ``destination`` what is of another kind than in ``source``, and all links."""
    with os.scandir(source) as entries:
        for entry in entries:
            target = destination / entry.name
            is_directory = entry.is_dir(follow_symlinks=False)
            if target.is_symlink() or (is_directory and target.is_file()):
                target.unlink()
            elif target.is_dir():
                if is_directory:
                    _make_room(Path(entry.path), target)
                else:
                    shutil.rmtree(target)


def _copy_children(source: Path, destination: Path, skipped: frozenset[Path]) -> None:
    whole = []
    for child in sorted(source.iterdir()):
        if child in skipped:
            continue
        if any(child in path.parents for path in skipped):
            (destination / child.name).mkdir(exist_ok=True)
            _copy_children(child, destination / child.name, skipped)
            _same_look(child, destination / child.name)
        else:
            whole.append(str(child))
    command = ["cp", "-cRp"] if sys.platform == "darwin" else ["cp", "-a", "--reflink=auto"]
    for first in range(0, len(whole), 500):
        batch = whole[first : first + 500]
        done = subprocess.run(
            [*command, *batch, f"{destination}/"], check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise Unavailable(
                f"'{source}' cannot be copied: {done.stderr.strip().splitlines()[-1]}",
                hint="look at the free space and the permissions there",
            )


def _same_look(source: Path, destination: Path) -> None:
    status = source.stat()
    destination.chmod(stat.S_IMODE(status.st_mode))
    if os.geteuid() == 0:
        os.chown(destination, status.st_uid, status.st_gid)


def covers(mount: Mount, directory: Path) -> dict[str, Path]:
    """Give something empty to lay over each hidden entry of a mount that is the source itself."""
    found = {}
    for name in mount.hidden:
        original, cover = mount.source / name, directory / "covers" / name
        if original.is_dir():
            cover.mkdir(parents=True)
        elif original.exists():
            cover.parent.mkdir(parents=True, exist_ok=True)
            cover.touch()
        else:
            continue
        found[name] = cover
    return found
