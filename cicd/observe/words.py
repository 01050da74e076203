"""An event of EventBridge in a few words, for a line of a list or a notification. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.event import JSON

_STATES = ("state", "build-status", "completed-phase-status")
_BAD = ("FAILED", "FAILURE", "FAULT", "TIMED_OUT", "CLIENT_ERROR")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventWords:
    """What an event is about: ``place`` "" is the whole execution."""

    kind: str  # "pipeline", "stage", "action", "build", "phase", "deployment", "instance"
    name: str
    place: str
    state: str

    @property
    def bad(self) -> bool:
        """Tell whether it is bad news."""
        return self.state in _BAD


def event_words(event: Mapping[str, JSON]) -> EventWords:
    """Put an event into words; what no service here tells keeps its detail type."""
    detail = event["detail"]
    known = detail if isinstance(detail, dict) else {}
    state = next((str(known[key]) for key in _STATES if key in known), "")
    kind = str(event["detail-type"])
    words = kind.split()
    match words[:2]:
        case ["CodePipeline", level]:
            name, at = known["pipeline"], [known.get("stage"), known.get("action")]
            place, kind = "/".join(str(each) for each in at if each), level.lower()
        case ["CodeBuild", "Build"]:
            name, place = known["project-name"], str(known.get("completed-phase", ""))
            kind = "phase" if place else "build"
        case ["CodeDeploy", level]:
            name = f"{known['application']}/{known['deploymentGroup']}"
            place, kind = str(known.get("instanceId", "")), level.lower()
        case _:
            name, place = str(event["source"]), ""
    return EventWords(kind=kind, name=str(name), place=place, state=state)
