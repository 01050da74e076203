"""What a command that a dead driver had started says again, when another one joins it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.commands import Finalize, Provision, WaitForPlace

if TYPE_CHECKING:
    from cicd.build.plan import BuildPlan
    from cicd.engine.process import Command
    from cicd.ports import Services


def tells_again(command: Command, plan: BuildPlan, services: Services) -> bool:
    """
    Tell whether all that a command printed comes again from its first byte.

    A session gives it again, unless it is gone: then the log has all that is left of it.
    """
    if plan.refused is not None or isinstance(command, WaitForPlace | Provision | Finalize):
        return True
    return services.runner(plan.runner).attach(plan.uuid) is not None
