"""
Where the key comes from: a file of the user, outside every repository, or a passphrase.

A store says which of the two it was sealed with; a new one takes the passphrase if there is one.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import Unavailable
from cicd.record import dataclass
from cicd.store.disk import disk
from cicd.store.secrets.cipher import KEY_LENGTH, derived

if TYPE_CHECKING:
    from collections.abc import Mapping

PASSPHRASE = "CICD_PASSPHRASE"  # noqa: S105 - the name of a variable
_SALT_LENGTH = 16  # bytes
_MARK = "cicd-key-1:"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyNote:
    """What a store says of its key: enough to find it, nothing that helps to guess it."""

    id: str = ""  # of a key file: the beginning of its digest
    salt: str = ""  # of a passphrase, hexadecimal


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """What keys this user has."""

    path: Path  # of the key file; need not exist yet
    passphrase: str = ""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> KeyRing:
        """Look where the user's environment says: CICD_PASSPHRASE, XDG_DATA_HOME, HOME."""
        data = environ.get("XDG_DATA_HOME", "")
        if not data.startswith("/"):  # relative ones are to be ignored, says the specification
            data = str(Path(environ.get("HOME") or "~").expanduser() / ".local" / "share")
        return cls(path=Path(data) / "cicd" / "key", passphrase=environ.get(PASSPHRASE, ""))

    def new(self) -> tuple[bytes, KeyNote]:
        """Give the key of a store that is to be made; the key file is made if need be."""
        if self.passphrase:
            salt = os.urandom(_SALT_LENGTH)
            return derived(self.passphrase, salt), KeyNote(salt=salt.hex())
        if not self.path.exists():
            self._make()
        key = self._read()
        return key, KeyNote(id=_id(key))

    def find(self, note: KeyNote, store: Path) -> bytes:
        """Give the key of the store at ``store``; raises Unavailable when it is not to be had."""
        if note.salt:
            if not self.passphrase:
                raise Unavailable(
                    f"{store} is sealed with a passphrase",
                    hint=f"give it in the environment: {PASSPHRASE}",
                )
            try:
                return derived(self.passphrase, bytes.fromhex(note.salt))
            except ValueError:
                raise Unavailable(
                    f"{store} is damaged: its salt is not hexadecimal",
                    hint="put back a copy of it, or move it away and put the values again",
                ) from None
        if not self.path.exists():
            raise Unavailable(
                f"the key of {store} is not there: {self.path}",
                hint="put back the key file; without it the values are lost: move the store "
                "away and put them again",
            )
        key = self._read()
        if _id(key) != note.id:
            raise Unavailable(
                f"{store} was sealed with another key than {self.path}",
                hint=f"put back the key whose mark is {note.id}, or move the store away and "
                "put the values again",
            )
        return key

    def _make(self) -> None:
        """Write a new key, whole or not at all; of two at once the first one wins."""
        with disk(self.path):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            text = _MARK + base64.b64encode(os.urandom(KEY_LENGTH)).decode() + "\n"
            own = self.path.with_name(f".key.{os.getpid()}.{os.urandom(4).hex()}")
            descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "w", encoding="ascii") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                with suppress(FileExistsError):
                    os.link(own, self.path)
            finally:
                own.unlink()

    def _read(self) -> bytes:
        check_private(self.path)
        with disk(self.path):
            text = self.path.read_bytes()
        try:
            mark, encoded = text[: len(_MARK)].decode("ascii"), text[len(_MARK) :].strip()
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            mark, key = "", b""
        if mark != _MARK or len(key) != KEY_LENGTH:
            raise Unavailable(
                f"{self.path} holds no key of cicd", hint="put back a copy of the key file"
            )
        return key


def check_private(path: Path) -> None:
    """Raise ``Unavailable`` for a file that others than its owner may read or write."""
    with disk(path):
        found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise Unavailable(f"{path} is not a file", hint="move away what stands there")
    if found.st_uid not in (os.geteuid(), 0) and os.geteuid() != 0:
        raise Unavailable(f"{path} belongs to another user", hint="take a file of your own")
    if found.st_mode & 0o077:
        raise Unavailable(
            f"{path} can be read or written by others (mode {found.st_mode & 0o777:04o})",
            hint=f"chmod 600 {path}",
        )


def _id(key: bytes) -> str:
    return hashlib.sha256(b"cicd key id" + key).hexdigest()[:16]
