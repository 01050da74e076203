"""An execution's children in a few lines: how each of them stands. Knows no terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cicd.event import EventKind
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A child that an execution will have, or has."""

    key: str  # of the command that runs it
    stream: str
    name: str
    needs: tuple[str, ...] = ()  # the names of those that it waits for
    status: str = ""  # as it stands already


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the tree."""

    name: str
    status: str  # "" while it waits
    doing: str  # its phase, or what it waits for
    seconds: int | None = None


@dataclass(slots=True)
class _Standing:
    branch: Branch
    status: str = ""
    doing: str = ""
    since: float = 0.0
    until: float | None = None


class Tree:
    """Follows the events of an execution and of its children."""

    def __init__(self, root: str, branches: Sequence[Branch]) -> None:
        """Begin before the first event, or in the middle."""
        self._root = root
        self._all = [_Standing(branch, branch.status) for branch in branches]
        self._by_key = {each.branch.key: each for each in self._all}
        self._by_stream = {each.branch.stream: each for each in self._all}

    def event(self, stream: str, event: Event, now: float) -> None:
        """Take one event in; ``now`` in seconds of any clock that only goes forward."""
        if stream != self._root:
            child = self._by_stream.get(stream)
            if child is not None and event.key:
                child.doing = event.key.partition("/")[0]
            return
        child = self._by_key.get(event.key)
        if child is None:
            return
        if event.kind is EventKind.STARTED:
            child.status, child.since = "IN_PROGRESS", now
        elif event.kind is EventKind.FINISHED:
            child.status, child.until = _status(event), now

    def rows(self, now: float, limit: int) -> tuple[Row, ...]:
        """Give at most ``limit`` lines: all children, or those that run and a line of sums."""
        rows = [_row(each, now) for each in self._all]
        if len(rows) <= limit:
            return tuple(rows)
        kept = [row for row in rows if row.status == "IN_PROGRESS"][: max(0, limit - 1)]
        others = Counter(row.status or "waiting" for row in rows)
        others["IN_PROGRESS"] -= len(kept)
        sums = ", ".join(f"{count} {status}" for status, count in others.items() if count > 0)
        return (*kept, Row(name="…", status="", doing=sums))


def _row(each: _Standing, now: float) -> Row:
    branch = each.branch
    if not each.status:
        doing = f"after {', '.join(branch.needs)}" if branch.needs else "waiting"
        return Row(name=branch.name, status="", doing=doing)
    seconds = int((each.until or now) - each.since) if each.since else None
    doing = each.doing if each.status == "IN_PROGRESS" else ""
    return Row(name=branch.name, status=each.status, doing=doing, seconds=seconds)


def _status(event: Event) -> str:
    outcome = event.data["outcome"]
    detail = outcome.get("detail") if isinstance(outcome, Mapping) else None
    said = detail.get("buildStatus") if isinstance(detail, Mapping) else None
    return str(said or "FAULT")
