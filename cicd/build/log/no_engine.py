"""A command that found no Docker engine, since the project gives its builds none. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.build.plan import BuildPlan

# How older and newer clients say it.
_SAID = ("Cannot connect to the Docker daemon", "failed to connect to the docker API")


def no_engine_hint(plan: BuildPlan, said: Sequence[str]) -> str:
    """Give what helps where ``privilegedMode`` is off, by the last lines that were written."""
    if not plan.image or plan.privileged:
        return ""
    if not any(words in line for words in _SAID for line in said):
        return ""
    return (
        f"'privilegedMode' is off in the project {plan.project}, and so the build has no Docker "
        "engine, as at AWS\n--privileged, or in cicd.yml: environment: {privilegedMode: true}"
    )
