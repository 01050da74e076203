"""What the disk says when it cannot, in words; and the home directory itself."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HINTS = {
    errno.ENOSPC: "free some space on that disk, or use another home with --home",
    errno.EDQUOT: "free some of your quota, or use another home with --home",
    errno.EROFS: "that file system is read-only; use another home with --home",
    errno.EACCES: "make it writable for you, or use another home with --home",
    errno.EPERM: "make it writable for you, or use another home with --home",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.EIO: "the disk reports damage; use another home with --home",
    errno.ENOTDIR: "a file stands where a directory should; move it away",
    errno.EEXIST: "a file stands where a directory should; move it away",
}

_ROOMS = ("logs", "artifacts", "sessions")
_IGNORE = "# cicd's own state; only the settings are worth committing\n*\n!config.toml\n"


@contextmanager
def disk(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` of working on ``path`` into ``Unavailable`` with a hint."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Unavailable(
            f"{path} cannot be used: {reason}",
            hint=_HINTS.get(
                error.errno or 0, "look at that path, or use another home with --home"
            ),
        ) from error


def prepare_home(home: Path) -> None:
    """
    Make the home if it is not there: private to the user, and ignoring itself in git.

    Safe to repeat and to race; an existing home keeps its mode and its ``.gitignore``.
    """
    with disk(home):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = home / ".gitignore"
        if not ignore.exists():
            ignore.write_text(_IGNORE, encoding="utf-8")
    for name in _ROOMS:
        # Said before anything has begun, not when the first line is to be written.
        place = home / name
        if place.exists() and not place.is_dir():
            with disk(place):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
