"""Connections to a socket in a directory, however deep that is."""

from __future__ import annotations

import os
import socket
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHORT: Final = 100  # bytes; a socket's path may be 107 of them long


@contextmanager
def connected(directory: Path, name: str, patience: float) -> Iterator[socket.socket]:
    """Connect for at most ``patience`` seconds a step; raises ``OSError``."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as connection:
        connection.settimeout(patience)
        place = str(directory.absolute() / name)
        if len(os.fsencode(place)) < _SHORT or not Path("/proc/self/fd").exists():
            connection.connect(place)
        else:
            # A directory's own descriptor makes a short path.
            opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                connection.connect(f"/proc/self/fd/{opened}/{name}")
            finally:
                os.close(opened)
        yield connection
