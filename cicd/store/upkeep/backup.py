"""A home in one file, and a home out of one: state, logs, artifacts, secrets, settings."""

from __future__ import annotations

import glob
import gzip
import json
import os
import shutil
import tarfile
import tempfile
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.engine.archive import clean_path
from cicd.errors import Conflict, UsageError
from cicd.store import audit_log
from cicd.store.database import LAYOUTS, Database
from cicd.store.disk import disk, prepare_home
from cicd.store.upkeep.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

STATE = "state.db"
TREES = ("logs", "artifacts", "exports")
FILES = ("config.toml", "secrets.json", audit_log.FILE, audit_log.HEAD)
_ABOUT = "cicd-backup.json"
_BEFORE = ".before-"
_UNFINISHED = "restoring"  # in an old home, until nothing of it is missing in the new one
_HINT = "give a file that 'cicd state backup' wrote"


def back_up(home: Path, database: Database, into: Path, *, at: datetime) -> int:
    """
    Write a home into a gzipped tar, while executions may run; give its size in bytes.

    The database is copied first, at one moment: whatever it speaks of is on the disk then.
    What can be made again stays out: caches, sessions, routers and instances.

    Raises:
        Conflict: ``into`` is there already.
        Unavailable: It cannot be written; nothing of it is left then.

    """
    if into.exists():
        raise Conflict(f"'{into}' is there already", hint="name a file that is not")
    about = {"format": 1, "layout": len(LAYOUTS), "at": at.isoformat()}
    with disk(into), scratch(into.parent, ".cicd-backup-") as place:
        state, note, made = (place / name for name in (STATE, _ABOUT, "backup.tar.gz"))
        database.copy_to(state)
        note.write_text(json.dumps(about), "utf-8")
        # No time of its own: gzip has room for none beyond 2106, where a clock may be.
        with (
            gzip.GzipFile(made, "wb", compresslevel=1, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w") as tar,
        ):
            tar.add(note, _ABOUT)
            tar.add(state, STATE)
            for path in _kept(home):
                _add(tar, path, path.relative_to(home).as_posix())
        made.chmod(0o600)  # logs and artifacts are the user's own
        # A link, not a rename: whoever made the file meanwhile keeps it.
        os.link(made, into)
    return into.stat().st_size


def restore(archive: Path, home: Path, *, replace: bool) -> Path | None:
    """
    Make a home out of a backup; what was there is moved aside, whole.

    One that was killed is given again, and goes on from there.

    Args:
        archive: What ``back_up`` wrote.
        home: Where; must not hold a state, unless ``replace``.
        replace: Move a state that is there aside.

    Returns:
        Where the home that was there is now; None if there was none.

    Raises:
        UsageError: It is no backup, a damaged one, or one of a newer ``cicd``.
        Conflict: There is a home, and ``replace`` was not asked for.
        Unavailable: A full disk and the like; the home is then as it was.

    """
    with disk(home):
        _finish(home)
    there = (home / STATE).exists()
    if there and not replace:
        raise Conflict(
            f"'{home}' holds a state already", hint="--replace moves it aside; or use --home"
        )
    with disk(home):
        home.parent.mkdir(parents=True, exist_ok=True)
        with scratch(home.parent, f"{home.name}.restored-") as fresh:
            prepare_home(fresh)
            _unpack(archive, fresh)
            _check_state(fresh)
            return _put(fresh, home)


def _kept(home: Path) -> Iterator[Path]:
    yield from (home / name for name in FILES if (home / name).is_file())
    for tree in TREES:
        for directory, _, names in os.walk(home / tree):
            # What is being written carries the name of its writer until it is whole.
            yield from (Path(directory, name) for name in names if not name.endswith(".part"))


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    """Add a regular file as long as it is now: a log may grow while it is read."""
    try:
        file = path.open("rb")
    except FileNotFoundError:  # pruned meanwhile
        return
    with file:
        tar.addfile(tar.gettarinfo(name, name, file), file)


def _unpack(archive: Path, into: Path) -> None:
    with _opened(archive) as tar:
        about = tar.next()
        read = tar.extractfile(about) if about is not None and about.name == _ABOUT else None
        if read is None:
            raise UsageError(f"'{archive}' is not a backup of cicd", hint=_HINT)
        _check_about(archive, read.read(4096))
        while (member := tar.next()) is not None:
            name = clean_path(member.name)
            known = name in (STATE, *FILES) or name.partition("/")[0] in TREES
            source = tar.extractfile(member) if member.isreg() and known else None
            if source is None:
                raise UsageError(f"'{archive}' holds '{name}', which no backup has", hint=_HINT)
            target = into / name
            try:
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                file = target.open("xb")
            except (FileExistsError, NotADirectoryError):
                raise UsageError(f"'{archive}' holds '{name}' twice", hint=_HINT) from None
            with file:
                shutil.copyfileobj(source, file, 1 << 20)
            target.chmod(member.mode & 0o777)
            os.utime(target, (member.mtime, member.mtime))
    if not ((into / STATE).exists() and (into / STATE).stat().st_size):
        raise UsageError(f"'{archive}' holds no {STATE}", hint=_HINT)


@contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            yield tar
    except FileNotFoundError:
        raise UsageError(f"there is no file '{archive}'", hint=_HINT) from None
    except (tarfile.TarError, EOFError, ValueError, OverflowError, zlib.error) as damage:
        raise UsageError(f"'{archive}' is damaged, or no backup: {damage}", hint=_HINT) from None


def _check_about(archive: Path, text: bytes) -> None:
    layout = 0
    with suppress(ValueError, RecursionError):
        match json.loads(text):
            case {"layout": int(found)}:
                layout = found
    if layout < 1:
        raise UsageError(f"'{archive}' is not a backup of cicd", hint=_HINT)
    if layout > len(LAYOUTS):
        raise UsageError(
            f"'{archive}' was made by a newer cicd (layout {layout};"
            f" this one knows up to {len(LAYOUTS)})",
            hint="upgrade cicd",
        )


def _check_state(home: Path) -> None:
    """Open the state, which brings it to the newest layout, and see that it is whole."""
    database = Database(home / STATE)
    try:
        said = database.rows("PRAGMA integrity_check")
        # Nothing of ours: they would act, or give an answer without end, whatever is asked.
        foreign = database.rows(
            "SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view')"
            " OR sql LIKE 'CREATE VIRTUAL%'"
        )
    finally:
        database.close()
    if said != [("ok",)]:
        raise UsageError("the backup's state.db is damaged", hint="use an older backup")
    if foreign:
        raise UsageError(
            f"the backup's state.db holds '{foreign[0][0]}', which no cicd has made", hint=_HINT
        )


def _put(fresh: Path, home: Path) -> Path | None:
    """Let a new home take the place of the old one, whose instances and caches move along."""
    if not home.exists():
        fresh.rename(home)
        return None
    (home / _UNFINISHED).touch()
    aside = Path(tempfile.mkdtemp(dir=home.parent, prefix=f"{home.name}{_BEFORE}"))
    home.rename(aside)
    fresh.rename(home)
    _bring_along(aside, home)
    return aside


def _bring_along(aside: Path, home: Path) -> None:
    """Move what no backup holds, such as instances and caches, from the old home into the new."""
    brought = {STATE, f"{STATE}-wal", f"{STATE}-shm", f"{STATE}.lock", ".gitignore", _UNFINISHED}
    for path in aside.iterdir():
        if path.name not in {*brought, *TREES, *FILES} and not (home / path.name).exists():
            path.rename(home / path.name)
    # What is aside is nobody's to commit, its settings neither: only the home's are.
    (aside / ".gitignore").write_text("*\n", "utf-8")
    (aside / _UNFINISHED).unlink()


def _finish(home: Path) -> None:
    """Finish what a killed ``restore`` left: its old home is brought along, or back."""
    for aside in home.parent.glob(f"{glob.escape(home.name)}{_BEFORE}*"):
        if not (aside / _UNFINISHED).exists():
            continue
        if home.exists():
            _bring_along(aside, home)
        else:
            aside.rename(home)
