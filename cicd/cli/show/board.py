"""A deployment's targets in a few lines: what each does, and how many serve. Knows no terminal."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Final

from cicd.event import EventKind
from cicd.record import dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from cicd.event import Event
    from cicd.ports import LogLine

_KEPT: Final = 200  # lines of a script, until it is known whether they matter
_WAITS: Final = "/AllowTraffic"  # no script runs in it
_BAR: Final = (10, 30)  # characters of the bar, at the least and at the most
_SIGNS: Final = {"Succeeded": "●", "InProgress": "◐", "Failed": "✖", "Ignored": "◌"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One line: a target, a sign for each of its lifecycle events, and what it does."""

    target: str
    status: str
    busy: bool = False  # a lifecycle event runs on it
    signs: str
    doing: str
    seconds: int | None = None


@dataclass(slots=True)
class _Host:
    target: str
    events: dict[str, str] = field(default_factory=dict)  # lifecycle event → status
    since: float = 0.0
    until: float | None = None
    status: str = "Pending"


class Board:
    """Follows the events of one deployment, from the one that holds its plan on."""

    def __init__(self, plan: Mapping[str, object]) -> None:
        """Take a deployment's plan as it is written."""
        from cicd.deploy.lifecycle import IGNORABLE
        from cicd.deploy.plan import DeploymentPlan
        from cicd.deploy.process import DeploymentProcess
        from cicd.engine.codec import decode

        made = decode(DeploymentPlan, plan)
        self._process = DeploymentProcess(made)
        self._state = self._process.initial()
        self._events = {
            each.id: tuple(map(str, made.events_of(each.id))) for each in made.instances
        }
        # Of a blue/green deployment: the instances that have the traffic until they are blocked.
        original = made.blue_green.original if made.blue_green is not None else ()
        self._original = frozenset(each.id for each in original)
        self._hosts = {target: _Host(target) for target in self._events}
        self.minimum = max(0, self._process.minimum)
        ignores = made.ignore_application_stop_failures
        self._ignored = frozenset(map(str, IGNORABLE if ignores else ()))
        self._lines: dict[str, deque[LogLine]] = {}

    def event(self, event: Event, now: float) -> None:
        """Take one event in; ``now`` in seconds of any clock that only goes forward."""
        self._state = self._process.apply(self._state, event)
        target, _, name = event.key.rpartition("/")
        host = self._hosts.get(target)
        if host is None or name not in self._events[target]:
            return
        if event.kind is EventKind.STARTED:
            host.since = host.since or now
            host.events[name] = host.status = "InProgress"
        elif event.kind is EventKind.FINISHED:
            self._finished(host, name, event, now)

    def line(self, line: LogLine) -> bool:
        """
        Keep a line of a script, in case it fails.

        Tells whether it is kept: why AllowTraffic still waits, and what a trigger's subscriber
        answered, is for now.
        """
        if "/" not in line.origin or line.origin.endswith(_WAITS):
            return False
        self._lines.setdefault(line.origin, deque(maxlen=_KEPT)).append(line)
        return True

    def said(self, key: str) -> tuple[LogLine, ...]:
        """Give what was kept of one lifecycle event of one target, once."""
        return tuple(self._lines.pop(key, ()))

    def left(self, moment: datetime) -> str:
        """Say how long the wait lasts that the deployment is in; "": it is in none."""
        from cicd.deploy.waits import waiting

        wait = waiting(self._process, self._state)
        return "" if wait is None else wait.left(moment)

    @property
    def total(self) -> int:
        """How many targets there are; an original environment is not counted twice."""
        return len(self._hosts) - len(self._original)

    @property
    def serving(self) -> int:
        """How many targets serve: they are neither being deployed to, nor have failed."""
        if not self._original:
            return sum(host.status in ("Pending", "Succeeded") for host in self._hosts.values())
        return sum(
            host.status == ("Pending" if name in self._original else "Succeeded")
            for name, host in self._hosts.items()
        )

    def rows(self, now: float, limit: int) -> tuple[BoardRow, ...]:
        """Give at most ``limit`` lines: all targets, or those at work and a line of sums."""
        from cicd.deploy.traffic.blue_green import Stage

        ready = self._process.stage(self._state) is Stage.READY
        rows = [self._row(host, now, "Ready" if ready else "") for host in self._hosts.values()]
        if len(rows) <= limit:
            return tuple(rows)
        kept = [row for row in rows if row.status == "InProgress"][: max(0, limit - 1)]
        others = Counter(row.status for row in rows)
        others["InProgress"] -= len(kept)
        sums = ", ".join(f"{count} {status}" for status, count in others.items() if count > 0)
        return (*kept, BoardRow(target="…", status="", signs="", doing=sums))

    def _finished(self, host: _Host, name: str, event: Event, now: float) -> None:
        outcome = event.data["outcome"]
        done = isinstance(outcome, Mapping) and outcome.get("status") == "DONE"
        if not done and name in self._ignored:
            host.events[name] = "Ignored"
        else:
            host.events[name] = "Succeeded" if done else "Failed"
        if host.events[name] == "Failed":
            host.status, host.until = "Failed", now
        elif len(host.events) == len(self._events[host.target]):
            host.status, host.until = "Succeeded", now

    def _row(self, host: _Host, now: float, waits: str) -> BoardRow:
        signs = "".join(
            _SIGNS.get(host.events.get(name, ""), "○") for name in self._events[host.target]
        )
        last = next(reversed(host.events), "")
        busy = host.events.get(last) == "InProgress"
        said = {"Pending": "", "Succeeded": "Succeeded", "Failed": f"{last} Failed"}
        # Between two events it waits: a moment, or for what a person or a clock says.
        idle = waits or f"waits after {last}"
        doing = said.get(host.status, last if busy else idle)
        seconds = int((host.until or now) - host.since) if host.since else None
        return BoardRow(
            target=host.target,
            status=host.status,
            busy=busy,
            signs=signs,
            doing=doing,
            seconds=seconds,
        )


def capacity_bar(board: Board, room: int = 80) -> str:
    """Draw how many targets serve, with a mark where the minimum is, in ``room`` characters."""
    words = f" {board.serving} of {board.total} serve, at least {board.minimum}"
    width = max(_BAR[0], min(_BAR[1], room - len(words)))
    total = max(board.total, 1)
    filled = round(width * board.serving / total)
    mark = min(width - 1, round(width * board.minimum / total))
    cells = ["█" if place < filled else "░" for place in range(width)]
    if board.minimum:
        cells[mark] = "┃"
    return "".join(cells) + words
