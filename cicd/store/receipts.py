"""Receipts: what has passed once, so that it need not be done again."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.event import JSON

LONGEST: Final = 30 * 24 * 3600  # seconds that a receipt counts
_MOST: Final = 2000  # kept; the oldest go first
_NAME = re.compile(r"[0-9a-f]{40,64}")


class Receipts:
    """
    Files of one directory, each named after what has passed.

    Safe for several processes at once: a receipt appears whole. Losing one costs time, no more.
    """

    def __init__(self, directory: Path) -> None:
        """Name the directory, which need not be there."""
        self._directory = directory

    @staticmethod
    def key(facts: JSON) -> str:
        """Give the name of a receipt for all that its validity hangs on."""
        import hashlib
        import json

        text = json.dumps(facts, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def has(self, key: str) -> bool:
        """Tell whether there is a receipt that is not too old."""
        try:
            written = (self._directory / key).stat().st_mtime
        except OSError:
            return False
        return 0 <= time.time() - written < LONGEST

    def put(self, key: str, said: str) -> None:
        """Write a receipt; a disk that takes none is no reason to stop."""
        if not _NAME.fullmatch(key):
            return
        import tempfile

        with suppress(OSError):
            self._directory.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._directory, prefix=".new-")
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(said)
            os.replace(name, self._directory / key)  # noqa: PTH105
            self._tidy()

    def _tidy(self) -> None:
        entries = list(os.scandir(self._directory))
        if len(entries) > _MOST:
            entries.sort(key=lambda entry: entry.stat().st_mtime)
            for entry in entries[: _MOST // 4]:
                os.unlink(entry.path)  # noqa: PTH108
