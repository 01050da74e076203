"""Why a command failed, as far as its last lines tell, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.cache.busy import busy_hint
from cicd.build.log.aws_call import aws_hint
from cicd.build.log.needs_bash import needs_bash_hint
from cicd.build.log.no_engine import no_engine_hint
from cicd.build.log.no_such_path import no_such_path_hint
from cicd.build.log.no_user import no_user_hint
from cicd.build.log.not_executable import not_executable_hint
from cicd.build.log.not_found import not_found_hint
from cicd.build.log.powershell import powershell_hint
from cicd.build.log.unreachable import unreachable_hint
from cicd.build.log.unset import empty_hint, unset_hint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cicd.build.plan import BuildPlan


def failure_hint(
    plan: BuildPlan,
    command: str,
    status: int,
    said: Sequence[str],
    look: Callable[[Sequence[str]], Sequence[str]],
) -> str:
    """
    Give the first that is known to fit; "" where nothing does.

    Args:
        plan: The build.
        command: The command's text.
        status: How it ended.
        said: The last lines that it wrote.
        look: What expands expressions in the build's shell, as it is after the command.
    """
    return (
        busy_hint(plan, said)
        or aws_hint(command, said)
        or powershell_hint(command)
        or needs_bash_hint(plan, command, said)
        or not_found_hint(plan, status, said, look)
        or no_user_hint(plan, said)
        or no_engine_hint(plan, said)
        or not_executable_hint(status, said)
        or unset_hint(said)
        or unreachable_hint(plan, command, said)
        # A path may be missing for want of the variable in it.
        or "\n".join(
            filter(None, (no_such_path_hint(plan, said, look), empty_hint(command, look)))
        )
    )
