"""The request log of the embedded router, read from its end back to a moment."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from cicd.backends.proxy.request_log import ACCESS
from cicd.ports import Answered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK: Final = 256 * 1024  # bytes


def answered_since(directory: Path, route: str, since: datetime) -> list[Answered]:
    """Give a route's requests that were answered since then, the oldest first."""
    found: list[Answered] = []
    for line in _backwards(directory):
        facts = json.loads(line)
        took = float(facts["milliseconds"]) / 1000
        at = datetime.fromisoformat(facts["at"]) + timedelta(seconds=took)
        # Lines are in the order of their answers' ends, but for a step of the machine's clock.
        if at < since - timedelta(seconds=1):
            break
        if at >= since and facts["route"] == route:
            found.append(
                Answered(at=at, group=facts["group"], status=facts["status"], seconds=took)
            )
    return sorted(found, key=lambda each: each.at)


def _backwards(directory: Path) -> Iterator[bytes]:
    """Give whole lines, the newest first; a log that was set aside is the older half."""
    for place in (directory / ACCESS, directory / f"{ACCESS}.1"):
        try:
            file = place.open("rb")
        except FileNotFoundError:
            continue
        with file:
            position, rest = file.seek(0, 2), b""
            first = True
            while position:
                step = min(_BLOCK, position)
                position = file.seek(position - step)
                lines = (file.read(step) + rest).split(b"\n")
                if first:
                    lines.pop()  # what follows the last line's end is no whole line
                    first = False
                rest = lines.pop(0) if lines else b""
                yield from reversed(lines)
            if rest and not first:
                yield rest
