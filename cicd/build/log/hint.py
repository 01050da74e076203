"""Why a command failed, as far as its last lines tell, and what to do about it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.cache.busy import busy_hint
from cicd.build.log.aws_call import aws_hint
from cicd.build.log.not_found import not_found_hint
from cicd.build.log.powershell import powershell_hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.build.plan import BuildPlan


def failure_hint(plan: BuildPlan, command: str, status: int, said: Sequence[str]) -> str:
    """
    Give the first that is known to fit; "" where nothing does.

    Args:
        plan: The build.
        command: The command's text.
        status: How it ended.
        said: The last lines that it wrote.
    """
    return (
        busy_hint(plan, said)
        or aws_hint(command, said)
        or powershell_hint(command)
        or not_found_hint(plan, status, said)
    )
