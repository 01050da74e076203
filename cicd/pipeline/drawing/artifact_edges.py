"""Who hands which artifacts to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.pipeline.spec import PipelineDeclaration


def handed_on(spec: PipelineDeclaration) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    """Give each pair of actions of which one takes what the other makes, with its artifacts."""
    made = {
        output.name: f"{stage.name}/{action.name}"
        for stage in spec.stages
        for action in stage.actions
        for output in action.outputs
    }
    for stage in spec.stages:
        for action in stage.actions:
            by_maker: dict[str, list[str]] = {}
            for taken in action.inputs:
                if taken.name in made:
                    by_maker.setdefault(made[taken.name], []).append(taken.name)
            for maker, names in by_maker.items():
                yield (maker, f"{stage.name}/{action.name}"), tuple(names)
