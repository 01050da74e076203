"""
The chain that makes tampering with the audit log show. Pure.

Each line holds the digest of the line before it, and its own. Who changes, removes or moves a
line breaks the chain there; who cuts lines off its end is betrayed by the head, which is kept
beside the log and says how many there were.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cicd.event import JSON

FIRST = "0" * 64
"""What stands for the digest of the line before the first."""

_LINK = ("sequence", "previous", "digest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of a chain: how many lines there are, and the digest of the last."""

    count: int = 0
    digest: str = FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Where a chain does not hold, and why. ``line`` counts from 1."""

    line: int
    why: str


def link(record: Mapping[str, JSON], head: Head) -> tuple[str, Head]:
    """Give the line that carries a record behind ``head``, and the head it makes."""
    body = {**record, "sequence": head.count + 1, "previous": head.digest}
    digest = _digest(body)
    return _written({**body, "digest": digest}), Head(count=head.count + 1, digest=digest)


def verify(lines: Iterable[str], head: Head | None) -> tuple[Head, list[Break]]:
    """
    Follow a chain from its first line on.

    Args:
        lines: As they stand in the log.
        head: What is kept beside it; ``None``: it is not there.

    Returns:
        The end that was reached, and every place where the chain does not hold.

    """
    reached, breaks, place = Head(), [], 0
    known = set[str]()
    for place, line in enumerate(lines, 1):
        found = _parsed(line)
        if found is None:
            breaks.append(Break(line=place, why="it is no record"))
            continue
        digest = str(found["digest"])
        body = {key: value for key, value in found.items() if key != "digest"}
        # Of a key that stands twice, the digest knows the last, and whoever reads sees both.
        if _digest(body) != digest or _written(found) != line:
            breaks.append(Break(line=place, why="it was changed"))
        elif found["previous"] != reached.digest:
            why = "a record before it was changed, moved or removed"
            if digest in known:
                why = "it stands here a second time"
            breaks.append(Break(line=place, why=why))
        known.add(digest)
        reached = _head(found)
    if head is None:
        if place:
            breaks.append(Break(line=place, why="what says where the log ends is gone"))
    elif reached.count < head.count:
        gone = head.count - reached.count
        breaks.append(Break(line=place + 1, why=f"{gone} record(s) were cut off the end"))
    elif reached.count == head.count and reached.digest != head.digest:
        breaks.append(Break(line=place, why="it is not the record that was written last"))
    elif reached.count > head.count and head.digest not in {*known, FIRST}:
        breaks.append(Break(line=place, why="the record that was written last is not there"))
    return reached, breaks


def head_after(line: str | bytes) -> Head | None:
    """Give the head that a line makes; None: it is no record."""
    found = _parsed(line)
    return None if found is None else _head(found)


def _head(record: Mapping[str, JSON]) -> Head:
    return Head(count=int(str(record["sequence"])), digest=str(record["digest"]))


def _written(record: Mapping[str, JSON]) -> str:
    return json.dumps(record, ensure_ascii=True, separators=(",", ":"))


def _digest(body: Mapping[str, JSON]) -> str:
    written = json.dumps(body, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def _parsed(line: str | bytes) -> Mapping[str, JSON] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not all(key in found for key in _LINK):
        return None
    number = found["sequence"]
    return found if isinstance(number, int) and not isinstance(number, bool) else None
