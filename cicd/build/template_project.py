"""Projects of CloudFormation templates, for builds that name one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.cloudformation.local import templates_below
from cicd.document.cloudformation.resources import PROJECT, names_of, sections_of
from cicd.errors import UsageError
from cicd.nearest import closest

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.document.resources import Resources


def with_template_of(project: str, resources: Resources, directory: Path) -> tuple[Resources, str]:
    """
    Put the template that makes a project beside ``cicd.yml``, and give the project's own name.

    Args:
        project: Its name, or its logical id; ``cicd.yml`` has none of that name.
        resources: ``cicd.yml``, whose resources win over the template's.
        directory: Where templates are looked for, and below it.

    Raises:
        UsageError: No template makes it.

    """
    known = list(resources.section("projects"))
    for template, resolver in templates_below(PROJECT, resources, directory):
        for logical_id, name in names_of(PROJECT, template, resolver).items():
            if project in (logical_id, name):
                return resources.beside(sections_of(template, resolver)), name
            known.append(name)
    known = list(dict.fromkeys(known))
    near = closest(project, known)
    listed = f"the projects are {', '.join(known)}" if known else "cicd.yml has no projects"
    raise UsageError(
        f"there is no project '{project}'", hint=f"did you mean '{near}'?" if near else listed
    )
