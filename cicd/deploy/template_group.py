"""Deployment groups of CloudFormation templates, for deployments that name one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.find_group import is_written
from cicd.document.cloudformation.local import templates_below
from cicd.document.cloudformation.resources import GROUP, sections_of

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.document.resources import Resources


def with_template_of(group: str, resources: Resources, directory: Path) -> Resources:
    """
    Put the template that makes a group beside ``cicd.yml``, unless that has it itself.

    Args:
        group: Its name, or "application/group".
        resources: ``cicd.yml``.
        directory: Where templates are looked for, and below it.

    """
    if is_written(resources, group):
        return resources
    for template, resolver in templates_below(GROUP, resources, directory):
        beside = resources.beside(sections_of(template, resolver))
        if is_written(beside, group):
            return beside
    return resources
