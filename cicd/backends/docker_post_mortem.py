"""Why something in a container died, as far as the engine remembers."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from cicd.backends.docker_engine import Refused
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.backends.docker_engine import Engine

SLACK = 1.0  # seconds that the engine's events may be dated before ours
LATE = 1.0  # seconds that a busy engine may take to hear from the kernel that memory ran out
KILLED = 128 + 9
GIB = 1 << 30


def post_mortem(
    engine: Engine, state: Mapping[str, str], since: float, status: int, *, dead: bool
) -> str:
    """
    Say why in a sentence; "" where the engine knows nothing of it.

    The engine remembers events of containers that it has removed, too.

    Args:
        engine: Whose container it was.
        state: The session's: "container", and "memory" where that is limited.
        since: Seconds since the epoch: what happened before does not count.
        status: What the command ended with.
        dead: Whether the container itself has died.
    """
    name = state["container"]
    late = LATE if status == KILLED and "memory" in state else 0.0
    filters = {"container": [name], "event": ["oom", "kill", "die"]}
    query = {
        "since": f"{since - SLACK:.3f}",
        "until": f"{time.time() + late:.3f}",
        "filters": json.dumps(filters),
    }
    try:
        events = engine.events(query)
    except (Refused, Unavailable):
        return ""
    found = {event.get("Action", event.get("status")): event for event in events}
    if "oom" in found:
        limit = int(state.get("memory", 0))
        of = f" of {limit / GIB:.3g} GiB" if limit else ""
        return (
            f"the build's memory{of} ran out, and the kernel killed what needed more: "
            "a larger computeType gives more"
        )
    if not dead:
        return ""
    if "kill" in found:
        return f"container '{name}' was killed or removed from outside: `docker events` says when"
    if "die" in found:
        return f"all processes of container '{name}' were killed from inside"
    return (
        f"the engine knows no end of container '{name}': "
        "it was restarted, and its containers with it"
    )
