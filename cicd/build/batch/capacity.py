"""How many builds at once this machine can carry."""

from __future__ import annotations

import os

MEMORY_A_BUILD = 2 * 1024**3  # bytes; a small build of the service has 4 GiB, and uses less


def capacity() -> int:
    """Give the builds that may run at once where nobody said how many; at least 1."""
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):  # a system that does not tell
        memory = MEMORY_A_BUILD
    return builds_at_once(cores=os.cpu_count() or 1, memory=memory)


def builds_at_once(*, cores: int, memory: int) -> int:
    """Give how many builds ``cores`` and ``memory`` (bytes) can carry; a build takes a core."""
    return max(1, min(cores, memory // MEMORY_A_BUILD))
