"""What came of a function's invocations: which version ran, how it ended, and in what time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from cicd.ports import LogLine
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.ports import LogStore

_WELL: Final = "ok"
_ILL: Final = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationRecord:
    """One invocation that is over."""

    at: datetime  # when it ended, by the machine's clock
    version: str  # the one that ran
    qualifier: str  # the alias or version that was asked for; "": none
    failed: bool  # the handler raised, timed out or died, or could not be run
    seconds: float  # of the handler; loading a new instance is not in it


def note_invocation(name: str, record: InvocationRecord, logs: LogStore) -> None:
    """Write down one invocation of the function ``name``."""
    word = _ILL if record.failed else _WELL
    text = f"{record.qualifier or '-'} {word} {record.seconds:.6f}"
    logs.append(_stream(name), LogLine(at=record.at, origin=record.version, text=text))


class InvocationLog:
    """
    A function's invocations, as they were written down.

    Who asks again and again reads on from where it was: what is older than a moment that was
    asked for is not read twice.
    """

    def __init__(self, name: str, logs: LogStore) -> None:
        """Read nothing yet."""
        self._stream = _stream(name)
        self._logs = logs
        self._asked: datetime | None = None
        self._older = 0  # bytes of lines that are older than what was asked for last

    def since(self, moment: datetime) -> list[InvocationRecord]:
        """Give those that ended since then, the oldest first."""
        if self._asked is not None and moment < self._asked:
            self._older = 0
        self._asked = moment
        found: list[InvocationRecord] = []
        for after, line in self._logs.read(self._stream, after=self._older):
            if line.at >= moment:
                found.append(_record(line))
            elif not found:
                self._older = after
        return found


def _record(line: LogLine) -> InvocationRecord:
    qualifier, word, seconds = line.text.split(" ")
    return InvocationRecord(
        at=line.at,
        version=line.origin,
        qualifier="" if qualifier == "-" else qualifier,
        failed=word == _ILL,
        seconds=float(seconds),
    )


def _stream(name: str) -> str:
    return f"invocations/{name}"
