"""Ending the sessions that nobody wants any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.backends.session_directory import SessionDirectory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cicd.backends.session_ways import Channel


def reap_sessions(
    home: Path,
    runner: str,
    keep: Callable[[str], bool],
    channel: Callable[[SessionDirectory], Channel],
) -> list[str]:
    """
    End every session of ``runner`` whose stream ``keep`` does not want.

    Args:
        home: Where the sessions' directories are.
        runner: Whose sessions.
        keep: Told a stream, says whether its sessions stay.
        channel: Makes the way to a session, through which it is ended and forgotten.

    Returns:
        The ids of those that were ended.

    """
    SessionDirectory.sweep(home)
    removed = []
    for directory in SessionDirectory.all(home):
        record = directory.record()
        if record.runner == runner and not keep(record.stream):
            way = channel(directory)
            way.end()
            way.forget()
            removed.append(record.id)
    return removed
