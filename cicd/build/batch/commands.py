"""What a batch can have done to the world: the commands that its process starts."""

from __future__ import annotations

from typing import TypeAlias

from cicd.record import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBuild:
    """Run one build of the batch, with a stream of its own."""

    key: str  # "build/<identifier>"
    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CombineArtifacts:
    """Put the primary artifacts of all builds into one."""

    key: str = "COMBINE_ARTIFACTS"
    digests: tuple[str, ...]  # in the order of the builds; of files of one name the last wins


BatchCommand: TypeAlias = RunBuild | CombineArtifacts
