"""
How many agents of this process work at once.

Python lets one thread work at a time. Two keep it busy while one of them waits for the disk; more
only take it from each other, at every call of the system, which costs more than the work itself.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLACES = threading.BoundedSemaphore(2)


@contextmanager
def at_work() -> Iterator[None]:
    """Work, once there is a place for it."""
    with _PLACES:
        yield


@contextmanager
def waiting() -> Iterator[None]:
    """Leave the place to others, while at work, for as long as somebody else is waited for."""
    _PLACES.release()
    try:
        yield
    finally:
        _PLACES.acquire()
