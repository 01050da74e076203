"""Whose program is at the other end of a connection of the loopback address, as Linux tells."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_MAPPED: Final = "0000000000000000FFFF0000"  # before an IPv4 address, in the table of IPv6
_LOCAL, _REMOTE, _UID, _INODE = 1, 2, 7, 9  # columns
_ROOT: Final = 0


def is_heard(client: tuple[str, int], server: tuple[str, int]) -> bool:
    """
    Tell whether who connected may be heard: root, or the user whose process this is.

    A socket that its program has closed already belongs to nobody, and is not heard.
    Where the system has no such tables, everybody on the loopback address is.

    Args:
        client: Address and port of the other end.
        server: Address and port of ours.

    Source: proc(5), "/proc/net/tcp".
    """
    tables = [table for table in _TABLES if table.exists()]
    if not tables:
        return True
    for table in tables:
        with table.open() as lines:
            owner = owner_in(lines, client, server)
        if owner is not None:
            return owner in (_ROOT, os.geteuid())
    return False


def owner_in(lines: Iterable[str], client: tuple[str, int], server: tuple[str, int]) -> int | None:
    """Find who has the connection's other end in a table; None: nobody has it there. Pure."""
    wanted = _place(client), _place(server)
    for line in lines:
        columns = line.split()
        if len(columns) <= _INODE or columns[_INODE] == "0":
            continue  # the heading; a socket without a program, which is shown as root's
        if (_plain(columns[_LOCAL]), _plain(columns[_REMOTE])) == wanted:
            return int(columns[_UID])
    return None


def _plain(place: str) -> str:
    return place.removeprefix(_MAPPED)


def _place(end: tuple[str, int]) -> str:
    """Write an end as the tables do: the address in this machine's order of bytes."""
    address, port = end
    number = int.from_bytes(socket.inet_aton(address), sys.byteorder)
    return f"{number:08X}:{port:04X}"
