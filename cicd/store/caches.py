"""
Build caches: trees of files under a scope and a key, whole or not there.

``home/cache/entries/<id>/`` holds ``entry.json`` and ``tree/``; it appears by one rename.
The files of all trees are those of ``home/cache/objects``: see ``cache_objects``.
An entry is never changed: a newer one of the same scope and key takes its place,
and the old tree stays for as long as a session that looks through it lives.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from cicd.ports import CacheEntry
from cicd.store.cache_objects import CacheObjects
from cicd.store.disk import disk
from cicd.store.process_identity import is_alive, own_identity
from cicd.store.upkeep.usage import tree_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cicd.ports import Clock

_PART = ".part"


class CacheFiles:
    """The ``CacheStore`` of the home; safe from any thread and from several processes."""

    def __init__(self, home: Path, clock: Clock) -> None:
        """Keep entries below ``home/cache``, which is made when first written to."""
        self._sessions = home / "sessions"
        self._entries = home / "cache" / "entries"
        self._holds = home / "cache" / "holds"
        self._objects = CacheObjects(home / "cache" / "objects")
        self._clock = clock

    def entries(self) -> list[CacheEntry]:
        """Give all entries, the newest first."""
        paths: list[Path] = []
        with suppress(FileNotFoundError):
            paths += (p for p in self._entries.iterdir() if not p.name.endswith(_PART))
        found = filter(None, map(_read, paths))
        return sorted(found, key=lambda entry: (entry.created_at, entry.id), reverse=True)

    def measured(self) -> list[CacheEntry]:
        """See ``ports.CacheStore``."""
        known: set[int] = set()
        return [replace(entry, size=tree_size(entry.tree, known)[0]) for entry in self.entries()]

    def damaged(self) -> list[str]:
        """Say which entries have a file whose content has changed since it was kept."""
        broken = {path.stat().st_ino: path for path in self._objects.damaged()}
        return [
            f"cache {entry.id} ({entry.name}): {path.relative_to(entry.tree)} is not what it was "
            f"when it was kept: 'cicd cache rm {entry.id}'"
            for entry in (self.entries() if broken else ())
            for path in sorted(entry.tree.rglob("*"))
            if path.lstat().st_ino in broken
        ]

    def find(self, scope: str, prefix: str, *, exact: bool = True) -> CacheEntry | None:
        """See ``ports.CacheStore``."""
        for entry in self.entries():
            same = entry.key == prefix if exact else entry.key.startswith(prefix)
            if entry.scope == scope and same:
                return entry
        return None

    @contextmanager
    def writing(self, scope: str, key: str, name: str, *, image: str = "") -> Iterator[Path]:
        """See ``ports.CacheStore``."""
        with disk(self._entries):
            self._entries.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep()
            identity = os.urandom(8).hex()
            part = self._entries / f"{quote(own_identity(), safe='')}~{identity}{_PART}"
            tree = part / "tree"
            tree.mkdir(parents=True)
        try:
            yield tree
            with disk(part):
                self._objects.take(tree, part / "object")
                size, files = tree_size(tree)
                about = {
                    "scope": scope,
                    "key": key,
                    "name": name,
                    "created": self._clock.now().isoformat(),
                    "size": size,
                    "files": files,
                    "image": image,
                }
                (part / "entry.json").write_text(json.dumps(about), "utf-8")
                part.rename(self._entries / identity)
        finally:
            if part.exists():
                shutil.rmtree(part, ignore_errors=True)
        self._retire(scope, key, keep=identity)

    def hold(self, entry: CacheEntry, session_id: str) -> None:
        """See ``ports.CacheStore``."""
        with disk(self._holds):
            self._holds.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._holds / session_id).write_text(entry.id, "utf-8")

    def held(self, session_id: str) -> CacheEntry | None:
        """See ``ports.CacheStore``."""
        with suppress(FileNotFoundError):
            return _read(self._entries / (self._holds / session_id).read_text("utf-8"))
        return None

    def release(self, session_id: str) -> None:
        """See ``ports.CacheStore``."""
        entry = self.held(session_id)
        (self._holds / session_id).unlink(missing_ok=True)
        if entry is not None:
            newest = self.find(entry.scope, entry.key)
            if newest is not None and newest.id != entry.id:
                self.remove(entry)

    def remove(self, entry: CacheEntry) -> bool:
        """See ``ports.CacheStore``."""
        if entry.id in self._held():
            return False
        path = self._entries / entry.id
        # First out of sight, so that a removal that is killed leaves nothing half.
        gone = self._entries / f"{quote(own_identity(), safe='')}~{entry.id}{_PART}"
        with disk(path):
            path.rename(gone)
            shutil.rmtree(gone)
            self._objects.sweep()
        return True

    def _held(self) -> frozenset[str]:
        """Give the entries that living sessions look through, and forget the other holds."""
        found = set()
        with suppress(FileNotFoundError):
            for hold in self._holds.iterdir():
                if (self._sessions / hold.name).exists():
                    found.add(hold.read_text("utf-8"))
                elif self._clock.now().timestamp() - hold.stat().st_mtime > _OPENING:
                    hold.unlink(missing_ok=True)
                else:
                    found.add(hold.read_text("utf-8"))
        return frozenset(found)

    def _retire(self, scope: str, key: str, keep: str) -> None:
        """Remove what the entry ``keep`` replaces, and what earlier ones have, once unheld."""
        for entry in self.entries():
            if (entry.scope, entry.key) == (scope, key) and entry.id != keep:
                self.remove(entry)

    def _sweep(self) -> None:
        for path in self._entries.glob(f"*{_PART}"):
            if is_alive(unquote(path.name.partition("~")[0])) is False:
                shutil.rmtree(path, ignore_errors=True)


_OPENING = 600.0  # seconds after which a session that was to look through an entry is there


def _read(path: Path) -> CacheEntry | None:
    try:
        about = json.loads((path / "entry.json").read_text("utf-8"))
        return CacheEntry(
            id=path.name,
            scope=str(about["scope"]),
            key=str(about["key"]),
            name=str(about["name"]),
            created_at=datetime.fromisoformat(about["created"]),
            size=int(about["size"]),
            files=int(about["files"]),
            tree=path / "tree",
            image=str(about.get("image", "")),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None  # it is being removed, or is not ours
