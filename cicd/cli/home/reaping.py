"""Sessions that no unfinished execution wants: how many, and ending them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import CicdError
from cicd.store.upkeep.wanted import UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cicd.ports import ExecutionRecord, Runner

RUNNERS = ("docker", "sandbox", "host")


def unfinished(records: list[ExecutionRecord]) -> frozenset[str]:
    """Give the streams of executions that are not over: they run, or can be resumed."""
    return frozenset(each.stream for each in records if each.status in UNFINISHED)


def reap(records: list[ExecutionRecord], runner: Callable[[str], Runner]) -> list[str]:
    """End the sessions that no unfinished execution wants; gives their ids."""
    wanted = unfinished(records)
    return [name for each in _working(runner) for name in each.reap(wanted.__contains__)]


def left_behind(records: list[ExecutionRecord], runner: Callable[[str], Runner]) -> list[str]:
    """Give the streams whose sessions ``reap`` would end, and end none."""
    wanted, found = unfinished(records), []

    def keep(stream: str) -> bool:
        if stream not in wanted:
            found.append(stream)
        return True

    for each in _working(runner):
        each.reap(keep)
    return found


def _working(runner: Callable[[str], Runner]) -> Iterator[Runner]:
    for name in RUNNERS:
        try:
            runner(name).check()
        except CicdError:
            continue  # nothing of it can be running here
        yield runner(name)
