"""What of a deployment is analysed: the two target groups of its service's production route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.analysis.look import Subject
from cicd.deploy.shift.plan import PRODUCTION

if TYPE_CHECKING:
    from cicd.deploy.plan import DeploymentPlan


def subject_of(plan: DeploymentPlan, stream: str) -> Subject | None:
    """Give it; None: traffic goes back, or no router shifts it."""
    shift = plan.shift
    if shift is None or shift.rollback or shift.service is None:
        return None
    service = shift.service
    return Subject(
        router=service.router,
        route=PRODUCTION,
        old=service.original.target_group if service.original.id else "",
        new=service.replacement.target_group,
        stream=stream,
    )
