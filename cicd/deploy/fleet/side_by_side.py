"""Works of a fleet's members, several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cicd.ports import Services

T = TypeVar("T")


def at_once(services: Services, work: Callable[[T], str], over: Sequence[T]) -> list[str]:
    """Do it to all side by side; what one raises is raised when all have ended."""
    if not over:
        return []
    # Its module brings the whole of logging along: most commands have no fleet.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=min(services.jobs, len(over))) as pool:
        begun = [pool.submit(work, each) for each in over]
    return [each.result() for each in begun]
