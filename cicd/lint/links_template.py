"""What the pipelines of a template take of the builds whose buildspecs are written into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.problem import Problems
from cicd.errors import DocumentError
from cicd.lint import links_pipeline
from cicd.lint.links_pipeline import Built

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cicd.build.spec import Buildspec
    from cicd.document.node import Node
    from cicd.document.position import Source
    from cicd.pipeline.spec import ActionDeclaration, PipelineDeclaration


def check(
    specs: Iterable[PipelineDeclaration], projects: Mapping[str, Node], problems: Problems
) -> None:
    """
    Note what does not fit between them.

    A buildspec that is a file is of the repository that the pipeline builds, which need not be
    the one that the template is kept in: it is not judged.
    """
    for spec in specs:
        actions = links_pipeline.builds_of(spec)
        links_pipeline.check(spec, tuple(_built(each, projects) for each in actions), problems)


def _built(action: ActionDeclaration, projects: Mapping[str, Node]) -> Built:
    from cicd.build.project_reader import read_project

    node = projects.get(action.configuration.get("ProjectName", ""))
    if node is None or action.configuration.get("BuildspecOverride"):
        return Built(action=action, spec=None)
    try:
        project = read_project(node, Problems())
    except DocumentError:
        return Built(action=action, spec=None)
    return Built(
        action=action,
        spec=_inline(project.source.document),
        sources=tuple(source.identifier for source in project.secondary_sources),
    )


def _inline(document: Source | None) -> Buildspec | None:
    from cicd.build.buildspec.reader import read_buildspec
    from cicd.document.load import load_source

    if document is None:
        return None
    try:
        return read_buildspec(load_source(document), Problems())
    except DocumentError:
        return None
