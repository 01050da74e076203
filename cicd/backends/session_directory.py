"""
A session's own directory on this machine: what the driver reads and writes, and who it is.

``home/sessions/<id>`` is for our eyes only (mode 0700) and holds::

    session.json     the record: which runner, whose stream, where things are inside
    io/              what the driver sees: driver.sh, the spool, the files of each command
    mounts/          changes to, or copies of, what was mounted
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.engine.codec import decode
from cicd.errors import Unavailable
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cicd.ports import Mount

DRIVER = Path(__file__).with_name("driver.sh")
NEW = ".new-"  # begins the names of directories that are still being made
RECORD = "session.json"
MAKING = 60.0  # seconds after which nobody can still be making one: it takes milliseconds

_NEEDED = {"docker": ("container", "image")}  # of a record's state, by whose runner it is


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """What must be known to find a session again. ``state`` is the runner's own business."""

    id: str
    runner: str
    stream: str
    nonce: str = field(default_factory=lambda: os.urandom(16).hex())
    places: Mapping[str, str] = field(default_factory=dict)
    scratch: str = ""
    state: Mapping[str, str] = field(default_factory=dict)


def directory_name(session_id: str) -> str:
    """Make a plain file name out of any id: safe in mount options and container names."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", session_id):
        return session_id
    from hashlib import sha256

    digest = sha256(session_id.encode()).hexdigest()[:12]
    return "s" + re.sub(r"[^A-Za-z0-9._-]", "-", session_id)[:60] + "-" + digest


def source_digits(session_id: str) -> int:
    """Give the number of ``/codebuild/output/src<digits>/src``; the same id, the same number."""
    return 100_000_000 + zlib.crc32(session_id.encode()) % 900_000_000


def place_names(session_id: str, mounts: tuple[str, ...]) -> dict[str, str]:
    """Give each mount's path inside: "src" has the session's number, the others count on."""
    digits = source_digits(session_id)
    others = (name for name in mounts if name != "src")
    numbers = dict.fromkeys(filter("src".__eq__, mounts), digits)
    numbers |= {name: digits + count for count, name in enumerate(others, start=1)}
    return {name: f"/codebuild/output/src{numbers[name]}/src" for name in mounts}


def places_of(session_id: str, mounts: Iterable[Mount]) -> dict[str, str]:
    """Give each mount's path inside: its own, else what ``place_names`` gives it."""
    given = {mount.name: mount.place for mount in mounts}
    return {**place_names(session_id, tuple(given)), **{n: p for n, p in given.items() if p}}


class SessionDirectory:
    """One such directory; see the head of this file."""

    def __init__(self, root: Path) -> None:
        """Name it; nothing is read or made."""
        self.root = root
        self.io = root / "io"
        self.mounts = root / "mounts"
        self.spool = self.io / "spool"

    @classmethod
    def create(cls, home: Path, record: SessionRecord) -> SessionDirectory:
        """Make it whole or not at all; raises ``Unavailable`` when it exists already."""
        sessions = home / "sessions"
        sessions.mkdir(mode=0o700, parents=True, exist_ok=True)
        cls.sweep(home)
        root = sessions / directory_name(record.id)
        if root.exists():
            raise Unavailable(
                f"session '{record.id}' exists already",
                hint="end what an earlier run left with `cicd doctor --reap`",
            )
        made = cls(sessions / f"{NEW}{os.urandom(8).hex()}")
        made.root.mkdir(mode=0o700)
        made.io.mkdir(mode=0o755)
        made.mounts.mkdir(mode=0o755)
        shutil.copyfile(DRIVER, made.io / "driver.sh")
        made.spool.touch(mode=0o600)
        made.save(record)
        made.root.rename(root)
        return cls(root)

    @staticmethod
    def sweep(home: Path) -> None:
        """Remove what processes left that died while they were making one."""
        with suppress(FileNotFoundError):
            for path in (home / "sessions").iterdir():
                if path.name.startswith(NEW) and time.time() - path.stat().st_mtime > MAKING:
                    remove_tree(path)

    @classmethod
    def find(cls, home: Path, session_id: str, runner: str) -> SessionDirectory | None:
        """Give the directory of a session of ``runner``, if there is one."""
        found = cls(home / "sessions" / directory_name(session_id))
        if not (found.root / RECORD).is_file():
            return None
        return found if found.record().runner == runner else None

    @classmethod
    def all(cls, home: Path) -> Iterator[SessionDirectory]:
        """Give every session's directory below ``home``."""
        sessions = home / "sessions"
        for root in sorted(sessions.iterdir()) if sessions.is_dir() else ():
            if (root / RECORD).is_file():
                yield cls(root)

    def record(self) -> SessionRecord:
        """Read the record; raises ``Unavailable`` for what is none."""
        place = self.root / RECORD
        record: SessionRecord | None = None
        with suppress(ValueError, RecursionError, Unavailable):
            record = decode(SessionRecord, json.loads(place.read_text("utf-8")))
        if record is None or not all(map(record.state.get, _NEEDED.get(record.runner, ()))):
            raise Unavailable(
                f"{place} is not the record of a session",
                hint=f"remove {self.root}, once nothing runs that was begun there",
            )
        return record

    def save(self, record: SessionRecord) -> None:
        """Write the record, atomically."""
        text = json.dumps({name: getattr(record, name) for name in SessionRecord.__slots__})
        new = self.root / "session.json.new"
        new.write_text(text, "utf-8")
        new.replace(self.root / RECORD)

    def forget_commands(self) -> None:
        """Remove what single commands were given and left; not their output."""
        for path in self.io.glob("[0-9]*.*"):
            path.unlink(missing_ok=True)

    def remove(self, scrub: Callable[[], None] | None = None) -> None:
        """
        Forget it, whatever is inside.

        ``scrub`` is asked to empty it when something belongs to another user.
        """
        try:
            self._remove_all()
        except PermissionError:
            if scrub is None:
                raise
            scrub()
            self._remove_all()

    def _remove_all(self) -> None:
        """Remove the record last: what a killed process leaves of the rest is found by it."""
        with suppress(FileNotFoundError):
            for path in tuple(self.root.iterdir()):
                if path.is_dir() and not path.is_symlink():
                    remove_tree(path)
                elif path.name != RECORD:
                    path.unlink(missing_ok=True)
        remove_tree(self.root)


def remove_tree(root: Path) -> None:
    """Remove a tree, also where its directories forbid it (overlay's work directory, say)."""
    try:
        shutil.rmtree(root)
    except FileNotFoundError:
        if root.exists():  # somebody inside was faster; what is left goes now
            shutil.rmtree(root, ignore_errors=True)
    except PermissionError:
        for directory, names, _ in os.walk(root):
            for name in names:
                inner = Path(directory, name)
                if not inner.is_symlink():
                    inner.chmod(stat.S_IRWXU)
        shutil.rmtree(root)
