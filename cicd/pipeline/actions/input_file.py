"""One file of an action's input artifact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.pipeline.actions.stored_input import stored_input

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.ports import Services


def read_input(request: ActionRequest, services: Services, artifact: str, name: str) -> str | None:
    """Read a file of an input artifact; None: there is no such input, or file."""
    stored = next((each for each in request.inputs if each.name == artifact), None)
    if stored is None:
        return None
    tree: Path = request.workspace / "inputs" / artifact
    if not tree.exists():
        tree.mkdir(parents=True)
        services.artifacts.unpack(stored_input(stored, services), tree)
    place = tree / name
    inside = place.resolve().is_relative_to(tree.resolve())
    return place.read_text("utf-8", "replace") if inside and place.is_file() else None
