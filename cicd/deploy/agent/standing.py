"""
Files of the last Install that nobody touched: removed on paper, so that they may stay.

Whatever can be told from outside is as if they had been removed and copied again.
"""

from __future__ import annotations

import fcntl
import os
import signal
import stat
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.deploy.agent.carry_out import remove
from cicd.deploy.agent.install import above
from cicd.deploy.agent.instructions import Copy, Mkdir
from cicd.deploy.agent.stamps import stamp_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cicd.deploy.agent.instance import InstanceDisk
    from cicd.deploy.agent.instructions import Instruction
    from cicd.deploy.agent.stamps import Source, Stamped

_ACL: Final = "system.posix_acl_default"


class Standing:
    """
    What a cleanup leaves standing; also the disk as it would be if it did not.

    Args:
        disk: Where.
        last: The stamps of what the last Install copied, by their paths on the instance.
        aside: Where nothing is, beside what is the agent's own.

    """

    def __init__(self, disk: InstanceDisk, last: Mapping[str, Stamped], aside: Path) -> None:
        """Leave nothing yet."""
        self._aside = aside
        self._fresh: int | None = None
        self._sources: Mapping[str, Source] = {}
        self._disk = disk
        self._last = last
        self._root = str(disk.at("/")).rstrip("/")
        self._files: dict[str, os.stat_result] = {}
        self._directories: dict[str, os.stat_result] = {}
        self._inside: dict[str, set[str]] = {}  # of a directory's place: what stands in it
        self._gone: set[str] = set()  # places that are empty on paper
        self._suitable: dict[str, bool] = {}

    def clean(self, paths: Sequence[str]) -> None:
        """Remove what the last Install left, in that order; what may stay is so on paper only."""
        try:
            for path in paths:
                if not (self._leaves(path) or self._leaves_directory(path)):
                    remove(path, self._disk)
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Remove whatever still stands, as the cleanup would have."""
        for path in (*self._files, *self._directories):
            remove(path, self._disk)
        for each in (self._files, self._directories, self._inside, self._gone):
            each.clear()

    def keep(self, instructions: Sequence[Instruction], sources: Mapping[str, Source]) -> None:
        """
        Let stand what Install would only copy again; the rest is removed.

        Args:
            instructions: What Install does.
            sources: What is known of the files that it copies, by their paths.

        """
        self._sources = sources
        made = {each.directory for each in instructions if isinstance(each, Mkdir)}
        kept: dict[str, os.stat_result] = {}
        homes: set[str] = set()
        for each in instructions:
            if not isinstance(each, Copy) or each.destination not in self._files:
                continue
            parent = above(each.destination)
            if parent in self._directories and parent not in made:
                continue
            source = sources.get(each.source)
            if source is None or source.digest != self._last[each.destination][1]:
                continue
            if not _is_special(self._place(each.destination)):
                kept[each.destination] = self._files[each.destination]
                homes.add(parent)
        for path in [path for path in self._files if path not in kept]:
            remove(path, self._disk)
        self._files = kept
        # Deepest first: one that holds nothing of ours any more goes, as all others did.
        for path in list(self._directories):
            if path in homes:
                homes.add(above(path))
            else:
                remove(path, self._disk)
                del self._directories[path]

    def stands(self, path: str) -> bool:
        """Tell whether a file does."""
        return path in self._files

    @property
    def paths(self) -> tuple[str, ...]:
        """What stands, directories before what is in them."""
        return (*reversed(self._directories), *self._files)

    # ── Install comes to it ───────────────────────────────────────────────────────────────────

    def is_copied(self, copy: Copy, home: int | None) -> bool:
        """
        Make a file that stands what a fresh copy is; False: it does not stand.

        ``home`` is the directory that it is in, if that is open already.
        """
        status = self._files.pop(copy.destination, None)
        if status is None:
            return False
        place = self._place(copy.destination)
        source = self._sources[copy.source].status
        owner = source.st_uid, source.st_gid
        changes_hands = os.geteuid() == 0 and owner != (status.st_uid, status.st_gid)
        if changes_hands or status.st_mode != source.st_mode:
            with self._disk.pinned(Path(place)) as name:
                if changes_hands:
                    os.chown(name, *owner)  # which takes bits of the mode away
                Path(name).chmod(stat.S_IMODE(source.st_mode))
        if status.st_mtime_ns != source.st_mtime_ns:
            above_it, _, name = place.rpartition("/")
            times = source.st_atime_ns, source.st_mtime_ns
            with self._disk.held(Path(above_it)) if home is None else nullcontext(home) as number:
                os.utime(name, ns=times, dir_fd=number, follow_symlinks=False)
        return True

    def is_made(self, mkdir: Mkdir) -> bool:
        """Make a directory that stands what a fresh one is; False: it does not stand."""
        status = self._directories.pop(mkdir.directory, None)
        if status is None:
            return False
        place = Path(self._place(mkdir.directory))
        owner = os.geteuid(), os.getegid()
        changes_hands = (status.st_uid, status.st_gid) != owner
        fresh = self._fresh_mode()
        if changes_hands or stat.S_IMODE(status.st_mode) != fresh:
            with self._disk.pinned(place) as name:
                if changes_hands:
                    os.chown(name, *owner)
                Path(name).chmod(fresh)
        return True

    # ── The disk, on paper ────────────────────────────────────────────────────────────────────

    def exists(self, path: str) -> bool:
        """Tell whether something is there; a dangling link is nothing."""
        place = self._disk.followed(path)
        return str(place) not in self._gone and place.exists()

    def is_directory(self, path: str) -> bool:
        """Tell whether a directory, or a link to one, is there."""
        place = self._disk.followed(path)
        return str(place) not in self._gone and place.is_dir()

    def children(self, path: str) -> Sequence[tuple[str, bool]]:
        """Give the names in a directory, sorted, each with whether it is (a link to) one."""
        children = self._disk.children(path)
        place = str(self._disk.followed(path))
        gone = self._inside.get(place, ())
        return [each for each in children if f"{place}/{each[0]}" not in gone]

    # ── What may stay ─────────────────────────────────────────────────────────────────────────

    def _leaves(self, path: str) -> bool:
        stamped = self._last.get(path)
        parent = above(path)
        if stamped is None or not self._suits(parent):
            return False
        place = self._place(path)
        try:
            status = os.lstat(place)
        except OSError:
            return False
        if stamp_of(status) != stamped[0]:
            return False
        if os.geteuid() != 0 and (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            return False
        self._files[path] = status
        self._take(parent, place)
        return True

    def _leaves_directory(self, path: str) -> bool:
        """Tell whether a directory cannot go because of what stands in it."""
        place = self._place(path)
        inside = self._inside.get(place)
        if not inside:
            return False
        if {each.path for each in os.scandir(place)} - inside:
            return True  # it would not be empty, and stays as it is
        parent = above(path)
        status = os.lstat(place)
        over = os.lstat(self._place(parent) or "/")
        changes = over.st_mode & stat.S_ISGID or over.st_dev != status.st_dev
        if not self._suits(parent) or changes or _attributes(place):
            self._really_empty(path)
            return False
        self._directories[path] = status
        self._take(parent, place)
        return True

    def _take(self, parent: str, place: str) -> None:
        self._inside.setdefault(self._place(parent), set()).add(place)
        self._gone.add(place)

    def _really_empty(self, path: str) -> None:
        for standing in (self._files, self._directories):
            for each in [each for each in standing if each.startswith(f"{path}/")]:
                remove(each, self._disk)
                del standing[each]
                self._gone.discard(self._place(each))
                self._inside[self._place(above(each))].discard(self._place(each))

    def _suits(self, directory: str) -> bool:
        """Tell whether no link is on the way, and nothing is inherited in it but the usual."""
        known = self._suitable.get(directory)
        if known is None:
            place = self._place(directory)
            known = (
                self._disk.directory(directory) == (place or "/")
                and _ACL not in _attributes(place or "/")
                and not (os.geteuid() and os.lstat(place or "/").st_mode & stat.S_ISGID)
            )
            self._suitable[directory] = known
        return known

    def _fresh_mode(self) -> int:
        """Make a directory and look at it: our umask cannot be asked for without changing it."""
        if self._fresh is None:
            name = self._aside.name
            with self._disk.held(self._aside.parent) as home:
                with suppress(FileExistsError):  # one that was killed may have left it
                    os.mkdir(name, dir_fd=home)
                status = os.stat(name, dir_fd=home, follow_symlinks=False)
                self._fresh = stat.S_IMODE(status.st_mode) & 0o777
                os.rmdir(name, dir_fd=home)
        return self._fresh

    def _place(self, path: str) -> str:
        """Name a path with no link on the way."""
        return self._root + (path if path != "/" else "")


def _is_special(place: str) -> bool:
    """
    Tell whether a file has rights that a fresh one would not have, or a process may write to it.

    To one that is removed, that would do no harm.
    """
    try:
        number = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return True  # as far as can be told
    try:
        if any(not name.startswith("security.") for name in os.listxattr(number)):
            return True
        # A lease for reading is granted only while nobody has the file open for more. Who opens
        # it meanwhile sends us a signal, which must be one that is passed over.
        fcntl.fcntl(number, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(number, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError:
        return True
    finally:
        os.close(number)
    return False


def _attributes(place: str) -> Sequence[str]:
    # Not on macOS, whose files have them too: nothing is taken for plain there.
    return os.listxattr(place) if hasattr(os, "listxattr") else (_ACL,)
