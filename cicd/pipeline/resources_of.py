"""The resources that an execution works with: ``cicd.yml``, and its template beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cicd.document.resources import Resources

if TYPE_CHECKING:
    from cicd.pipeline.plan import PipelinePlan


def resources_of(plan: PipelinePlan) -> Resources:
    """
    Read what an execution's actions name, as it is now.

    Raises:
        UsageError: The template that the plan was made of is there no more.
        DocumentError: ``cicd.yml`` or the template cannot be read.

    """
    resources = Resources.load(Path(plan.root))
    if not plan.template:
        return resources
    from cicd.pipeline.from_template import with_template

    return with_template(resources, plan.template, plan.parameters)
