"""
The file: everything but the values in clear, the values sealed, and bound to all the rest.

``{"format": 1, "key": {…}, "content": {…}, "sealed": "base64"}``
"""

from __future__ import annotations

import base64
import json
import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.engine.codec import decode, encode
from cicd.errors import Unavailable
from cicd.record import dataclass
from cicd.store.disk import disk
from cicd.store.secrets.cipher import seal, unseal
from cicd.store.secrets.content import Content
from cicd.store.secrets.key import KeyNote, KeyRing, check_private

if TYPE_CHECKING:
    from collections.abc import Iterator


FORMAT = 1
_REPAIR = "put back a copy of it, or move it away and put the values again"


@dataclass(frozen=True, slots=True)
class SealedFile:
    """One file of secrets and parameters, and the keys that may open it."""

    path: Path
    keys: KeyRing

    def read(self) -> Content:
        """
        Give what is in it; nothing, where there is no file.

        Raises Unavailable for a file that cannot be opened, was changed, or that others can read.
        """
        return self._open()[0]

    @contextmanager
    def locked(self) -> Iterator[_Change]:
        """Hold every other writer off; what is given reads, and writes whole or not at all."""
        import fcntl

        lock = self.path.with_name(f"{self.path.stem}.lock")
        with disk(lock):
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            content, opened = self._open()
            yield _Change(file=self, content=content, opened=opened)
        finally:
            os.close(descriptor)

    def _open(self) -> tuple[Content, tuple[bytes, KeyNote] | None]:
        if not os.path.lexists(self.path):
            return Content(), None
        check_private(self.path)
        with disk(self.path):
            data = self.path.read_bytes()
        whole = self._parsed(data)
        if whole.get("format") != FORMAT:
            raise Unavailable(
                f"{self.path} is of a format that this version does not know",
                hint="use the version of cicd that wrote it",
            )
        try:
            note = decode(KeyNote, whole["key"])
            content = decode(Content, whole["content"])
            sealed = base64.b64decode(str(whole["sealed"]), validate=True)
        except (KeyError, ValueError, RecursionError, Unavailable):
            raise self._damaged("parts of it are missing") from None
        key = self.keys.find(note, self.path)
        text = unseal(key, sealed, bound=_bound(whole))
        if text is None:
            what = "the passphrase is another one, or the file was changed since"
            raise Unavailable(
                f"{self.path} cannot be opened: "
                + (what if note.salt else "it was changed by something else than cicd"),
                hint="give the right CICD_PASSPHRASE, or put back a copy"
                if note.salt
                else _REPAIR,
            )
        return replace(content, values=json.loads(text)), (key, note)

    def _parsed(self, data: bytes) -> dict[str, object]:
        try:
            whole = json.loads(data)
        except (ValueError, RecursionError):
            raise self._damaged("it is not whole") from None
        if not isinstance(whole, dict):
            raise self._damaged("it is something else")
        return whole

    def _damaged(self, how: str) -> Unavailable:
        return Unavailable(f"{self.path} is damaged: {how}", hint=_REPAIR)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A file that nobody else writes meanwhile."""

    file: SealedFile
    content: Content
    opened: tuple[bytes, KeyNote] | None

    def write(self, content: Content) -> None:
        """Put ``content`` in the place of what is there."""
        key, note = self.opened or self.file.keys.new()
        clear = {"secrets": encode(content.secrets), "parameters": encode(content.parameters)}
        whole: dict[str, object] = {"format": FORMAT, "key": encode(note), "content": clear}
        values = json.dumps(dict(content.values)).encode()
        whole["sealed"] = base64.b64encode(seal(key, values, bound=_bound(whole))).decode()
        path = self.file.path
        fresh = path.with_name(f".{path.name}.new")  # one at a time: the lock is held
        with disk(path):
            fresh.unlink(missing_ok=True)
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(json.dumps(whole, indent=1).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
            _settle(path.parent)


def _settle(directory: Path) -> None:
    """Have the disk remember the file's new place."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _bound(whole: dict[str, object]) -> bytes:
    clear = {name: value for name, value in whole.items() if name != "sealed"}
    return json.dumps(clear, sort_keys=True, separators=(",", ":")).encode()
