"""
Projects of ``cicd.yml``, found; without one, the default project.

What it takes to read a document is loaded only where there is something to read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.build.project import Project, ReportGroup, default_project
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cicd.document.resources import Resources


def find_project(
    resources: Resources, name: str | None, directory: Path, *, required: bool = True
) -> Project:
    """
    Find a project of ``cicd.yml``, or make the default one.

    Args:
        resources: ``cicd.yml``, which may be empty.
        name: Which; None: the only one there, or the default one, named after ``directory``.
        directory: The source.
        required: Whether a name that ``cicd.yml`` does not have is refused; else it names a
            default project, as long as ``cicd.yml`` has no projects at all.

    Raises:
        UsageError: No such project, or several and no name.
        DocumentError: The project is not valid.
    """
    known = resources.section("projects")
    groups = _report_groups(resources)
    if name is None:
        if not known:
            return replace(default_project(directory.resolve().name), report_groups=groups)
        if len(known) > 1:
            raise UsageError(
                f"cicd.yml has {len(known)} projects",
                hint=f"name one with --project: {', '.join(known)}",
            )
        name = next(iter(known))
    node = known.get(name)
    if node is None:
        if not known and not required:
            return replace(default_project(name), report_groups=groups)
        from cicd.nearest import closest

        near = closest(name, known)
        listed = f"the projects are {', '.join(known)}" if known else "cicd.yml has no projects"
        raise UsageError(
            f"there is no project '{name}'",
            hint=f"did you mean '{near}'?" if near else listed,
        )
    from cicd.build.project_reader import read_project
    from cicd.document.problem import Problems

    problems = Problems()
    project = read_project(node, problems)
    problems.raise_errors()
    return replace(project, report_groups=groups)


def _report_groups(resources: Resources) -> tuple[ReportGroup, ...]:
    section = resources.section("reportGroups")
    if not section:
        return ()
    from cicd.build.reports.group import read_report_group
    from cicd.document.problem import Problems

    problems = Problems()
    groups = tuple(read_report_group(node, problems) for node in section.values())
    problems.raise_errors()
    return groups


def local_images(resources: Resources) -> Mapping[str, str]:
    """Give ``local: images:`` of ``cicd.yml``: cloud image → what stands in for it."""
    if resources.local is None:
        return {}
    from cicd.document.fields import Fields
    from cicd.document.problem import Problems

    images = Fields(resources.local, Problems(), room="build", what="'local'").mapping("images")
    return {} if images is None else {e.key: e.value.text for e in images.entries()}
