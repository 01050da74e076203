"""Every entry of a ``cicd.yml``, read by the room that would use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cicd.document.problem import Problems
    from cicd.document.resources import Resources


def check_resources(directory: Path, problems: Problems) -> None:
    """
    Note everything that is wrong with the ``cicd.yml`` of ``directory``.

    Raises ``DocumentError`` when its outer shape is wrong: then nothing else can be read.
    """
    from cicd.build.project_reader import read_project
    from cicd.document.resources import Resources

    resources = Resources.load(directory)
    for node in resources.section("projects").values():
        read_project(node, problems)
    for reading in _readings(resources, directory):
        try:
            reading()
        except DocumentError as refused:
            for problem in refused.problems:
                problems.add(problem)


def _readings(resources: Resources, directory: Path) -> Iterator[Callable[[], object]]:
    from functools import partial

    from cicd.deploy.config import find_config
    from cicd.deploy.group import find_group
    from cicd.document.load import load

    for name in resources.section("deploymentConfigs"):
        yield partial(find_config, name, resources)
    for application, node in resources.section("applications").items():
        groups = node.entries.get("deploymentGroups")
        for group in groups.value.items if groups else ():
            name = group.entries["deploymentGroupName"].value.text
            yield partial(
                find_group, resources, name=name, application=application, home=directory
            )
    for name, node in resources.section("pipelines").items():
        if not node.entries:
            yield partial(load, resources.root / node.text, name)
