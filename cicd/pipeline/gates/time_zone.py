"""``TimeZone`` of a DeploymentWindow: a region's name, an offset, or an abbreviation."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Final

_OFFSET: Final = re.compile(r"(?:UTC|GMT)([+-])(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
# Abbreviations that no table of zones has, as Java understands them.
_SHORT: Final = {
    "PST": "America/Los_Angeles",
    "CST": "America/Chicago",
    "AST": "America/Anchorage",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    "AET": "Australia/Sydney",
    "ACT": "Australia/Darwin",
    "CTT": "Asia/Shanghai",
    "ECT": "Europe/Paris",
}


def find_time_zone(name: str) -> tzinfo:
    """
    Find a time zone; raises ``LookupError`` when there is none of that name.

    Source: CodePipeline User Guide, "DeploymentWindow": Region/City, UTC, UTC±HH:MM, or an
    abbreviation of three to five letters.
    """
    if name.upper() in ("UTC", "GMT", "Z"):
        return UTC
    offset = _OFFSET.fullmatch(name)
    if offset is not None:
        sign, hours, minutes = offset.groups(default="0")
        away = timedelta(hours=int(hours), minutes=int(minutes))
        if away >= timedelta(hours=24):
            raise LookupError(name)
        return timezone(-away if sign == "-" else away, name)
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(_SHORT.get(name.upper(), name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise LookupError(name) from None
