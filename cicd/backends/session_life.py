"""How a session begins whole or not at all, is found again, and ends when nobody wants it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from cicd.backends.session_directory import SessionDirectory
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cicd.backends.session_ways import Channel

C = TypeVar("C", bound="Channel")


@contextmanager
def whole_or_nothing(channel: Channel) -> Iterator[None]:
    """Leave nothing of a session whose beginning fails, whatever it was."""
    try:
        yield
    except BaseException:
        channel.end()
        channel.forget()
        raise


def find_living(
    home: Path, session_id: str, runner: str, channel: Callable[[SessionDirectory], C]
) -> tuple[SessionDirectory, C] | None:
    """Give a session of ``runner`` that a dead process left running, and the way to it."""
    directory = SessionDirectory.find(home, session_id, runner)
    if directory is None:
        return None
    way = channel(directory)
    return (directory, way) if way.alive() else None


def reap_sessions(
    home: Path,
    runner: str,
    keep: Callable[[str], bool],
    channel: Callable[[SessionDirectory], Channel],
) -> list[str]:
    """
    End every session of ``runner`` whose stream ``keep`` does not want.

    What is the record of none is left as it is; ``cicd doctor`` tells of it.

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
        try:
            record = directory.record()
        except (FileNotFoundError, Unavailable):
            continue  # somebody else has just ended it; or it is none, and who knows what it is
        if record.runner == runner and not keep(record.stream):
            way = channel(directory)
            way.end()
            way.forget()
            removed.append(record.id)
    return removed
