"""Times as JSON 1.1 carries them: seconds since 1970, which every SDK reads. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cicd.event import JSON

_TIMES: Final = frozenset(
    {
        *("created", "updated", "startTime", "lastUpdateTime", "lastStatusChange"),
        *("lastChangedAt", "createTime", "completeTime", "endTime", "lastUpdatedAt"),
    }
)
_USERS: Final = frozenset({"configuration", "resolvedConfiguration", "outputVariables"})


def on_the_wire(value: JSON) -> JSON:
    """Give an answer whose times are numbers; what users named is left as it is."""
    if isinstance(value, list):
        return [on_the_wire(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: datetime.fromisoformat(each).timestamp()
        if key in _TIMES and isinstance(each, str)
        else (each if key in _USERS else on_the_wire(each))
        for key, each in value.items()
    }
