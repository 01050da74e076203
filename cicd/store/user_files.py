"""Files that are the user's: replaced at once, or left as they are."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from cicd.errors import Unavailable


def replace_file(path: Path, content: bytes, *, new_mode: int = 0o644) -> None:
    """
    Put other bytes into a file, which keeps its mode; a link's target is what is written.

    One that is not there yet is made, with its directories, and ``new_mode``.

    Raises:
        Unavailable: It cannot be written; the file is then as it was.

    """
    place = path.resolve()
    try:
        mode = place.stat().st_mode if place.exists() else new_mode
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(name).chmod(mode & 0o7777)
            Path(name).replace(place)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as reason:
        raise Unavailable(
            f"'{path}' cannot be written: {reason.strerror}", hint="check its permissions"
        ) from reason
