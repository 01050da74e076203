"""What several contracts ask with: a moment, an error that must come, and many threads at once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

X = TypeVar("X", bound=Exception)

AT = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)


def raised(kind: type[X], action: Callable[[], object]) -> X:
    """Give the problem of that kind; anything else, or none, fails the test."""
    try:
        action()
    except kind as problem:
        return problem
    raise AssertionError(f"{kind.__name__} was not raised")


def at_once(actions: list[Callable[[], None]]) -> None:
    """Run them in a thread each, and wait for all."""
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
