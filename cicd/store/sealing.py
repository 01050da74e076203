"""Files sealed for the disk: encrypted in pieces, so that large ones need little memory."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from cicd.errors import Unavailable
from cicd.store.disk import disk
from cicd.store.secrets.cipher import seal, unseal
from cicd.store.secrets.key import KeyNote, KeyRing

if TYPE_CHECKING:
    from pathlib import Path

_PIECE = 4 * 1024 * 1024  # bytes of plain text
_LARGER = 28  # bytes by which a sealed piece is longer: nonce and tag
_MARK = b"cicd-sealed-1 "


class Sealing:
    """
    Seals with the key of the user's secrets, and opens what it sealed.

    Each piece is bound to the file's name, to its place and to whether it is the last: pieces
    that are swapped, missing or of another file do not open.
    """

    def __init__(self, keys: KeyRing) -> None:
        """Take the keys; none is read yet."""
        self._keys = keys
        self._new = cache(keys.new)
        self._find = cache(keys.find)

    def seal(self, plain: Path, into: Path, name: str) -> None:
        """Write ``plain`` sealed; raises ``Unavailable`` where the key or the disk cannot."""
        key, note = self._new()
        with disk(into), plain.open("rb") as source, into.open("wb") as sealed:
            said = json.dumps({"id": note.id, "salt": note.salt}).encode()
            sealed.write(_MARK + said + b"\n")
            place, piece = 0, source.read(_PIECE)
            while True:
                following = source.read(_PIECE)
                bound = _bound(name, place, last=not following)
                sealed.write(seal(key, piece, bound=bound))
                if not following:
                    return
                place, piece = place + 1, following

    def open(self, sealed: Path, into: Path, name: str) -> None:
        """Write what was sealed in clear; raises ``Unavailable`` where it does not open."""
        with disk(sealed), sealed.open("rb") as source, into.open("wb") as plain:
            key = self._find(_note(source.readline(), sealed), sealed)
            place, piece = 0, source.read(_PIECE + _LARGER)
            while True:
                following = source.read(_PIECE + _LARGER)
                text = unseal(key, piece, bound=_bound(name, place, last=not following))
                if text is None:
                    raise Unavailable(
                        f"{sealed} does not open: a byte of it has changed",
                        hint="put back a copy of it, or run again what made it",
                    )
                plain.write(text)
                if not following:
                    return
                place, piece = place + 1, following


def is_sealed(path: Path) -> bool:
    """Tell whether a file was sealed here."""
    with path.open("rb") as file:
        return file.read(len(_MARK)) == _MARK


def _note(line: bytes, path: Path) -> KeyNote:
    try:
        said = json.loads(line.removeprefix(_MARK))
        return KeyNote(id=str(said["id"]), salt=str(said["salt"]))
    except (ValueError, KeyError, TypeError):
        raise Unavailable(f"{path} is not sealed as cicd does it") from None


def _bound(name: str, place: int, *, last: bool) -> bytes:
    return f"{name}/{place}/{'last' if last else 'more'}".encode()
