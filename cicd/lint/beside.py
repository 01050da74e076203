"""What a document names outside itself, looked up beside it: ``cicd.yml``, files, git."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from cicd.errors import DocumentError, Unavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cicd.deploy.spec import AppSpec
    from cicd.document.node import Node
    from cicd.document.problem import Problems
    from cicd.pipeline.spec import PipelineDeclaration


def check_pipeline_links(spec: PipelineDeclaration, path: Path, problems: Problems) -> None:
    """Note what the pipeline of the file ``path`` names and its ``cicd.yml`` lacks."""
    from cicd.document.resources import Resources
    from cicd.pipeline.definition import project_directory
    from cicd.pipeline.links import check_links

    # What is wrong with cicd.yml itself is said when it is checked.
    with suppress(DocumentError, UsageError, Unavailable):
        root = project_directory(path.name, path.parent)
        check_links(spec, Resources.load(root), problems)


def check_appspec_file(node: Node, path: Path, problems: Problems) -> None:
    """
    Note what the agent makes of the name of a server's AppSpec.

    Source: the agent's behaviour: hooks read appspec.yml only.
    """
    source = node.span.source
    if path.name == "appspec.yaml" and not path.with_suffix(".yml").exists():
        problems.warning(
            "deploy/file-name",
            "the agent's hooks look for 'appspec.yml' only",
            source.span(0, 0),
            hint="rename it to appspec.yml, or name it at each deployment",
            note="BeforeInstall fails: the CodeDeploy agent did not find an AppSpec file",
        )


def check_appspec_scripts(spec: AppSpec, path: Path, problems: Problems) -> None:
    """Note scripts that are not beside the AppSpec ``path``, or not executable there."""
    from cicd.deploy.rules.revision import check_scripts

    locations = {s.location.strip("/") for scripts in spec.hooks.values() for s in scripts}
    committed = _committed(path.parent)
    executable = {
        location: committed.get(
            os.path.normpath(location), bool(place.stat().st_mode & stat.S_IXUSR)
        )
        for location in locations
        if location and (place := path.parent / location).is_file()
    }
    check_scripts(spec, executable, problems)


def _committed(directory: Path) -> Mapping[str, bool]:
    """Tell of each file that git has whether git makes it executable; nothing outside git."""
    from cicd.repos.find import find_repository

    with suppress(Unavailable):
        repository = find_repository(directory)
        if repository is not None and not repository.bare:
            return repository.executables()
    return {}
