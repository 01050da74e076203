"""What the service says of a value that breaks the model: its ValidationException."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cicd.document.node import Path

_DEMANDS = {
    "minimum": "Member must have value greater than or equal to {}",
    "maximum": "Member must have value less than or equal to {}",
    "minLength": "Member must have length greater than or equal to {}",
    "maxLength": "Member must have length less than or equal to {}",
    "minItems": "Member must have length greater than or equal to {}",
    "maxItems": "Member must have length less than or equal to {}",
    "pattern": "Member must satisfy regular expression pattern: {}",
    "enum": "Member must satisfy enum value set: [{}]",
}


def constraint(path: Path, keyword: str, bound: object, value: object) -> str | None:
    """
    Give the service's words for one broken constraint; ``None`` where the client would refuse.

    Members of lists are counted from 1: "pipeline.stages.1.member.name".
    """
    demand = _DEMANDS.get(keyword)
    if demand is None:
        return None
    if isinstance(bound, list):
        bound = ", ".join(str(option) for option in bound)
    if keyword == "pattern":
        bound = str(bound).removeprefix("^").removesuffix("$")
    steps = (f"{step + 1}.member" if isinstance(step, int) else step for step in path)
    place = ".".join(("pipeline", *steps))
    shown = value if isinstance(value, str | int | float) else "..."
    return (
        f"ValidationException: 1 validation error detected: Value '{shown}' at '{place}' failed "
        f"to satisfy constraint: {demand.format(bound)}"
    )
