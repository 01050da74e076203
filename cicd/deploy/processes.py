"""A plan → the process that carries it out: to servers, or a shift of traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.process import DeploymentProcess

if TYPE_CHECKING:
    from cicd.deploy.plan import DeploymentPlan


def process_of(plan: DeploymentPlan) -> DeploymentProcess:
    """Give the rules of a plan."""
    if plan.shift is None:
        return DeploymentProcess(plan)
    from cicd.deploy.shift.process import ShiftProcess

    return ShiftProcess(plan)
