"""How much memory a process and its children use, where the kernel says so."""

from __future__ import annotations

from pathlib import Path

_PROC = Path("/proc")


def resident_megabytes(pid: int) -> float:
    """Give the resident memory of a process and all below it, in MB; 0 where nobody can tell."""
    total, waiting = 0, [pid]
    while waiting:
        process = _PROC / str(waiting.pop())
        try:
            total += int((process / "statm").read_text().split()[1])
            for task in (process / "task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except (OSError, ValueError, IndexError):
            continue
    return total * _page_size() / 2**20


def _page_size() -> int:
    import os

    return os.sysconf("SC_PAGE_SIZE")
